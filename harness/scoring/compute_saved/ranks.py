"""Ranks by speed-up and how far they can be trusted: studies resampled within workloads, all submissions together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.canonical import stable_seed
from harness.scoring.compute_saved.contrasts import ENOUGH_STUDIES, moments
from harness.scoring.compute_saved.gains import Gains, Sides
from harness.scoring.compute_saved.speedup import Comparison, compared, overall
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools

DRAWS = 4000
TIE = 1e-12
"""Log speed-ups no further apart than this share a rank."""


@dataclass(frozen=True)
class RankRange:
    """The rank of a submission, 1 the best, and its range of 95 % (each submission's, not all at once)."""

    rank: int
    low: int
    high: int


def rank_ranges(found: Gains, comparison: Comparison, everyone: int) -> tuple[RankRange, ...]:
    """Return the ranks of submissions by their speed-ups over one baseline, in the order of `comparison`.

    Args:
        found: the gains.
        comparison: of each submission with the baseline.
        everyone: submissions on the board.

    2.5 and 97.5 % quantiles over joint draws, rounded outwards and widened to the observed rank. Without an interval, because
    there are fewer than three common studies on every workload or nothing varies, any rank is possible. A submission without a
    speed-up comes last.
    """
    observed = ranks(comparison.overall.value)
    drawn = ranks(drawn_values(found, comparison))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    enough = comparison.overall.counts.max(axis=-1, initial=0) >= ENOUGH_STUDIES
    enough &= ~np.isnan(comparison.overall.error) | (comparison.this == comparison.other)
    return tuple(
        RankRange(int(rank), min(math.floor(a), int(rank)), max(math.ceil(b), int(rank)))
        if known
        else RankRange(int(rank), 1, everyone)
        for rank, a, b, known in zip(observed, low, high, enough, strict=True)
    )


def board_ranks(found: Gains, comparison: Comparison) -> dict[str, RankRange]:
    """Return the rank and range of every submission of a board by name.

    Those that are compared on every workload are ranked among themselves. One that ran on fewer is set against their means
    over its own workloads, and its range is all ranks.

    Args:
        found: the gains.
        comparison: of every submission, in their order, with the baseline.
    """
    names, used, means = found.submissions, comparison.overall.used, comparison.overall.means
    width = used.sum(axis=-1)
    complete = np.flatnonzero(width == width.max(initial=0))
    own = compared(found, comparison.this[complete], comparison.other[complete])
    among = rank_ranges(found, own, len(names))
    result = {names[i]: place for i, place in zip(complete.tolist(), among, strict=True)}
    kept = [[float(m) if there else None for m, there in zip(*row, strict=True)] for row in zip(means, used, strict=True)]
    everywhere = common_ranks(dict(zip(names, kept, strict=True)))
    return {name: result.get(name, RankRange(everywhere[name], 1, len(names))) for name in names}


def common_ranks(values: Mapping[str, Sequence[float | None]]) -> dict[str, int]:
    """Return the rank of every submission, the largest mean first, compared only on what it and the others have.

    A submission with fewer values is set against the means, over its own places, of those that have them all. One without
    any value comes last.

    >>> common_ranks({"a": [3.0, 1.0], "b": [2.0, 1.5], "c": [None, 2.0], "d": [None, None]})
    {'a': 1, 'b': 2, 'c': 1, 'd': 4}
    """
    result = {}
    for name, own in values.items():
        places = [k for k, value in enumerate(own) if value is not None]
        whole = [[other[k] for k in places] for other in values.values() if None not in other]
        means = [math.fsum(v for v in other if v is not None) / max(len(places), 1) for other in whole]
        mine = math.fsum(v for v in own if v is not None) / max(len(places), 1)
        result[name] = 1 + sum(mean > mine + TIE for mean in means) if places else len(values)
    return result


def ranks(values: Floats) -> Floats:
    """Return ranks along the last axis, largest first; ties share the best rank, NaN comes last.

    >>> ranks(np.array([0.5, 0.9, 0.5 + 1e-13, np.nan]))
    array([2., 1., 2., 4.])
    """
    values = np.where(np.isnan(values), -np.inf, values)
    result = np.empty_like(values)
    for i in range(values.shape[-1]):
        result[..., i] = 1 + (values > values[..., i : i + 1] + TIE).sum(axis=-1)
    return result


def drawn_values(found: Gains, comparison: Comparison, draws: int = DRAWS) -> Floats:
    """Return the log speed-ups under resampled studies, [draws, submissions]; the same for the same studies.

    Each workload's deviation from its mean is multiplied by sqrt(n / (n - 1)), so that the draws vary as much as the
    means do. Submissions of one machine type share their draws; those of another are resampled apart.
    """
    f, g = overall(comparison.own), overall(comparison.theirs)
    used, together = comparison.overall.used, comparison.paired
    result = np.zeros((draws, len(f)))
    for k, label in enumerate(found.workloads):
        parts = (
            (f - g, comparison.theirs, together[:, k], 1.0),
            (f, comparison.own, ~together[:, k], 1.0),
            (g, comparison.theirs, ~together[:, k], -1.0),
        )
        for values, side, rows, sign in parts:
            for kind, members in _by_machine(found, side, k, rows).items():
                means = _resampled(values[members, k], (label, kind), draws)
                result[:, members] += sign * np.where(used[members, k], means, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(result / used.sum(axis=-1))


def _by_machine(found: Gains, side: Sides, k: int, rows: Bools) -> dict[str, list[int]]:
    """Return the chosen rows by the machine types of the side's studies on workload `k`."""
    groups: dict[str, list[int]] = {}
    for row in np.flatnonzero(rows).tolist():
        kinds = sorted(set(side.machines[row, k].tolist()) - {-1})
        groups.setdefault(", ".join(found.machine_types[kind] for kind in kinds), []).append(row)
    return groups


def _resampled(values: Floats, key: tuple[str, str], draws: int) -> Floats:
    """Return means over resampled studies, deviations scaled, [draws, rows]; the observed mean where a draw holds no study."""
    there = ~np.isnan(values)
    studies = np.flatnonzero(there.any(axis=0))
    if not studies.size:
        return np.zeros((draws, len(values)))
    times = multiplicities(key, len(studies), draws)
    mean, _, n = moments(values)
    scale = np.sqrt(n / np.maximum(n - 1, 1))
    deviations = np.where(there, values - mean[:, None], 0.0)[:, studies]
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = (times @ deviations.T) / (times @ there[:, studies].T.astype(float))
    return np.asarray(mean + scale * np.where(np.isfinite(shift), shift, 0.0))


@lru_cache(maxsize=64)
def multiplicities(key: tuple[str, ...], n: int, draws: int) -> Floats:
    """Return how often each of n studies is in each draw of n, [draws, n]."""
    picks = np.random.default_rng(stable_seed("studies", *key)).integers(n, size=(draws, n))
    counts = np.stack([(picks == study).sum(axis=1) for study in range(n)], axis=1).astype(float)
    counts.flags.writeable = False
    return counts
