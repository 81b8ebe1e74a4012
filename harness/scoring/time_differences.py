"""Differences of log times between submissions, for many pairs at once: mean, variance, marks, misses, and their limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.scoring.compute_saved.contrasts import Contrasts, moments, over_workloads
from harness.scoring.compute_saved.limits import study_pairs
from harness.scoring.log_times import LogTimes
from harness.scoring.machines import Bools, Ints, same_kinds
from harness.scoring.medians import Floats


@dataclass(frozen=True)
class Differences:
    """P comparisons of log times; common studies are those of equal index where paired, else the first of each side, and so on.

    Attributes:
        overall: log(time of other / time of this).
        paired: whether studies are paired, [P, workloads].
        reached: whether at least one of the two reached in some study that counts, same shape.
        codes: marks, as places in `harness.scoring.compute_saved.limits.MARKS`, same shape.
        misses: common studies in which at least one of the two missed, same shape.
        floors, ceilings: the log ratio if this one, or the other one, had never reached, [P].
    """

    overall: Contrasts
    paired: Bools
    reached: Bools
    codes: Ints
    misses: Ints
    floors: Floats
    ceilings: Floats


def differences(times: LogTimes, this: Ints, other: Ints) -> Differences:
    """Return the comparisons of submissions `this` with `other` (indices, [P]).

    v_w = max(var_j(d_wj)/n, g_w^2/(6n)): the lower limit is the error of rounding two times to the evaluation grid (two
    uniform errors of variance g^2/12 each), where at least one of the two reached. Unpaired studies contribute the sum of
    both variances (Welch 1938).
    """
    x, y = times.values[this], times.values[other]
    first, second = ~np.isnan(x), ~np.isnan(y)
    paired = same_kinds(times.machines[this], times.machines[other], first, second)
    common = first & second
    # What each side counts: all its studies where they are not paired.
    first, second = (np.where(paired[..., None], common, side) for side in (first, second))
    hits = [~times.missed[who] & side for who, side in ((this, first), (other, second))]
    reached = np.asarray(hits[0].any(axis=-1) | hits[1].any(axis=-1))
    own, theirs = moments(np.where(first, x, np.nan)), moments(np.where(second, y, np.nan))
    both = moments(np.where(common, y - x, np.nan))
    grids = [np.where(reached, times.steps[who] ** 2 / 12, 0.0) for who in (this, other)]
    means = np.where(paired, both[0], theirs[0] - own[0])
    parts = np.stack(
        [
            np.where(paired, _at_least(both, grids[0] + grids[1]), _at_least(own, grids[0])),
            np.where(paired, 0.0, _at_least(theirs, grids[1])),
        ],
        axis=-1,
    )
    freedoms = np.stack([np.where(paired, both[2], own[2]), np.where(paired, 2, theirs[2])], axis=-1) - 1.0
    overall = over_workloads(means, parts, freedoms, np.where(paired, both[2], np.minimum(own[2], theirs[2])))
    mine, yours = (times.missed[who] & side for who, side in ((this, first), (other, second)))
    return Differences(
        overall=overall,
        paired=paired,
        reached=reached,
        codes=_codes(mine, yours, paired),
        misses=_misses(mine, yours, study_pairs(x, y, paired)),
        floors=_mean(theirs[0] - times.charges, overall.used),
        ceilings=_mean(times.charges - own[0], overall.used),
    )


def _at_least(found: tuple[Floats, Floats, Ints], grid: Floats) -> Floats:
    """Variance of the mean, at least that of rounding to the grid."""
    _, variance, n = found
    return np.asarray(np.maximum(variance, grid / np.maximum(n, 1)))


def _codes(mine: Bools, yours: Bools, paired: Bools) -> Ints:
    """1 where only this one missed, 2 where only the other did, 3 where both did in different studies, [P, workloads]."""
    alone = mine & ~(yours & paired[..., None]), yours & ~(mine & paired[..., None])
    return np.asarray(alone[0].any(axis=-1) + 2 * alone[1].any(axis=-1), dtype=np.int64)


def _misses(mine: Bools, yours: Bools, against: tuple[Ints, Ints, Bools]) -> Ints:
    *places, there = against
    either = [np.take_along_axis(lost, place, axis=-1) for lost, place in zip((mine, yours), places, strict=True)]
    return np.asarray(((either[0] | either[1]) & there).sum(axis=-1))


def _mean(values: Floats, used: Bools) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(used, values, 0.0).sum(axis=-1) / used.sum(axis=-1))
