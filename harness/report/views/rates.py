"""The sensitivity to the peak learning rate: a row per submission, a figure per workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures import Curve, CurveAxes, Drawing, curves_drawing
from harness.report.figures.drawing import file_stem
from harness.scoring.sensitivity import RateRow

EDGE = "≥ "
"""Stands before a value whose optimum lies at an edge of the grid: the true value is larger."""


@dataclass(frozen=True)
class RateView:
    """One submission's sensitivity in words; `cells` are (workload, value) pairs, `order` is what the table sorts by."""

    mark: Mark
    name: str
    value: str
    order: float | None
    edge: bool
    cells: tuple[tuple[str, str], ...]


def rate_workloads(rows: Sequence[RateRow]) -> list[str]:
    """Return the workloads of `rows`, sorted, those without a value included."""
    return sorted({w for row in rows for w in (*row.workloads, *row.unavailable)})


def rate_views(rows: Sequence[RateRow], marks: Mapping[str, Mark]) -> list[RateView]:
    """Return a view per row, in the order given."""
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
    sensitivity = row.workloads.get(workload)
    if sensitivity is None:
        return workload, words.NO_VALUE
    return workload, rate_text(sensitivity.value, sensitivity.edge) if sensitivity.value is not None else "never learns"


def rate_text(value: float | None, edge: bool) -> str:
    """Return a sensitivity in words; `edge`: its optimum lies at an edge of the grid."""
    return words.NO_VALUE if value is None else (EDGE if edge else "") + words.score(value)


def rate_drawings(rows: Sequence[RateRow], marks: Mapping[str, Mark]) -> dict[str, Drawing]:
    """Return {workload: figure} of the median final loss against the peak rate; a ring marks an optimum at an edge."""
    drawings = {}
    for workload in rate_workloads(rows):
        known = [(row.name, row.workloads[workload]) for row in rows if workload in row.workloads]
        if known:
            drawings[workload] = curves_drawing(
                [Curve(name, s.rates, s.losses, s.edge) for name, s in known],
                marks,
                name=f"{file_stem(workload)}_sensitivity",
                title=f"{workload}: final loss against peak learning rate",
                axes_text=CurveAxes(
                    x_label="peak learning rate",
                    y_label="median final loss",
                    x_ticks=known[0][1].rates,
                    write_x=lambda value: f"{value:.2g}",
                ),
            )
    return drawings
