"""Hostile names, reasons, sources and facts are inert on the page."""

import json
import re
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.report import write_report
from harness.results import BoardInput
from harness.scoring.rules import ScoringRules

from .boards import board_trials
from .reading import Reader, read

HOSTILE = [
    "</script><b id=x>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1) //",
    "{{ 7*7 }}",
    "a\u202eb\u2066c\u200fd",
    "x" * 300,
    "$\\frac{1}{0}$",
    "_hidden",
    "]]><!--",
    "=cmd|'/c calc'!A0",
    "\x00\x1b[2J",
    "url(http://evil.example/x)",
]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.text(min_size=1, max_size=300))
def test_no_drawn_name_reason_or_source_can_act(tmp_path, name):
    assert_inert(tmp_path, name)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_hostile_name_reason_or_source_can_act(tmp_path, name):
    assert_inert(tmp_path, name)


def assert_inert(tmp_path, name):
    trials = board_trials(
        [name, "cosine"],
        {name: (2.3, 0.9)},
        studies=1,
        trials=1,
        facts={"summary": name, "code": name, "paper": name, "hyperparameters": {name: name}},
        environment={name: name, "machine": name},
    )
    trials["reason"] = name
    trials["metric"] = name
    trials["hyperparameters"] = [{name: name, "learning_rate": 0.1}] * len(trials)
    trials["machine"] = name
    out = tmp_path / "leaderboard.html"
    write_report(BoardInput(trials, skipped={name + "!": name}), out, ScoringRules(baseline=name))
    assert dangerous(read(out)) == in_a_plain_page()
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00\x1b]", out.read_text("utf-8"))
    json.loads(out.with_suffix(".json").read_text("utf-8"))


def test_a_lone_surrogate_in_facts_is_spelt_out(tmp_path):
    out = tmp_path / "leaderboard.html"
    trials = board_trials(["cosine"], studies=1, trials=1, facts={"summary": "a\ud800b", "code": "x = '\udfff'"})
    write_report(BoardInput(trials), out, figures=False)
    text = " ".join(read(out).text)
    assert "a⟨U+D800⟩b" in text
    assert "⟨U+DFFF⟩" in text


@cache
def in_a_plain_page() -> list[tuple[str, ...]]:
    """Return what could act in the page of the same board with plain names."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "plain.html"
        trials = board_trials(["other", "cosine"], {"w": (2.3, 0.9)}, studies=1, trials=1)
        write_report(BoardInput(trials, skipped={"w!": "because"}), out)
        return dangerous(read(out))


def dangerous(reader: Reader) -> list[tuple[str, ...]]:
    """Return what could act in a page: elements that fetch or run, event attributes, outward addresses."""
    found = []
    for tag, attributes in reader.tags:
        if tag in ("script", "img", "iframe", "object", "embed", "base", "form", "style", "link", "meta"):
            found.append((tag,))
        found += [(tag, name) for name in attributes if name.startswith("on")]
        found += [
            (tag, name)
            for name in ("href", "src", "xlink:href")
            if attributes.get(name) is not None and not attributes[name].startswith(("#", "data:"))
        ]
    return found
