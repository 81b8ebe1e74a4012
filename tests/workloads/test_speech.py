"""Generated speech: what is spoken, how it becomes frames, and what CTC counts."""

import ctypes.util
import math
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn.functional import ctc_loss

from harness import DataUnavailable
from workloads.data import espeak_child, speech
from workloads.data.command import CommandFailed
from workloads.data.log_mel import BANDS, log_mel, mel_filters
from workloads.speech_conformer import SpeechConformer
from workloads.speech_lstm import SpeechLstm
from workloads.tasks.ctc import Ctc, edit_distance, greedy
from workloads.tasks.spoken_digits import BLANK, DEVIATION, MEAN, SHAPE, TRIVIAL

MODELS = [cls("laptop", variant) for cls in (SpeechConformer, SpeechLstm) for variant in ("", *cls.variants)]


@pytest.fixture(params=MODELS, ids=lambda w: w.label)
def transcriber(request):
    return request.param


@pytest.fixture
def examples():
    """Four utterances of 9, 41, 28 and 60 frames."""
    random = np.random.RandomState(0)
    frames = torch.tensor([9, 41, 28, 60], dtype=torch.uint8)
    spectrograms = torch.from_numpy(random.randint(40, 180, size=(4, 96, BANDS)).astype(np.uint8))
    spectrograms[torch.arange(96) >= frames[:, None]] = 0
    labels = torch.tensor([[3, 4, 0, 0], [10, 1, 1, 0], [5, 5, 0, 0], [1, 2, 3, 4]], dtype=torch.uint8)
    return {
        "spectrograms": spectrograms,
        "frames": frames,
        "labels": labels,
        "label_counts": torch.tensor([2, 3, 2, 4], dtype=torch.uint8),
    }


def metrics(workload, model, examples):
    with torch.no_grad():
        return workload.example_metrics(workload.forward(model, examples), examples)


def rows(examples, chosen):
    return {name: values[chosen] for name, values in examples.items()}


def test_neither_padding_nor_neighbours_influence_an_utterance(transcriber, examples):
    torch.manual_seed(0)
    model = transcriber.build_model().eval()
    together = metrics(transcriber, model, examples)
    for i in range(4):
        alone = metrics(transcriber, model, rows(examples, slice(i, i + 1)))
        assert alone["ctc_loss"].item() == pytest.approx(together["ctc_loss"][i].item(), rel=1e-4)
    noise = {**examples, "spectrograms": examples["spectrograms"].clone()}
    noise["spectrograms"][torch.arange(96) >= examples["frames"][:, None]] = 99
    assert torch.allclose(metrics(transcriber, model, noise)["ctc_loss"], together["ctc_loss"])


def test_the_statistics_of_batch_norm_leave_padding_out(examples):
    """In training mode, frames added after the longest utterance change no loss."""
    for workload in (SpeechConformer("laptop"), SpeechLstm("laptop")):
        torch.manual_seed(0)
        model = workload.build_model().train()
        inputs = (examples["spectrograms"].float() - MEAN) / DEVIATION
        inputs[torch.arange(96) >= examples["frames"][:, None]] = 0
        losses = [
            workload.example_losses(model(inputs[:, :length], examples["frames"].long()), examples) for length in (60, 64, 96)
        ]
        assert torch.allclose(losses[0], losses[1], rtol=1e-4)
        assert torch.allclose(losses[0], losses[2], rtol=1e-4)


def test_an_untrained_model_predicts_the_best_constant_distribution(transcriber, examples):
    torch.manual_seed(0)
    model = transcriber.build_model().eval()
    with torch.no_grad():
        logits, lengths = transcriber.forward(model, examples)
    assert lengths.tolist() == [3, 11, 7, 15]
    assert logits.shape == (4, 15, 11)
    inside = torch.arange(15) < lengths[:, None]
    assert logits.softmax(-1)[inside][:, 0].mean().item() == pytest.approx(BLANK, abs=0.02)


def test_ctc_of_two_frames_and_one_label_is_the_sum_over_its_three_paths():
    logits = torch.log(torch.tensor([[[0.6, 0.3, 0.1], [0.5, 0.2, 0.3]]]))
    examples = {"labels": torch.tensor([[1, 0]], dtype=torch.uint8), "label_counts": torch.tensor([1], dtype=torch.uint8)}
    loss = Ctc().example_losses((logits, torch.tensor([2])), examples)
    assert loss.item() == pytest.approx(-math.log(0.3 * 0.2 + 0.3 * 0.5 + 0.6 * 0.2), rel=1e-5)


def test_the_loss_is_per_label():
    logits = torch.zeros(1, 2, 3)
    examples = {"labels": torch.tensor([[1, 2]]), "label_counts": torch.tensor([2])}
    assert Ctc().example_losses((logits, torch.tensor([2])), examples).item() == pytest.approx(math.log(9) / 2, rel=1e-5)


def test_greedy_merges_repeats_then_drops_blanks():
    path = torch.tensor([[1, 1, 0, 1, 2, 2, 0], [0, 3, 3, 0, 3, 4, 4]])
    labels, counts = greedy(torch.nn.functional.one_hot(path, 5).float(), torch.tensor([7, 5]))
    assert counts.tolist() == [3, 2]
    assert labels.tolist() == [[1, 1, 2, 0, 0, 0, 0], [3, 3, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [([], [1, 2], 2), ([1, 2], [1, 2], 0), ([1, 3], [1, 2, 3], 1), ([2, 1, 5, 3], [1, 2, 3], 2), ([4, 4, 4], [5], 3)],
)
def test_edit_distance(one, other, distance):
    padded = torch.zeros(2, 6, dtype=torch.long)
    padded[0, : len(one)] = torch.tensor(one)
    padded[1, : len(other)] = torch.tensor(other)
    counts = torch.tensor([[len(one)], [len(other)]])
    assert edit_distance(padded[:1], counts[0], padded[1:, :4], counts[1]).item() == distance
    assert edit_distance(padded[1:], counts[1], padded[:1, :4], counts[0]).item() == distance


def test_a_tone_is_loudest_in_its_band():
    rate = 22050
    tone = (10_000 * np.sin(2 * np.pi * 1000 * np.arange(rate // 2) / rate)).astype(np.int16)
    spectrogram = log_mel(tone, rate)
    assert spectrogram.shape == ((len(tone) - 512) // 220 + 1, BANDS)
    assert spectrogram.dtype == np.uint8
    centre = (mel_filters(rate) @ (np.arange(513) * rate / 1024) / mel_filters(rate).sum(1))[spectrogram[3].argmax()]
    assert centre == pytest.approx(1000, rel=0.05)
    assert log_mel(np.zeros(1000, np.int64), rate).max() == 0


def test_voices_are_distinct():
    assert len(speech.VOICES) == len(set(speech.VOICES)) == 82
    assert len(speech.VOICES) > 2 * speech.HELD_OUT


def test_the_stated_constants_are_those_of_the_training_part(loaded):
    train = loaded(SpeechLstm("laptop"))["train"]
    part = rows(train, slice(0, 2000))
    inside = torch.arange(96) < part["frames"][:, None]
    levels = part["spectrograms"][inside].float()
    assert levels.mean().item() == pytest.approx(MEAN, abs=1)
    assert levels.std().item() == pytest.approx(DEVIATION, abs=0.5)
    lengths, labels = (train["frames"].long() + 3) // 4, train["labels"].long()

    def constant(blank):
        distribution = torch.tensor([blank, *[(1 - blank) / 10] * 10]).log()
        paths = distribution.expand(24, len(labels), 11)
        losses = ctc_loss(paths, labels, lengths, train["label_counts"].long(), reduction="none")
        assert torch.isfinite(losses).all(), "every utterance has frames enough for its labels"
        return (losses / train["label_counts"]).mean().item()

    assert constant(BLANK) == pytest.approx(TRIVIAL, rel=1e-3)
    assert constant(BLANK) < min(constant(BLANK - 0.02), constant(BLANK + 0.02))
    assert SHAPE["log_prior"][0] == pytest.approx(math.log(BLANK))


def test_the_labels_are_digits_then_zeros(loaded):
    for examples in loaded(SpeechLstm("laptop")).values():
        inside = torch.arange(speech.DIGITS) < examples["label_counts"][:, None]
        assert set(examples["labels"][inside].tolist()) == set(range(1, 11))
        assert not examples["labels"][~inside].any()
        assert set(examples["label_counts"].tolist()) == {2, 3, 4}


def test_a_missing_library_gives_one_line(tmp_path):
    with pytest.raises(CommandFailed, match="no-such-library") as told:
        speech.speak(str(tmp_path / "no-such-library.so"), "", tmp_path, [("gmw/en", "one", 300, 50, 50)])
    assert "\n" not in str(told.value)


def test_a_platform_without_a_synthesiser_gives_the_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(DataUnavailable, match=r"no build for \w+ riscv64.*libespeak-ng: not installed") as told:
        speech.speech(tmp_path, "laptop")
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_a_synthesiser_whose_speech_differs_gives_the_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(speech, "_from_wheel", speech._from_system)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: "another")
    monkeypatch.setattr(speech, "generate", lambda *_: {"train_labels": np.zeros(3, np.uint8)})
    with pytest.raises(DataUnavailable, match="its speech differs from the data"):
        speech.speech(tmp_path, "laptop")
    assert not list(tmp_path.iterdir())


def test_a_wheel_that_is_not_available_gives_one_line(cut_off):
    with pytest.raises(DataUnavailable, match=r"espeakng-loader") as told:
        speech.speech(cut_off / "data", "laptop")
    assert "\n" not in str(told.value)


def test_the_child_runs_without_this_project(tmp_path):
    command = [sys.executable, "-I", espeak_child.__file__, str(tmp_path / "none.so"), "", "jobs.json", "samples"]
    (tmp_path / "jobs.json").write_text("[]")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
