"""Quality against compute, over all workloads and on each: what every submission reaches, and what cosine needs for that."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from harness.report import words
from harness.report.colours import Mark, in_colour
from harness.report.figures import Drawing, RulerAxes, Standing, ruler_drawing
from harness.report.figures.drawing import file_stem
from harness.report.views.content import PageContent
from harness.scoring.board_parts import RowSpeedUp
from harness.scoring.compute_saved import QualityPoint
from harness.scoring.compute_words import UNITS
from harness.scoring.ruler import Ruler


def pooled_drawing(
    rows: Sequence[tuple[str, RowSpeedUp]], marks: Mapping[str, Mark], *, baseline: str, clock: str
) -> Drawing | None:
    """Return the figure over all workloads: what a submission reaches, in budgets of the baseline; None without speed-ups.

    Args:
        rows: (submission, its speed-up), best first.
        marks: mark of each submission.
        baseline: the submission that speed-ups refer to.
        clock: of the board.
    """
    found = [(who, h, ratio.value) for who, own in rows for h, ratio in own.horizons.items() if ratio.value]
    if not found:
        return None
    longest = max(h for _, h, _ in found)
    standings = [Standing(who, h, h * ratio, h * ratio, f"{h * ratio:.2f}" if h == longest else "") for who, h, ratio in found]
    ends = [end for s in standings for end in (s.spent, s.needed)]
    return ruler_drawing(
        [(end, end) for end in (min(ends) / 2, max(ends) * 2)],
        standings,
        marks,
        name=f"compute_{clock}",
        title="How far the same compute gets, over all workloads",
        axes_text=RulerAxes(
            baseline, baseline, f"as far as {words.one_line(baseline, 24)} with … budgets", UNITS[clock], in_budgets=True
        ),
    )


def pooled_example(rows: Sequence[tuple[str, RowSpeedUp]], *, baseline: str, clock: str) -> str:
    """Return what the best point at the longest horizon says, in one sentence; "" where no other submission has one."""
    longest = max((h for _, own in rows for h in own.horizons), default=0.0)
    found = {who: own.horizons[longest] for who, own in rows if longest in own.horizons and who != baseline}
    who = max(found, key=lambda name: (found[name].value or 0.0, name), default="")
    ratio = found[who].value if who else None
    if not ratio:
        return ""
    ends = found[who].low, found[who].high
    sure = "" if None in ends else f" (95 % interval: {' to '.join(f'{longest * (end or 0.0):.2f}' for end in ends)})"
    several = len({h for _, own in rows for h in own.horizons}) > 1
    mean = " The speed-up above is the mean over all lengths of run, of which this is the longest." if several else ""
    return (
        f"{who} gets as far with {words.budgets(longest)} as {baseline} with {longest * ratio:.2f} budgets{sure}: "
        f"it needs {1 / ratio:.2f} of the {UNITS[clock]} that {baseline} needs.{mean}"
    )


def workload_standings(
    points: Sequence[QualityPoint], ruler: Ruler, marks: Mapping[str, Mark], metric: str, named: Collection[str]
) -> Drawing | None:
    """Return the figure of one workload: final quality against compute, with its ruler; None without a finite quality.

    Args:
        points: where the submissions stand on the workload.
        ruler: of the workload.
        marks: mark of each submission.
        metric: its name.
        named: submissions whose points have a name.
    """
    known = [point for point in points if math.isfinite(point.metric) and point.submission in marks]
    if not known:
        return None
    longest = max(point.horizon for point in known)
    standings = [
        Standing(
            point.submission,
            point.spent,
            point.equivalent,
            point.metric,
            f"{point.bound} {point.equivalent:.2f}".strip() if point.horizon == longest and point.submission in named else "",
        )
        for point in sorted(known, key=lambda point: (-point.equivalent / point.spent, point.submission))
    ]
    return ruler_drawing(
        [(h, loss if ruler.lower_is_better else -loss) for h, loss in ruler.points],
        standings,
        marks,
        name=f"{file_stem(ruler.workload)}_compute",
        title=f"{ruler.workload}: final {metric} against compute",
        axes_text=RulerAxes(
            "the reference recipe under cosine",
            "reference",
            f"final {words.one_line(metric, 40)}, better upwards",
            lower_is_better=ruler.lower_is_better,
        ),
    )


def standings_drawing(label: str, metric: str, content: PageContent) -> Drawing | None:
    """Return the figure of the workload `label` on the page of `content`; None without a ruler."""
    points = [point for point in content.points if point.workload == label]
    named = in_colour(content.names, content.marks)
    return workload_standings(points, content.rulers[label], content.marks, metric, named) if points else None
