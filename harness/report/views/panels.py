"""A workload's panel: its facts, its figures and its table of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark, anchor
from harness.report.figures import Drawing, inline_svg, race_drawing
from harness.report.figures.race_lines import RaceLine, fastest_trials, race_lines
from harness.report.views.content import RaceContent
from harness.report.views.facts import hyperparameter_text, recorded_fact, trial_with_facts, workload_description
from harness.report.views.page_figures import workload_drawings
from harness.report.views.ranking import workload_labels
from harness.report.views.trials import Tally, tallies

MAX_TRIAL_ROWS = 200
"""Number of trials up to which a panel lists them; more are counted, and listed on demand from the page's download."""


@dataclass(frozen=True)
class TrialView:
    """One row of a panel's table of trials, in words; `away`: its record is not in the results directory of the page."""

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
    away: bool
    winner: bool


@dataclass(frozen=True)
class Panel:
    """One workload on the page of a race.

    Attributes:
        anchor: id of the panel.
        label: the workload's label.
        summary: its one-line description.
        held_out: whether it is a held-out variant.
        facts: (name, text) pairs.
        figure: the race; empty without figures, or if no trial has a curve.
        first_figures, figures: (heading, figure) pairs of the figures above and below the race; empty without figures.
        rates: sensitivity to the peak rate; empty if there is none.
        lines_drawn, studies: how many of how many studies are in the race figure.
        folder: where the records are: a folder with ``SUBMISSION`` in place of each submission's name, or the one Parquet file
            that holds all of them; empty if they are elsewhere, and then each row has its record's path.
        trials: the listed trials.
        unlisted: number of trials that are counted, not listed.
        statuses, tallies: the statuses that occur and the counts per submission, where trials are counted.
    """

    anchor: str
    label: str
    summary: str
    held_out: bool
    facts: tuple[tuple[str, str], ...]
    figure: Markup
    first_figures: tuple[tuple[str, Markup], ...]
    figures: tuple[tuple[str, Markup], ...]
    rates: Markup
    lines_drawn: int
    studies: int
    folder: str
    trials: tuple[TrialView, ...]
    unlisted: int
    statuses: tuple[str, ...]
    tallies: tuple[Tally, ...]


def workload_panels(content: RaceContent, rate_drawings: Mapping[str, Drawing]) -> list[Panel]:
    """Return a panel per workload that has trials: those of the board in its order, then the others by name.

    `rate_drawings` are the sensitivity figures by workload.
    """
    groups = by_workload(content.trials, workload_labels(content.board))
    return [_panel(index, label, trials, content, rate_drawings.get(label)) for index, (label, trials) in enumerate(groups)]


def by_workload(trials: pd.DataFrame, order: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return (workload, its trials) pairs: first those in `order`, then the others by name."""
    groups = {str(label): rows for label, rows in trials.groupby("workload", sort=True)}
    labels = [label for label in order if label in groups] + [label for label in groups if label not in order]
    return [(label, groups[label]) for label in labels]


def workload_race(
    label: str, trials: pd.DataFrame, lines: Sequence[RaceLine], clock: str, marks: Mapping[str, Mark]
) -> Drawing:
    """Return the race figure of the workload `label`, made of `lines`; metric and target are those of its trials."""
    row = trial_with_facts(trials)
    return race_drawing(
        lines,
        marks,
        workload=label,
        metric=str(row.metric),
        target=float(row.target),
        clock=clock,
        lower_is_better=bool(row.lower_is_better),
    )


def _panel(index: int, label: str, trials: pd.DataFrame, content: RaceContent, rates: Drawing | None) -> Panel:
    row = trial_with_facts(trials)
    clock, marks = content.board.clock, content.marks
    lines = race_lines(trials, clock) if content.figures else []
    fastest = set(fastest_trials(trials, clock)["id"])
    crowded = len(trials) > MAX_TRIAL_ROWS
    statuses, counts = tallies(trials, clock, marks, content.names) if crowded else ((), ())
    listed = trials.iloc[:0] if crowded else trials.sort_values(["submission", "study", "trial", "id"], kind="stable")
    folder, away = _folder(listed), set(content.from_reference)
    drawings = workload_drawings(label, trials, content) if content.figures else []
    drawn = [(f.before_race, (f.heading, inline_svg(d, f"w{index}-{i}-"))) for i, (f, d) in enumerate(drawings)]
    return Panel(
        anchor=anchor("workload", label, index),
        label=label,
        summary=str(recorded_fact(row, "workload", "summary")),
        held_out=bool(row.held_out),
        facts=workload_description(row),
        figure=inline_svg(workload_race(label, trials, lines, clock, marks), f"w{index}-") if lines else Markup(),
        first_figures=tuple(figure for before, figure in drawn if before),
        figures=tuple(figure for before, figure in drawn if not before),
        rates=inline_svg(rates, f"r{index}-") if rates else Markup(),
        lines_drawn=len(lines),
        studies=len(fastest),
        folder=folder,
        trials=tuple(
            _trial_view(item, clock, marks[str(item.submission)], item.id in fastest, bool(folder), item.submission in away)
            for item in listed.itertuples()
        ),
        unlisted=len(trials) - len(listed),
        statuses=statuses,
        tallies=counts,
    )


def _folder(trials: pd.DataFrame) -> str:
    """Return `Panel.folder` of these trials."""
    files = set(trials["file"].astype(str))
    if len(files) == 1 and _is_parquet(next(iter(files))):
        return files.pop()
    folders: set[str] = set()
    for file, name in zip(trials["file"].astype(str), trials["submission"].astype(str), strict=True):
        if f"/{name}/" not in file:
            return ""
        folders.add(file.rpartition("/")[0].removesuffix(f"/{name}") + "/SUBMISSION/")
    return folders.pop() if len(folders) == 1 else ""


def _is_parquet(file: str) -> bool:
    return file.endswith(".parquet")


def _record_name(row: Any, in_folder: bool) -> str:
    """Return where a trial's record is: file and, in a Parquet file, id; without what `Panel.folder` says if `in_folder`."""
    file = str(row.file)
    if in_folder:
        return str(row.id) if _is_parquet(file) else file.rsplit("/", 1)[-1]
    return f"{file}, {row.id}" if _is_parquet(file) else file


def _trial_view(row: Any, clock: str, mark: Mark, winner: bool, in_folder: bool, away: bool) -> TrialView:
    time = float(getattr(row, f"hit_{clock}"))
    return TrialView(
        mark=mark,
        submission=str(row.submission),
        study=int(row.study),
        trial=int(row.trial),
        status=str(row.status),
        reason=str(row.reason),
        hit=words.amount(time, clock) if math.isfinite(time) else words.NO_VALUE,
        order=f"{time:.8g}",
        end=words.amount(getattr(row, f"end_{clock}"), clock),
        horizon=words.amount(row.horizon_examples, "examples"),
        hyperparameters=hyperparameter_text(row.hyperparameters),
        seed=str(row.seed),
        file=_record_name(row, in_folder),
        away=away,
        winner=winner,
    )
