"""Options that take an amount of time or of memory, with a unit or without."""

from __future__ import annotations

import pytest

from harness.cli.app import run_app
from harness.cli.quantities import MEMORY, TIME


@pytest.mark.parametrize(
    ("typed", "seconds"), [("300", 300), ("5m", 300), ("5 min", 300), ("90S", 90), ("1.5h", 5400), ("1e3", 1000), (90.5, 90.5)]
)
def test_an_amount_of_time_is_a_number_of_seconds_or_has_a_unit(typed, seconds):
    assert TIME(typed) == seconds


@pytest.mark.parametrize(("typed", "gigabytes"), [("4", 4), ("4G", 4), ("2.5gb", 2.5), ("500MB", 0.5), ("1GiB", 1.073741824)])
def test_an_amount_of_memory_is_a_number_of_gigabytes_or_has_a_unit(typed, gigabytes):
    assert MEMORY(typed) == pytest.approx(gigabytes)


@pytest.mark.parametrize(
    ("option", "typed", "says"),
    [
        ("--time-limit", "5x", "as in 90s, 5m or 1h"),
        ("--time-limit", "1.2.3s", "as in 90s, 5m or 1h"),
        ("--time-limit", "0m", "--time-limit 0: a positive number of seconds is needed"),
        ("--memory", "lots", "as in 500MB or 2.5GB"),
        ("--memory", "5s", "as in 500MB or 2.5GB"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "audit"])
def test_what_is_no_amount_is_one_line_with_one_that_is(verb, option, typed, says, capsys):
    assert run_app([verb, option, typed]) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1
