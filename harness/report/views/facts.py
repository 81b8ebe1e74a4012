"""Facts that the records carry about workloads and submissions, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from harness.records import fact_of
from harness.report import words
from harness.rules import ruleset


def trial_with_facts(trials: pd.DataFrame) -> Any:
    """Return the first trial whose record carries facts, or else the first: the record of a failed start may have none."""
    return next((row for row in trials.itertuples() if row.facts), next(trials.itertuples()))


def recorded_fact(row: Any, owner: str, name: str) -> Any:
    """Return the fact `name` of "submission", "workload" or "imported" from a trial's record; "" if it has none."""
    value = fact_of(row.facts, owner, name)
    return "" if value is None else value


def submission_summaries(trials: pd.DataFrame) -> dict[str, str]:
    """Return each submission's one-line description."""
    groups = trials.groupby("submission", sort=True)
    return {str(name): str(recorded_fact(trial_with_facts(own), "submission", "summary")) for name, own in groups}


def workload_description(row: Any) -> tuple[tuple[str, str], ...]:
    """Return (name, text) pairs that describe the workload of the trial `row`; unknown facts are left out."""
    sign = "≤" if row.lower_is_better else "≥"
    data = recorded_fact(row, "workload", "data")
    if not isinstance(data, Mapping):
        data = {name: recorded_fact(row, "workload", name) for name in ("source", "licence", "citation")}
    pairs = (
        ("target", f"{row.metric} {sign} {words.number(row.target, 5)}"),
        ("how it was set", recorded_fact(row, "workload", "target_provenance")),
        ("budget", _budget(row)),
        ("batch size", recorded_fact(row, "workload", "batch_size")),
        ("version", recorded_fact(row, "workload", "version")),
        ("AlgoPerf counterpart", recorded_fact(row, "workload", "algoperf")),
        ("data", data.get("source", "")),
        ("licence", data.get("licence", "")),
        ("citation", data.get("citation", "")),
        ("family", row.family),
    )
    return tuple((name, str(text)) for name, text in pairs if text not in ("", None))


def _budget(row: Any) -> str:
    multiple = ruleset(row.track).budget
    if not math.isnan(row.budget_examples):
        more = f"; a trial here may use {multiple:g} of it" if multiple != 1 else ""
        return f"{words.amount(row.budget_examples / multiple, 'examples')} charged examples{more}"
    return "" if math.isnan(row.budget_seconds) else words.amount(row.budget_seconds, "seconds")


def hyperparameter_text(values: object) -> str:
    """Return hyperparameters, or their search space, as ``name = value`` pairs with short numbers.

    >>> hyperparameter_text({"power": 2.0, "rate": {"distribution": "LogUniform", "low": 0.1, "high": 1.0}})
    'power = 2, rate = LogUniform(0.1, 1)'
    """
    pairs = values.items() if isinstance(values, Mapping) else ()
    return ", ".join(f"{name} = {_value_text(value)}" for name, value in pairs)


def _value_text(value: object) -> str:
    if isinstance(value, Mapping):  # a search range
        options = value.get("options")
        bounds = options if isinstance(options, list) else [item for name, item in value.items() if name != "distribution"]
        return f"{value.get('distribution', '')}({', '.join(map(_value_text, bounds))})"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_value_text(item) for item in value)})"
    return words.number(value, 4) if isinstance(value, float) else str(value)
