"""How much compute a submission saves against a baseline, from the quality at the ends of complete trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.scoring.compute_saved.contrasts import Contrasts, contrasts
from harness.scoring.compute_saved.endings import Ints
from harness.scoring.compute_saved.gains import Gains, Sides, sides
from harness.scoring.compute_saved.limits import MANY, Codes, joined, mark_codes
from harness.scoring.intervals import Estimate, t_quantile
from harness.scoring.machines import same_kinds
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools

ENOUGH_WORKLOADS = 8

Interval = tuple[float, float]


@dataclass(frozen=True)
class WorkloadSpeedUp:
    """The speed-up on one workload; `ratio` is None without common studies, `used` whether it takes part in the mean."""

    ratio: float | None
    mark: str
    studies: int
    limited: int
    used: bool


@dataclass(frozen=True)
class SpeedUp:
    """By what factor more budget the reference recipe needs to gain as much as a submission gains over another.

    Attributes:
        submission, baseline: the two.
        estimate: log of the speed-up; its error is NaN where there are too few studies or nothing varies.
        like_these: 95 % interval of the ratio as if the workloads had been drawn at random, None with fewer than 8.
        mark: "≤", "≥" or "~" where more than a tenth of the studies are limited, else "".
        limited, studies: k of nW: how many of the common studies of all workloads that take part are limited.
        horizons: horizon in budgets -> log of the speed-up there.
        workloads: label -> speed-up there, of all workloads with a ruler.
        borrowed: workloads on which a cost per example is another submission's, because no own trial ran to its end.
    """

    submission: str
    baseline: str
    estimate: Estimate
    like_these: Interval | None
    mark: str
    limited: int
    studies: int
    horizons: Mapping[float, Estimate]
    workloads: Mapping[str, WorkloadSpeedUp]
    borrowed: tuple[str, ...]

    @property
    def ratio(self) -> float | None:
        """The speed-up; None where the two have no common study."""
        return ratio_of(self.estimate)

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval."""
        return interval_of(self.estimate)

    @property
    def by_horizon(self) -> Mapping[float, tuple[float | None, Interval | None]]:
        """Speed-up and 95 % interval at each horizon."""
        return {h: (ratio_of(estimate), interval_of(estimate)) for h, estimate in self.horizons.items()}

    @property
    def width(self) -> int:
        """Over how many workloads it is."""
        return sum(workload.used for workload in self.workloads.values())


def ratio_of(estimate: Estimate) -> float | None:
    """Return the ratio whose logarithm was estimated, None without a value."""
    return None if math.isnan(estimate.value) else math.exp(estimate.value)


def interval_of(estimate: Estimate, level: float = 0.95) -> Interval | None:
    """Return the interval of the ratio whose logarithm was estimated, None without a standard error."""
    interval = estimate.interval(level)
    return None if interval is None else (math.exp(interval[0]), math.exp(interval[1]))


@dataclass(frozen=True)
class Comparison:
    """P comparisons with everything that their rows need.

    Attributes:
        this, other: indices of the two submissions, [P].
        own, theirs: both sides.
        paired: where studies are compared within themselves, [P, workloads].
        overall: the mean over horizons.
        codes, there: marks of the differences, and which differences there are, [P, workloads, studies].
    """

    this: Ints
    other: Ints
    own: Sides
    theirs: Sides
    paired: Bools
    overall: Contrasts
    codes: Codes
    there: Bools


def compared(found: Gains, this: Ints, other: Ints) -> Comparison:
    """Return the comparisons of submissions `this` with `other` (indices, [P])."""
    own, theirs = sides(found, this, other)
    f, g = overall(own), overall(theirs)
    paired = same_kinds(own.machines, theirs.machines, ~np.isnan(f), ~np.isnan(g))
    codes, there = mark_codes(own, theirs, paired)
    return Comparison(this, other, own, theirs, paired, contrasts(f, g, paired), codes, there)


def overall(side: Sides) -> Floats:
    """Return f of every study, the mean over horizons, [P, workloads, studies]."""
    mean: Floats = np.ascontiguousarray(side.values).mean(axis=-1)
    return mean


def speed_ups(found: Gains, baseline: str) -> tuple[SpeedUp, ...]:
    """Return the speed-up of every submission over `baseline`, in the order of `found.submissions`.

    Raises:
        ValueError: the baseline is not among the submissions.
    """
    if baseline not in found.submissions:
        raise ValueError(f"no trial of the baseline {baseline}: there are no speed-ups")
    everyone = np.arange(len(found.submissions))
    return speed_up_rows(found, compared(found, everyone, np.full_like(everyone, found.submissions.index(baseline))))


def speed_up_rows(found: Gains, comparison: Comparison) -> tuple[SpeedUp, ...]:
    """Return one speed-up per comparison."""
    own, theirs = comparison.own, comparison.theirs
    by_horizon = {
        h: contrasts(own.values[..., i], theirs.values[..., i], comparison.paired) for i, h in enumerate(found.horizons)
    }
    rows = []
    for p, (s, b) in enumerate(zip(comparison.this.tolist(), comparison.other.tolist(), strict=True)):
        there = comparison.there[p] & comparison.overall.used[p][:, None]
        codes = comparison.codes[p][there]
        limited = int((codes > 0).sum())
        rows.append(
            SpeedUp(
                submission=found.submissions[s],
                baseline=found.submissions[b],
                estimate=comparison.overall.estimate(p),
                like_these=_like_these(comparison.overall, p),
                mark=joined(codes) if limited > MANY * codes.size else "",
                limited=limited,
                studies=codes.size,
                horizons={h: contrast.estimate(p) for h, contrast in by_horizon.items()},
                workloads=_by_workload(found, comparison, p),
                borrowed=tuple(w for k, w in enumerate(found.workloads) if found.borrowed[s, k] or found.borrowed[b, k]),
            )
        )
    return tuple(rows)


def _by_workload(found: Gains, comparison: Comparison, p: int) -> dict[str, WorkloadSpeedUp]:
    workloads = {}
    for k, label in enumerate(found.workloads):
        mean = float(comparison.overall.means[p, k])
        codes = comparison.codes[p, k][comparison.there[p, k]]
        workloads[label] = WorkloadSpeedUp(
            ratio=None if math.isnan(mean) else math.exp(mean),
            mark=joined(codes),
            studies=int(comparison.overall.counts[p, k]),
            limited=int((codes > 0).sum()),
            used=bool(comparison.overall.used[p, k]),
        )
    return workloads


def _like_these(overall: Contrasts, p: int) -> Interval | None:
    """Interval over workloads as a sample: mean ± t(.975, W - 1) sd/sqrt(W)."""
    means = overall.means[p][overall.used[p]]
    if len(means) < ENOUGH_WORKLOADS:
        return None
    half = t_quantile(0.975, len(means) - 1) * float(np.std(means, ddof=1)) / math.sqrt(len(means))
    value = float(overall.value[p])
    return math.exp(value - half), math.exp(value + half)
