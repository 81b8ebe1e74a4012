"""A workload's panel: its facts, its figure and its table of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark, anchor
from harness.report.figures import Drawing, inlined, race_drawing, strip_drawing
from harness.report.figures.race_lines import Line, lines, winners
from harness.report.views.trials import Tally, tallies

MAX_TRIAL_ROWS = 800
"""Trials listed in one panel; beyond it they are counted, and listed from the page's compressed trials on demand."""


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
    order: str
    end: str
    horizon: str
    hyperparameters: str
    seed: str
    file: str
    winner: bool


@dataclass(frozen=True)
class Panel:
    """One workload as shown; `facts` are (name, text) pairs.

    `figure` (the race), `strip` (the time of every trial) and `rates` (sensitivity to the peak rate) are empty where not
    asked for or without data; `drawn` of `studies` studies stand in the race figure. `folder` is where the record files
    lie, ``SUBMISSION`` in it for the submission, or the one file that holds them all, and then a trial names its id; empty
    where they do not all lie so, and then a trial names its whole path.
    """

    anchor: str
    label: str
    summary: str
    held_out: bool
    facts: tuple[tuple[str, str], ...]
    figure: Markup
    strip: Markup
    rates: Markup
    drawn: int
    studies: int
    folder: str
    trials: tuple[TrialView, ...]
    unlisted: int
    statuses: tuple[str, ...]
    tallies: tuple[Tally, ...]


def panels(
    trials: pd.DataFrame,
    order: Sequence[str],
    clock: str,
    marks: Mapping[str, Mark],
    names: Sequence[str],
    *,
    figures: bool,
    rates: Mapping[str, Drawing] | None = None,
) -> list[Panel]:
    """Return a panel for each workload that has trials: first those of `order`, then the others by name.

    `names` are the submissions in the order of the strips, `rates` the sensitivity figures by workload.
    """
    shown = []
    for place, (label, own) in enumerate(by_workload(trials, order)):
        figure = (rates or {}).get(label)
        shown.append(
            _panel(place, label, own, clock, marks, names, inlined(figure, f"r{place}-") if figure else Markup(), figures)
        )
    return shown


def by_workload(trials: pd.DataFrame, order: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return (workload, its trials) pairs: first those of `order`, then the others by name."""
    groups = {str(label): rows for label, rows in trials.groupby("workload", sort=True)}
    wanted = [label for label in order if label in groups] + [label for label in groups if label not in order]
    return [(label, groups[label]) for label in wanted]


def race_of(label: str, trials: pd.DataFrame, drawn: Sequence[Line], clock: str, marks: Mapping[str, Mark]) -> Drawing:
    """Return the race figure of one workload from its lines."""
    row = told(trials)
    return race_drawing(
        drawn,
        marks,
        workload=label,
        metric=str(row.metric),
        target=float(row.target),
        clock=clock,
        lower=bool(row.lower_is_better),
    )


def _panel(
    place: int,
    label: str,
    trials: pd.DataFrame,
    clock: str,
    marks: Mapping[str, Mark],
    names: Sequence[str],
    rates: Markup,
    figures: bool,
) -> Panel:
    row = told(trials)
    drawn = lines(trials, clock) if figures else []
    won = set(winners(trials, clock)["id"])
    crowded = len(trials) > MAX_TRIAL_ROWS
    statuses, counted = tallies(trials, clock, marks, names) if crowded else ((), ())
    listed = trials.iloc[:0] if crowded else trials
    ordered = listed.sort_values(["submission", "study", "trial", "id"], kind="stable")
    folder = _folder(ordered)
    return Panel(
        anchor=anchor("workload", label, place),
        label=label,
        summary=str(fact(row, "workload", "summary")),
        held_out=bool(row.held_out),
        facts=workload_facts(row),
        figure=inlined(race_of(label, trials, drawn, clock, marks), f"w{place}-") if drawn else Markup(),
        strip=inlined(strip_drawing(trials, names, marks, workload=label, clock=clock), f"t{place}-") if figures else Markup(),
        rates=rates,
        drawn=len(drawn),
        studies=len(won),
        folder=folder,
        trials=tuple(_trial(item, clock, marks, item.id in won, bool(folder)) for item in ordered.itertuples()),
        unlisted=len(trials) - len(listed),
        statuses=statuses,
        tallies=counted,
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
        ("batch size", fact(row, "workload", "batch_size")),
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


def _folder(trials: pd.DataFrame) -> str:
    """Return where all records lie: a folder with ``SUBMISSION`` for each one's name, or one Parquet file; else nothing."""
    files = set(trials["file"].astype(str))
    if len(files) == 1 and _packed(next(iter(files))):
        return files.pop()
    found = {
        str(file).removesuffix(file[file.rfind("/") :]).removesuffix(f"/{name}") + "/SUBMISSION/"
        for file, name in zip(trials["file"].astype(str), trials["submission"].astype(str), strict=True)
        if f"/{name}/" in file
    }
    all_there = all(f"/{n}/" in f for f, n in zip(trials["file"].astype(str), trials["submission"].astype(str), strict=True))
    return found.pop() if len(found) == 1 and all_there else ""


def _packed(file: str) -> bool:
    return file.endswith(".parquet")


def _record(row: Any, short: bool) -> str:
    """Return what names a trial's record: its file, within the folder that the caption tells or whole, or its id in there."""
    file = str(row.file)
    if short:
        return str(row.id) if _packed(file) else file.rsplit("/", 1)[-1]
    return f"{file}, {row.id}" if _packed(file) else file


def _trial(row: Any, clock: str, marks: Mapping[str, Mark], winner: bool, short: bool) -> TrialView:
    time = float(getattr(row, f"hit_{clock}"))
    return TrialView(
        mark=marks[str(row.submission)],
        submission=str(row.submission),
        study=int(row.study),
        trial=int(row.trial),
        status=str(row.status),
        reason=str(row.reason),
        hit=words.amount(time, clock) if math.isfinite(time) else words.NONE,
        order=f"{time:.8g}",
        end=words.amount(getattr(row, f"end_{clock}"), clock),
        horizon=words.amount(row.horizon_examples, "examples"),
        hyperparameters=settings(row.hyperparameters),
        seed=str(row.seed),
        file=_record(row, short),
        winner=winner,
    )
