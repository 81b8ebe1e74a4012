"""Hostile names, reasons, sources and facts do nothing on the page."""

import json
import re
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.report import write_report
from harness.report.words import visible
from harness.results import BoardInput
from harness.scoring.rules import ScoringRules

from .boards import board_trials
from .hostile import HOSTILE, could_act, hostile_input
from .reading import read


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.text(min_size=1, max_size=300))
def test_no_generated_name_reason_or_source_can_act(tmp_path, name):
    out = tmp_path / "leaderboard.html"
    write_report(hostile_input([name]), out, ScoringRules(baseline=name))
    assert_inert(out)


def test_the_page_of_all_hostile_names_is_inert(hostile_page):
    assert_inert(hostile_page)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_stands_on_the_page_as_text(hostile_page, name):
    submissions = values_of(hostile_page, "data-v")
    assert visible(name) in submissions
    assert visible(name) in values_of(hostile_page, "data-workload")
    assert visible(name) in texts_of(hostile_page)


def assert_inert(page):
    assert could_act(read(page)) == in_a_plain_page()
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00\x1b]", page.read_text("utf-8"))
    json.loads(page.with_suffix(".json").read_text("utf-8"))


@cache
def values_of(page: Path, attribute: str) -> set[str | None]:
    return {attributes.get(attribute) for _, attributes in read(page).tags}


@cache
def texts_of(page: Path) -> set[str]:
    return set(read(page).text)


def test_a_lone_surrogate_in_facts_is_spelt_out(tmp_path):
    out = tmp_path / "leaderboard.html"
    trials = board_trials(["cosine"], studies=1, trials=1, facts={"summary": "a\ud800b", "code": "x = '\udfff'"})
    write_report(BoardInput(trials), out, figures=False)
    text = " ".join(read(out).text)
    assert "a⟨U+D800⟩b" in text
    assert "⟨U+DFFF⟩" in text


@cache
def in_a_plain_page() -> list[tuple[str, ...]]:
    """Return what could act in the page of a board with plain names."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "plain.html"
        trials = board_trials(["other", "cosine"], {"w": (2.3, 0.9)}, studies=1, trials=1)
        write_report(BoardInput(trials, skipped={"w!": "because"}), out)
        return could_act(read(out))
