"""`harness.compare`: two submissions side by side, which show themselves in a notebook."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from harness.cli.options import check_clock, with_recorded
from harness.cli.report import with_reference
from harness.notebook.board import complete_studies, html_table
from harness.report.words import one_line, ratio_text
from harness.rules import ruleset
from harness.scoring import BothReadings, compare_both


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Two submissions on the workloads and studies that both ran.

    Attributes:
        a, b: their names.
        both: compute saved and time to the target, as `harness.scoring` returns them.
    """

    a: str
    b: str
    both: BothReadings

    @property
    def sentences(self) -> tuple[str, ...]:
        """Both readings in sentences, then what a reader must know. P-values are not adjusted for other comparisons."""
        saved, times = self.both.saved, self.both.times
        first = f"Compute saved: {saved.sentence}" if saved else f"No speed-up off a ruler: {self.both.why_not}."
        second = [f"Time to the target: {times.sentence}"] if times else []
        return (first, *second, *self.both.notes)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per reading and workload, and one over all: reading, workload, ratio, low, high, wins, losses, ties.

        A reading is "compute saved" or "time to the target"; the ratio says how much better A is. NaN: there is none.
        """
        rows = []
        readings = (("compute saved", self.both.saved), ("time to the target", self.both.times))
        for reading, found in readings:
            if found is None:
                continue
            pair = found.pair
            for label, here in pair.workloads.items():
                counts = {"wins": here.wins, "losses": here.losses, "ties": here.ties}
                ratios = {"ratio": _number(here.ratio), "low": math.nan, "high": math.nan}
                rows.append({"reading": reading, "workload": label, **ratios, **counts})
            totals = {name: sum(getattr(w, name) for w in pair.workloads.values()) for name in ("wins", "losses", "ties")}
            ratios = {"ratio": _number(pair.ratio), "low": _number(pair.low), "high": _number(pair.high)}
            rows.append({"reading": reading, "workload": "all", **ratios, **totals})
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return "\n".join(one_line(line) for line in self.sentences)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        head = ("reading", "workload", f"ratio of {self.a} over {self.b}", "95 %", "A better", "B better", "equal")
        rows = [
            [str(r["reading"]), str(r["workload"]), _ratio(r["ratio"]), _span(r["low"], r["high"]), *map(str, _counts(r))]
            for r in self.frame.to_dict("records")
        ]
        return "".join(f"<p>{escape(one_line(line))}</p>" for line in self.sentences) + html_table(head, rows)


def compare(
    a: Any,
    b: Any,
    results: Path | str = "results",
    *,
    track: str = "",
    suite: str = "",
    clock: str = "",
    reference: bool = False,
) -> SideBySide:
    """Return two recorded submissions side by side, as `timetrial compare` does.

    Args:
        a, b: names as on the board, or what was raced under them: a schedule, a recipe, a class or a function.
            "NAME@previous" and "NAME@HASH" are older versions.
        results: directory of the records.
        track, suite: which board, where there are several; the newest run's by default.
        clock: examples, seconds or steps; the track's by default.
        reference: compare with trials of the committed reference result too.

    Raises:
        BadInput: there are no complete studies, one of them has none, or there is no such board or clock.
    """
    check_clock(clock)
    given = complete_studies(results, track, suite)
    trials = (with_reference(given, track, suite) if reference else given).trials
    trials, first = with_recorded(results, trials, _name(a))
    trials, second = with_recorded(results, trials, _name(b))
    both = compare_both(trials, first, second, clock=clock or ruleset(str(trials["track"].iloc[0])).clock)
    return SideBySide(first, second, both)


def _name(given: Any) -> str:
    """Return the name under which `harness.race` races something."""
    if isinstance(given, tuple):
        return "+".join(map(_name, given))
    return given if isinstance(given, str) else str(getattr(given, "name", None) or getattr(given, "__name__", given))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _counts(row: Mapping[Any, Any]) -> tuple[int, int, int]:
    return row["wins"], row["losses"], row["ties"]


def _ratio(value: float) -> str:
    return "" if math.isnan(value) else ratio_text(value)


def _span(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"[{low:.2f}, {high:.2f}]"
