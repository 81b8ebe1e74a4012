"""The sensitivity to the peak rate as shown: one view a submission, one figure a workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import words
from harness.report.colours import Mark
from harness.report.figures import Curve, curves_figure
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


def rate_figures(rows: Sequence[RateRow], marks: Mapping[str, Mark]) -> list[tuple[str, Markup]]:
    """Return (workload, figure) pairs: the median final loss against the peak rate; an optimum at an edge is ringed."""
    drawn = []
    for place, workload in enumerate(rate_workloads(rows)):
        known = [(row.name, row.workloads[workload]) for row in rows if workload in row.workloads]
        curves = [Curve(name, s.rates, s.losses, s.edge) for name, s in known]
        if not curves:
            continue
        figure = curves_figure(
            curves,
            marks,
            title=f"{workload}: final loss against peak learning rate",
            x_label="peak learning rate",
            y_label="median final loss",
            ticks=known[0][1].rates,
            write=lambda value: f"{value:.2g}",
            prefix=f"rate{place}-",
        )
        drawn.append((workload, figure))
    return drawn
