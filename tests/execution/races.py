"""Races that tests of several modules read: each is run once for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.commands import timetrial
from tests.made_once import made_once

SMALL = ("run", "--suite", "smoke", "-s", "linear", "-s", "cosine", "--studies", 1)
"""Eight trials; the executor is left open."""


def small_race(factory: pytest.TempPathFactory) -> Path:
    """Return the results of `SMALL`, run inline; its board is beside them."""
    return made_once(factory, "linear-cosine", lambda place: _raced(place, *SMALL))


def linear_and_rex(factory: pytest.TempPathFactory) -> Path:
    """Return the results of one study of linear and rex, run inline; its board is beside them."""
    return made_once(factory, "linear-rex", lambda place: _raced(place, *SMALL[:5], "-s", "rex", "--studies", 1))


def _raced(place: Path, *line: object) -> None:
    done = timetrial(*line, "--executor", "inline", "--results", place)
    assert done.returncode == 0, done.stderr + done.stdout
