"""A workload's panel: its facts, its figure and its table of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures import race_figure
from harness.report.races import lines, winners

MAX_TRIAL_ROWS = 800
"""Trials listed in one panel; beyond it only every study's winner is listed, and the page says so."""


@dataclass(frozen=True)
class TrialView:
    """One line of a panel's table of trials, in words."""

    mark: Mark
    submission: str
    study: int
    trial: int
    status: str
    reason: str
    hit: str
    order: float
    end: str
    hyperparameters: str
    seed: str
    file: str
    winner: bool


@dataclass(frozen=True)
class Panel:
    """One workload as shown; `facts` are (name, text) pairs, `figure` is empty where not asked for or without a curve."""

    anchor: str
    label: str
    summary: str
    held_out: bool
    facts: tuple[tuple[str, str], ...]
    figure: Markup
    trials: tuple[TrialView, ...]
    unlisted: int


def panels(
    trials: pd.DataFrame, order: tuple[str, ...], clock: str, marks: Mapping[str, Mark], *, figures: bool
) -> list[Panel]:
    """Return a panel for each workload that has trials: first those of `order`, then the others by name."""
    groups = {str(label): rows for label, rows in trials.groupby("workload", sort=True)}
    wanted = [label for label in order if label in groups] + [label for label in groups if label not in order]
    return [_panel(place, label, groups[label], clock, marks, figures) for place, label in enumerate(wanted)]


def _panel(place: int, label: str, trials: pd.DataFrame, clock: str, marks: Mapping[str, Mark], figures: bool) -> Panel:
    row = told(trials)
    figure = Markup()
    drawn = lines(trials, clock) if figures else []
    if drawn:
        figure = race_figure(
            drawn,
            marks,
            workload=label,
            metric=str(row.metric),
            target=float(row.target),
            clock=clock,
            lower=bool(row.lower_is_better),
            prefix=f"w{place}-",
        )
    won = set(winners(trials, clock)["id"])
    listed = trials if len(trials) <= MAX_TRIAL_ROWS else trials[trials["id"].isin(won)].head(MAX_TRIAL_ROWS)
    ordered = listed.sort_values(["submission", "study", "trial", "id"], kind="stable")
    return Panel(
        anchor=f"workload-{place}",
        label=label,
        summary=str(fact(row, "workload", "summary")),
        held_out=bool(row.held_out),
        facts=workload_facts(row),
        figure=figure,
        trials=tuple(_trial(item, clock, marks, item.id in won) for item in ordered.itertuples()),
        unlisted=len(trials) - len(listed),
    )


def told(trials: pd.DataFrame) -> Any:
    """Return the first trial whose record carries facts, else the first: a trial that never started may have none."""
    return next((row for row in trials.itertuples() if row.facts), next(trials.itertuples()))


def fact(row: Any, owner: str, name: str) -> Any:
    """Return a fact of the "submission", the "workload" or the import of a trial; empty where the record has none."""
    facts = row.facts if isinstance(row.facts, Mapping) else {}
    value = (facts.get(owner) or {}).get(name)
    return "" if value is None else value


def workload_facts(row: Any) -> tuple[tuple[str, str], ...]:
    """Return what fixes a workload, as (name, text) pairs, from one of its trials."""
    sign = "≤" if row.lower_is_better else "≥"
    data = fact(row, "workload", "data")
    data = (
        data if isinstance(data, Mapping) else {name: fact(row, "workload", name) for name in ("source", "licence", "citation")}
    )
    found = (
        ("target", f"{row.metric} {sign} {words.number(row.target, 5)}"),
        ("how it was set", fact(row, "workload", "target_provenance")),
        ("budget", _budget(row)),
        ("version", fact(row, "workload", "version")),
        ("AlgoPerf counterpart", fact(row, "workload", "algoperf")),
        ("data", data.get("source", "")),
        ("licence", data.get("licence", "")),
        ("citation", data.get("citation", "")),
        ("family", row.family),
    )
    return tuple((name, str(text)) for name, text in found if text not in ("", None))


def _budget(row: Any) -> str:
    if not math.isnan(row.budget_examples):
        return f"{words.amount(row.budget_examples, 'examples')} charged examples"
    return "" if math.isnan(row.budget_seconds) else words.amount(row.budget_seconds, "seconds")


def settings(values: object) -> str:
    """Return hyperparameters as ``name = value`` pairs, numbers short."""
    pairs = values.items() if isinstance(values, Mapping) else ()
    return ", ".join(f"{name} = {_setting(value)}" for name, value in pairs)


def _setting(value: object) -> str:
    """Return one value; a search range ({"distribution", ...}) as ``LogUniform(0.1, 1)``."""
    if isinstance(value, Mapping):
        options = value.get("options")
        given = options if isinstance(options, list) else [item for name, item in value.items() if name != "distribution"]
        return f"{value.get('distribution', '')}({', '.join(map(_setting, given))})"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_setting(item) for item in value)})"
    return words.number(value, 4) if isinstance(value, float) else str(value)


def _trial(row: Any, clock: str, marks: Mapping[str, Mark], winner: bool) -> TrialView:
    time = float(getattr(row, f"hit_{clock}"))
    return TrialView(
        mark=marks[str(row.submission)],
        submission=str(row.submission),
        study=int(row.study),
        trial=int(row.trial),
        status=str(row.status),
        reason=str(row.reason),
        hit=words.amount(time, clock) if math.isfinite(time) else words.NONE,
        order=time,
        end=words.amount(getattr(row, f"end_{clock}"), clock),
        hyperparameters=settings(row.hyperparameters),
        seed=str(row.seed),
        file=str(row.file),
        winner=winner,
    )
