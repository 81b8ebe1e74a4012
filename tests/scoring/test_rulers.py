"""Boards read trials off the rulers that the records themselves carry."""

import json
from typing import Any

import pandas as pd
import pytest

from harness import BadInput
from harness.registry import find_workload
from harness.scoring.rulers import rulers_of
from harness.trial.facts import workload_facts

RULER = {
    "workload": "w",
    "version": 1,
    "lower_is_better": True,
    "budget": 100.0,
    "finals": [{"examples": 50.0, "metric": [0.5, 0.6]}, {"examples": 100.0, "metric": [0.3, 0.4]}],
}


def records(*rulers: Any, label: str = "w") -> pd.DataFrame:
    """Return one record on a workload per ruler."""
    facts = [{"workload": {"name": label, "ruler": ruler}} for ruler in rulers]
    return pd.DataFrame({"workload": [label] * len(rulers), "facts": facts})


def test_the_facts_of_a_trial_carry_the_ruler_of_its_workload_and_no_more_of_its_entry_than_is_read() -> None:
    workload = find_workload("digits_mlp", "smoke")
    facts = json.loads(json.dumps(workload_facts(workload)))
    assert workload.ruler is not None
    assert set(facts["ruler"]) == {"workload", "version", "lower_is_better", "budget", "finals"} < set(workload.ruler)
    (found,) = rulers_of(records(facts["ruler"], label="digits_mlp")).values()
    assert (found.version, found.budget) == (workload.ruler["version"], workload.size.budget)
    assert len(found.finals) == len(workload.ruler["finals"])


def test_every_workload_has_the_ruler_of_its_records() -> None:
    other = {**RULER, "workload": "v", "budget": 7.0}
    found = rulers_of(pd.concat([records(RULER, RULER), records(other, label="v")], ignore_index=True))
    assert {label: ruler.budget for label, ruler in found.items()} == {"w": 100.0, "v": 7.0}


@pytest.mark.parametrize("without", [None, {}])
def test_a_workload_whose_records_carry_no_ruler_is_left_out(without: Any) -> None:
    assert rulers_of(records(without)) == {}
    assert rulers_of(pd.DataFrame({"workload": ["w", "w"], "facts": [None, {}]})) == {}
    assert rulers_of(pd.DataFrame({"workload": ["w"]})) == {}


def test_records_of_which_only_some_carry_a_ruler_are_read_off_it() -> None:
    assert set(rulers_of(records(None, RULER))) == {"w"}


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"budget": 99.0}, {"finals": [*RULER["finals"][:1], {"examples": 100.0, "metric": [0.3, 0.41]}]}],  # type: ignore[index]
    ids=lambda change: next(iter(change)),
)
def test_two_different_rulers_of_one_workload_are_refused_in_one_line(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="trials on w were judged by different rulers") as refused:
        rulers_of(records(RULER, {**RULER, **change}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("damaged", [{"version": 1}, {**RULER, "finals": []}, {**RULER, "finals": [{"examples": 1.0}]}])
def test_a_damaged_ruler_is_refused_in_one_line(damaged: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="ruler in these records is damaged") as refused:
        rulers_of(records(damaged))
    assert "\n" not in str(refused.value)
