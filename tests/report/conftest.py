"""What the tests of the report share: one browser, and the trials, boards and pages that many of them read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.report import write_report
from harness.results import BoardInput
from harness.scoring.board import score_board
from harness.scoring.board_parts import Board
from harness.scoring.rules import ScoringRules

from .boards import board_trials
from .browsing import browser
from .hostile import HOSTILE, hostile_input


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def trials() -> pd.DataFrame:
    """Return a race of five submissions on three workloads; a test that changes it takes a copy."""
    return board_trials(["cosine", "linear", "rex", "step", "constant"], studies=3, trials=3)


@pytest.fixture(scope="session")
def board(trials: pd.DataFrame) -> Board:
    return score_board(trials)


@pytest.fixture(scope="session")
def page(trials: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of `trials`, its JSON and CSV beside it; no test changes the files."""
    out = tmp_path_factory.mktemp("report") / "leaderboard.html"
    write_report(BoardInput(trials), out)
    return out


@pytest.fixture(scope="session")
def saved_trials() -> pd.DataFrame:
    """Return the trials of the same five submissions with rulers; a test that changes it takes a copy."""
    return board_trials(["cosine", "linear", "rex", "step", "constant"], trials=4, rulers=True)


@pytest.fixture(scope="session")
def saved_page(saved_trials: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of `saved_trials`, its JSON and CSV beside it; no test changes the files."""
    out = tmp_path_factory.mktemp("saved") / "leaderboard.html"
    write_report(BoardInput(saved_trials), out)
    return out


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a race whose submissions, workloads and texts are the `HOSTILE` names."""
    out = tmp_path_factory.mktemp("hostile") / "leaderboard.html"
    write_report(hostile_input(), out, ScoringRules(baseline=HOSTILE[0]))
    return out
