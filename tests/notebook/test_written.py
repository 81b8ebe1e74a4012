"""What a cell defines is written to a file that means the same."""

import sys

import pytest

from harness import BadInput
from harness.notebook.submissions import found
from harness.notebook.written import source_text
from harness.registry import find_submission
from tests.notebook.cells import Cells

SHAPE = """
import math
from functools import reduce as folded
from fractions import Fraction

import timetrial as tt
from harness import schedule as declared

POWERS = {"near": (2, 0.5), "far": [3]}
value = object()


def powered(x):
    return x ** POWERS["near"][0] * math.cos(0) * folded(max, [1]) * Fraction(1)


@declared(paper="a \\u00e9")
def shape(step, horizon, floor=POWERS["near"][1]):
    value = powered(step / horizon)
    return 1 - (1 - floor) * value
"""


@pytest.fixture
def cells(monkeypatch):
    name = "cells_of_a_test"
    monkeypatch.setitem(sys.modules, name, None)
    return Cells(name)


def test_the_file_has_the_definition_and_all_that_it_uses_and_nothing_else(cells):
    cells.run(SHAPE)
    text = source_text(cells.module.shape)
    alone: dict = {}
    exec(text, alone)
    assert [alone["shape"](step, 10) for step in range(10)] == [cells.module.shape(step, 10) for step in range(10)]
    assert alone["shape"].paper == "a é" and "object()" not in text and "import timetrial" not in text
    assert text.startswith(
        "from fractions import Fraction\nfrom functools import reduce as folded\nfrom harness import schedule"
    )


def test_a_plain_function_is_a_schedule_and_pairs_are_found_by_their_names(cells, tmp_path):
    cells.run("from harness import optimizer\nimport torch\ndef ramp(step, horizon):\n    return 1 - step / horizon")
    cells.run(
        "@optimizer(defaults={'learning_rate': .1})\ndef plain_sgd(model, hyperparameters):\n"
        "    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate)"
    )
    submission = found((cells.module.plain_sgd, cells.module.ramp), tmp_path)
    assert (submission.name, submission.kind) == ("plain_sgd+ramp", "optimizer")
    assert find_submission(submission.source).content_hash == submission.content_hash
    assert submission.facts["name"] == submission.name and "torch" in submission.libraries
    assert "harness" not in submission.libraries
    mixed = found(("adamw", cells.module.ramp), tmp_path)
    assert mixed.name == "adamw+ramp" and mixed.source.startswith("adamw+") and mixed.source.endswith("ramp.py:ramp")


def test_an_edited_cell_is_another_version_and_a_comment_is_none(cells, tmp_path):
    def raced(text):
        cells.run(text)
        return found(cells.module.ramp, tmp_path)

    first = raced("def ramp(step, horizon):\n    return 1 - step / horizon")
    same = raced("def ramp(step, horizon):\n    # falls\n    return 1 - step / horizon")
    edited = raced("def ramp(step, horizon):\n    return (1 - step / horizon) ** 2")
    assert first.content_hash == same.content_hash != edited.content_hash
    assert first.path == same.path != edited.path and first.path.is_file() and edited.path.is_file()
    moved = tmp_path / "ramp.py"
    moved.write_bytes(edited.path.read_bytes())
    assert find_submission(str(moved)).content_hash == edited.content_hash


def test_a_value_that_changed_between_two_races_is_another_version(cells):
    cells.run("POWER = 2\ndef ramp(step, horizon):\n    return (1 - step / horizon) ** POWER")
    before = source_text(cells.module.ramp)
    cells.run("POWER = 3")
    assert "POWER = 2\n" in before and source_text(cells.module.ramp) == before.replace("POWER = 2", "POWER = 3")


@pytest.mark.parametrize(
    "cell, message",
    [
        (
            "import numpy as np\ntable = np.zeros(3)\ndef f(step, horizon):\n    return table[0]",
            "uses 'table' of the notebook, of type ndarray",
        ),
        ("def make():\n    def f(step, horizon):\n        return 1\n    return f\nf = make()", "top level of a cell"),
        ("f = lambda step, horizon: 1", "is not defined by `def`"),
        ("from tests.toy import Toy\ndef f(step, horizon):\n    return Toy", "whose changes the records would not show"),
        ("exec('def f(step, horizon): return 1')", "is not known here: write it into a file"),
        ("f = 3", "a race takes names, schedules"),
    ],
)
def test_what_no_file_can_hold_is_refused_with_what_to_do(cells, tmp_path, cell, message):
    if "Toy" in cell:
        (tmp_path / "beside_it.py").write_text("class Toy: pass\n")
        sys.path.insert(0, str(tmp_path))
        cell = cell.replace("tests.toy", "beside_it")
    try:
        cells.run(cell)
        with pytest.raises(BadInput) as raised:
            found(cells.module.f, tmp_path)
    finally:
        if str(tmp_path) in sys.path:
            sys.path.remove(str(tmp_path))
            sys.modules.pop("beside_it", None)
    assert message in str(raised.value) and "\n" not in str(raised.value)
