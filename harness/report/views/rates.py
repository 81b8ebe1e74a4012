"""The sensitivity to the peak rate as shown: one view a submission, one figure a workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures import Curve, Drawing, curves_drawing
from harness.report.figures.drawing import stem
from harness.scoring.sensitivity import RateRow

EDGE = "≥ "
"""Stands before a value whose optimum lies at an edge of the grid: the true one is larger."""


@dataclass(frozen=True)
class RateView:
    """One submission's sensitivity, in words; `cells` are (workload, value) pairs, `order` what the table sorts by."""

    mark: Mark
    name: str
    value: str
    order: float | None
    edge: bool
    cells: tuple[tuple[str, str], ...]


def rate_workloads(rows: Sequence[RateRow]) -> list[str]:
    """Return the workloads that the rows tell of, sorted."""
    return sorted({w for row in rows for w in (*row.workloads, *row.unavailable)})


def rate_views(rows: Sequence[RateRow], marks: Mapping[str, Mark]) -> list[RateView]:
    """Return the rows in the order given."""
    return [
        RateView(
            mark=marks[row.name],
            name=row.name,
            value=rate_text(row.value, row.edge),
            order=row.value,
            edge=row.edge,
            cells=tuple(_cell(row, workload) for workload in rate_workloads(rows)),
        )
        for row in rows
    ]


def _cell(row: RateRow, workload: str) -> tuple[str, str]:
    found = row.workloads.get(workload)
    if found is None:
        return workload, words.NONE
    return workload, rate_text(found.value, found.edge) if found.value is not None else "never learns"


def rate_text(value: float | None, edge: bool) -> str:
    """Return a sensitivity, marked where the optimum lies at an edge."""
    return words.NONE if value is None else (EDGE if edge else "") + words.score(value)


def rate_drawings(rows: Sequence[RateRow], marks: Mapping[str, Mark]) -> dict[str, Drawing]:
    """Return {workload: figure}: the median final loss against the peak rate; an optimum at an edge is ringed."""
    drawn = {}
    for workload in rate_workloads(rows):
        known = [(row.name, row.workloads[workload]) for row in rows if workload in row.workloads]
        if known:
            drawn[workload] = curves_drawing(
                [Curve(name, s.rates, s.losses, s.edge) for name, s in known],
                marks,
                name=f"{stem(workload)}_sensitivity",
                title=f"{workload}: final loss against peak learning rate",
                x_label="peak learning rate",
                y_label="median final loss",
                ticks=known[0][1].rates,
                write=lambda value: f"{value:.2g}",
            )
    return drawn
