"""Every ruler on the page: what it was accepted by, what it cost, and its values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from harness.report.docs.workloads.markdown import Entries, Row, number, table
from harness.report.docs.workloads.ruler_figure import WORDS as FIGURE_WORDS
from harness.scoring.medians import Floats
from harness.scoring.ruler import Ruler
from harness.scoring.ruler_checks import COARSEST, ERRORS, STAGES, Improvement, acceptance

SIZES = ("laptop", "smoke", "full")

RULES = (
    "A ruler says what a quality is worth in budgets of the reference recipe ([definition](statistics.md#the-ruler)): the "
    "median of the final metric over seeds, at each horizon. The gain of a trial is read off it. A ruler is accepted if its "
    f"median improves from {STAGES[0]:g} to {STAGES[1]:g} budgets and from {STAGES[1]:g} to {STAGES[2]:g}, each time by more "
    f"than {ERRORS:g} standard errors, and if its resolution is at most {COARSEST}: the standard deviation over seeds of the "
    "logarithm of the equivalent budget, at one budget. The table has both improvements in the metric's unit and, in brackets, "
    "in standard errors."
)


def figure_path(workload: str, size: str) -> str:
    """Return where the figure of a ruler lies, from the page's folder."""
    return f"rulers/{workload}_{size}.svg"


def rulers_section(rows: Sequence[Row], rulers: Entries) -> str:
    """Return the checks and the cost of all rulers: words and one table.

    Args:
        rows: the workloads.
        rulers: the content of `rulers.json`.
    """
    entries = [(row["name"], size, entry) for row in rows for size, entry in _by_size(rulers.get(row["name"], {}))]
    if not entries:
        return f"{RULES}\n\nNo ruler was measured yet."
    stages = [f"{begin:g} to {end:g} budgets" for begin, end in pairwise(STAGES)]
    head = ("workload", "size", *stages, "resolution", "accepted", "version", "machine", "CPU s")
    lines = [(f"`{name}`", size, *_checks(entry), *_provenance(entry)) for name, size, entry in entries]
    measured = [size for size in SIZES if size in {s for _, s, _ in entries}]
    costs = " ".join(_cost(size, [entry for _, s, entry in entries if s == size]) for size in measured)
    return "\n\n".join((RULES, table(head, lines), costs, f"{FIGURE_WORDS} They stand below, each under its workload."))


def ruler_values(workload: str, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the figure, the table of values and the variants' medians of every ruler of a workload, as paragraphs."""
    for size, entry in _by_size(entries):
        text = f"Ruler at size `{size}`"
        yield f"![{text} of {workload}: final {entry['metric']} against the horizon]({figure_path(workload, size)})"
        yield f"{text}, {len(entry['finals'][0]['metric'])} seeds per horizon:"
        yield _values(entry)
        for name, variant in entry.get("variants", {}).items():
            yield f"{text} of the held-out variant `{name}`, for calibration only: {_medians(variant)}."


def charged_budgets(entry: Mapping[str, Any]) -> float:
    """Return how many budgets the trials of a ruler charged, without those of held-out variants."""
    return math.fsum(point["examples"] * len(point["metric"]) for point in entry["finals"]) / float(entry["budget"])


def _by_size(entries: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(size, entries[size]) for size in SIZES if size in entries]


def _checks(entry: Mapping[str, Any]) -> tuple[str, ...]:
    checks = acceptance(Ruler.from_json(entry))
    fine = checks.resolution <= COARSEST
    return (
        *(_improvement(i) for i in checks.improvements),
        _marked("unknown" if math.isnan(checks.resolution) else f"{checks.resolution:.3f}", passed=fine),
        "yes" if checks.accepted else "**no**",
    )


def _improvement(found: Improvement) -> str:
    if math.isnan(found.gain):
        return _marked("no finite median", passed=False)
    errors = f" ({found.gain / found.error:.1f})" if found.error > 0 else ""
    return _marked(f"{found.gain:.3g}{errors}", passed=found.clear)


def _marked(text: str, *, passed: bool) -> str:
    return text if passed else f"**{text}, fails**"


def _provenance(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return str(entry["version"]), f"{entry['machine']}, {entry['date']}", number(entry["seconds"], 3)


def _cost(size: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the cost of all rulers of one size: charged budgets, and CPU minutes of training, evaluation and set-up."""
    variants = [variant for entry in entries for variant in entry.get("variants", {}).values()]
    budgets = [math.fsum(map(charged_budgets, group)) for group in (entries, variants)]
    minutes = math.fsum(entry["seconds"] for entry in (*entries, *variants)) / 60
    own = f"The {len(entries)} rulers" if len(entries) > 1 else "The ruler"
    others = f", and {budgets[1]:,.0f} for held-out variants ({len(variants)})" if variants else ""
    return f"{own} of size `{size}` charged {budgets[0]:,.0f} budgets{others}: {minutes:.3g} CPU minutes."


def _values(entry: Mapping[str, Any]) -> str:
    ruler = Ruler.from_json(entry)
    kept = {h for h, _ in ruler.points}
    lines = [
        (f"{h:.4g}", f"{examples:,.0f}", _median(values), _spread(values), "yes" if h in kept else "no")
        for h, (examples, _), values in zip(ruler.horizons.tolist(), ruler.finals, _metrics(ruler), strict=True)
    ]
    return table(("h", "charged examples", "median", "middle half of the seeds", "kept"), lines)


def _medians(entry: Mapping[str, Any]) -> str:
    ruler = Ruler.from_json(entry)
    seeds = len(ruler.finals[0][1])
    points = zip(ruler.horizons.tolist(), _metrics(ruler), strict=True)
    return f"medians of {seeds} seeds {', '.join(f'{_median(values)} at h = {h:.4g}' for h, values in points)}"


def _metrics(ruler: Ruler) -> list[Floats]:
    """Return the seeds' values at every horizon in the metric's own direction; infinite, on the worse side, if not finite."""
    return [losses if ruler.lower_is_better else -losses for losses in ruler.losses]


def _median(values: Floats) -> str:
    middle = float(np.median(values))
    return number(middle) if math.isfinite(middle) else "not finite"


def _spread(values: Floats) -> str:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "no seed is finite"
    low, high = np.quantile(finite, (0.25, 0.75))
    lost = len(values) - len(finite)
    return f"{number(low)} to {number(high)}" + (f" ({lost} not finite)" if lost else "")
