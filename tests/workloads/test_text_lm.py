"""A text of the user's own becomes a workload: its tokens are written once, and the text is part of every trial's id."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness import DataUnavailable
from harness.registry.workloads import workload_hash
from workloads.data.local_text import LEAST, VARIABLE, token_file
from workloads.text_lm import VALIDATION, TextLm


@pytest.fixture
def text(tmp_path, monkeypatch):
    """A text of random letters, a little longer than the shortest one, which `TIMETRIAL_TEXT` names."""
    path = tmp_path / "text.txt"
    path.write_bytes(np.random.RandomState(0).randint(97, 123, LEAST + 1000).astype(np.uint8).tobytes())
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def small(workload):
    """Return the workload with a model that a test can train."""
    workload.size = replace(workload.size, model={**workload.size.model, "width": 32, "depth": 1, "heads": 2})
    return workload


def test_the_parts_are_windows_of_the_text_in_its_order(text, tmp_path):
    content = np.frombuffer(text.read_bytes(), np.uint8)
    parts = TextLm("full").load(tmp_path / "data")
    length, held = TextLm("full").size.model["length"], len(content) // 100
    train = parts["train"]["tokens"]
    assert train.shape == ((len(content) - 2 * held - 1) // length, length + 1) and train.dtype == torch.uint8
    assert (train[3].numpy() == content[3 * length : 4 * length + 1]).all()
    assert (parts["validation"]["tokens"][0].numpy() == content[len(content) - 2 * held :][: length + 1]).all()
    assert (parts["test"]["tokens"][0].numpy() == content[-held:][: length + 1]).all()
    assert all(0 < len(parts[part]["tokens"]) <= VALIDATION for part in ("validation", "test"))


def test_the_tokens_are_written_once_and_a_changed_text_is_another_workload(text, tmp_path):
    tokens = token_file(tmp_path / "data")
    written, before = tokens.stat().st_mtime_ns, workload_hash(TextLm("full"))
    assert token_file(tmp_path / "data") == tokens and tokens.stat().st_mtime_ns == written
    assert workload_hash(TextLm("full")) == before != workload_hash(TextLm("full", "medium"))
    text.write_bytes(b"A" + text.read_bytes()[1:])
    assert token_file(tmp_path / "data") != tokens and workload_hash(TextLm("full")) != before


def test_where_no_text_is_named_the_workload_is_the_documented_one(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert "text" not in TextLm("full").size.model


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, f"there is no file .*text.txt, which {VARIABLE} names: set it to a text file"),
        (b"short", "has 5 bytes, and a text must have at least 1048576"),
    ],
)
def test_a_text_that_cannot_be_used_is_one_line(text, tmp_path, content, words):
    text.unlink()
    if content is not None:
        text.write_bytes(content)
    with pytest.raises(DataUnavailable, match=words) as error:
        TextLm("full").load(tmp_path / "data")
    assert "\n" not in str(error.value) and not (tmp_path / "data").exists()


def test_without_a_text_one_line_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(
        DataUnavailable, match=f"set {VARIABLE} to a text file of at least 1 MiB, then `timetrial data -w text_lm`"
    ):
        TextLm("full").load(tmp_path)


def test_a_model_predicts_the_next_byte_and_sees_no_later_one(text, tmp_path):
    workload = small(TextLm("full"))
    torch.manual_seed(0)
    model = workload.build_model()
    tokens = workload.load(tmp_path)["train"]["tokens"][:4]
    changed = tokens.clone()
    changed[:, 100:] = 0
    outputs = [workload.forward(model, {"tokens": each}) for each in (tokens, changed)]
    assert outputs[0].shape == (4, 256, 256)
    assert torch.equal(outputs[0][:, :99], outputs[1][:, :99]) and not torch.equal(outputs[0][:, 100:], outputs[1][:, 100:])
    bits = workload.example_metrics(outputs[0], {"tokens": tokens})["bits_per_byte"]
    assert bits.mean().item() == pytest.approx(workload.trivial_metric(), rel=0.03)
    workload.example_losses(outputs[0], {"tokens": tokens}).mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
