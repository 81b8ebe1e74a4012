"""Label smoothing: torch's definition for classes, towards 1/2 for binary labels, refused where a loss has no labels."""

import inspect
import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from harness import ContractError
from tests.workloads.conftest import WORKLOADS
from workloads.tasks.label_smoothing import smoothed_binary

WITHOUT_LABELS = {"mri_unet", "qm9_gnn", "speech_conformer", "speech_lstm"}
LANGUAGE_MODELS = {"shakespeare_lm": ("characters", 27), "text_lm": ("tokens", 256)}
"""{workload: (what its examples are called, how many kinds there are)}."""
SMOOTHING = 0.1


def size_of(cls):
    return next(iter(cls.sizes))


def batch_of(name):
    """Return outputs and examples of a workload whose loss has labels, drawn at random: (outputs, examples)."""
    torch.manual_seed(0)
    if name == "adult_logreg":
        return (torch.randn(6), torch.tensor(0.25)), {"labels": torch.tensor([0, 1, 1, 0, 1, 0], dtype=torch.uint8)}
    if name.endswith("_dlrm"):
        return torch.randn(6), {"labels": torch.tensor([0, 1, 1, 0, 1, 0], dtype=torch.uint8)}
    if name in LANGUAGE_MODELS:
        tokens, kinds = LANGUAGE_MODELS[name]
        return torch.randn(3, 8, kinds), {tokens: torch.randint(kinds, (3, 9), dtype=torch.uint8)}
    if name == "g2p_transformer":
        phonemes = torch.tensor([[5, 9, 1, 0], [2, 1, 0, 0], [40, 3, 17, 1]], dtype=torch.uint8)
        return {"logits": torch.randn(3, 4, 40)}, {"phonemes": phonemes}
    classes = WORKLOADS[name]._classes
    return torch.randn(6, classes), {"labels": torch.randint(classes, (6,))}


def written_out(name, outputs, examples, smoothing):
    """Return the losses by the definition: cross-entropy to (1 - s) times the label plus s times the uniform distribution."""
    if name == "adult_logreg" or name.endswith("_dlrm"):
        odds, penalty = outputs if name == "adult_logreg" else (outputs, 0.0)
        wanted = examples["labels"].double() * (1 - smoothing) + smoothing / 2
        return -(wanted * odds.double().sigmoid().log() + (1 - wanted) * (-odds.double()).sigmoid().log()) + penalty
    if name in LANGUAGE_MODELS:
        logits, labels = outputs, examples[LANGUAGE_MODELS[name][0]][:, 1:].long()
    elif name == "g2p_transformer":
        logits, labels = outputs["logits"], examples["phonemes"].long() - 1
    else:
        logits, labels = outputs[:, None], examples["labels"][:, None]
    logs = logits.double().log_softmax(-1)
    losses = -(1 - smoothing) * logs.gather(-1, labels.clamp(min=0)[..., None])[..., 0] - smoothing * logs.mean(-1)
    present = labels >= 0
    return (losses * present).sum(1) / present.sum(1)


def smoothed(name, smoothing=None):
    workload = WORKLOADS[name](size_of(WORKLOADS[name]))
    outputs, examples = batch_of(name)
    keywords = {} if smoothing is None else {"label_smoothing": smoothing}
    return workload.example_losses(outputs, examples, **keywords)


@pytest.mark.parametrize("name", sorted(set(WORKLOADS) - WITHOUT_LABELS))
def test_smoothed_losses_are_those_of_the_definition(name):
    outputs, examples = batch_of(name)
    for smoothing in (SMOOTHING, 0.5, 1.0):
        expected = written_out(name, outputs, examples, smoothing).float()
        torch.testing.assert_close(smoothed(name, smoothing), expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(smoothed(name, SMOOTHING), smoothed(name))


@pytest.mark.parametrize("name", sorted(set(WORKLOADS) - WITHOUT_LABELS))
def test_without_smoothing_the_losses_are_bitwise_the_plain_ones(name):
    outputs, examples = batch_of(name)
    if name == "adult_logreg":
        odds, penalty = outputs
        plain = binary_cross_entropy_with_logits(odds, examples["labels"].float(), reduction="none") + penalty
    elif name.endswith("_dlrm"):
        plain = binary_cross_entropy_with_logits(outputs, examples["labels"].float(), reduction="none")
    elif name in LANGUAGE_MODELS:
        following = examples[LANGUAGE_MODELS[name][0]][:, 1:].long()
        plain = cross_entropy(outputs.flatten(0, 1), following.flatten(), reduction="none").view(3, 8).mean(1)
    elif name == "g2p_transformer":
        wanted = examples["phonemes"].long() - 1
        losses = cross_entropy(outputs["logits"].flatten(0, 1), wanted.flatten(), reduction="none", ignore_index=-1)
        plain = losses.view(3, 4).sum(1) / (wanted >= 0).sum(1)
    else:
        plain = cross_entropy(outputs, examples["labels"], reduction="none")
    assert torch.equal(smoothed(name), plain)
    assert torch.equal(smoothed(name, 0.0), plain)


@pytest.mark.parametrize("name", sorted(WITHOUT_LABELS))
def test_a_workload_whose_loss_has_no_labels_refuses_label_smoothing(name):
    workload = WORKLOADS[name](size_of(WORKLOADS[name]))
    with pytest.raises(ContractError, match=r"label_smoothing must be 0 here, not 0\.1"):
        workload.example_losses(None, None, label_smoothing=SMOOTHING)


def test_every_workload_takes_the_keyword_and_its_default_is_0():
    for cls in WORKLOADS.values():
        assert inspect.signature(cls.example_losses).parameters["label_smoothing"].default == 0.0, cls.name


def test_the_metric_is_never_smoothed():
    workload = WORKLOADS["digits_mlp"]("smoke")
    outputs, examples = batch_of("digits_mlp")
    metrics = workload.example_metrics(outputs, examples)
    assert torch.equal(metrics["cross_entropy"], cross_entropy(outputs, examples["labels"], reduction="none"))


@pytest.mark.parametrize("smoothing", [-0.1, 1.5, math.nan])
def test_a_smoothing_outside_0_to_1_is_refused(smoothing):
    with pytest.raises(ContractError, match=r"in \[0, 1\]"):
        smoothed_binary(torch.tensor([0.0, 1.0]), smoothing)


def test_binary_labels_move_towards_one_half_and_stay_themselves_without_smoothing():
    labels = torch.tensor([0.0, 1.0])
    assert smoothed_binary(labels, 0.2).tolist() == pytest.approx([0.1, 0.9])
    assert smoothed_binary(labels, 0.0) is labels
