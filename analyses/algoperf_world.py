"""Coverage of the intervals in synthetic worlds of the shape of AlgoPerf v0.5's table: the same cells, misses and spreads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyses.score_differences import score_differences
from harness.records import stable_seed
from harness.scoring.medians import Floats, medians
from harness.scoring.profiles import apply_held_out, contributions
from harness.scoring.resampling import random_resample
from harness.scoring.study_times import StudyTimes
from harness.scoring.uncertainty import score_estimates, unit_interval

TRUTH_BOARDS, BOARDS, DRAWS = 4000, 200, 1000

Pair = tuple[str, str]


@dataclass(frozen=True)
class World:
    """Where new boards come from: each cell of a table as a lognormal time with a probability of a miss.

    Attributes:
        pool: the table; which cells ran, with how many studies.
        smoothed: add half a miss and half a hit to each cell that reached at all: rare misses that five studies do
            not show. Otherwise the observed share of misses is the truth.
    """

    study_times: StudyTimes
    smoothed: bool

    def times(self, generator: np.random.Generator, label: str, boards: int) -> Floats:
        """Return X, [submissions, boards, studies]; NaN where the table has no study."""
        seen = self.study_times.times[label]
        present = ~np.isnan(seen)
        hit = np.isfinite(seen)
        logs = np.where(hit, np.log(np.where(hit, seen, 1.0)), 0.0)
        n, reached = present.sum(axis=1), hit.sum(axis=1)
        middle = logs.sum(axis=1) / np.maximum(reached, 1)
        squares = (np.where(hit, logs - middle[:, None], 0.0) ** 2).sum(axis=1)
        pooled = squares.sum() / max(int(np.maximum(reached - 1, 0).sum()), 1)
        spread = np.sqrt(np.where(reached > 1, squares / np.maximum(reached - 1, 1), pooled))
        share = reached / np.maximum(n, 1)
        if self.smoothed:
            share = np.where(reached > 0, (reached + 0.5) / (n + 1), 0.0)
        shape = (len(seen), boards, seen.shape[1])
        made = np.exp(middle[:, None, None] + spread[:, None, None] * generator.normal(size=shape))
        made = np.where(generator.random(shape) < share[:, None, None], made, np.inf)
        return np.where(present[:, None, :], made, np.nan)

    def scores(self, times: dict[str, Floats]) -> Floats:
        """Return the scores of boards, [submissions, boards]."""
        h = [
            contributions(apply_held_out(medians(times[w]), [medians(times[v]) for v in self.study_times.variants[w]]))
            for w in self.study_times.workloads
        ]
        mean: Floats = np.mean(h, axis=0)
        return mean


def coverage(world: World, boards: int = BOARDS, truth_boards: int = TRUTH_BOARDS) -> tuple[Floats, Floats, float]:
    """Return how often intervals hold the mean of many boards, and how often Holm errs.

    Returns:
        share of boards for each score, [submissions]; for each difference of two scores, [pairs]; share of boards on
        which some pair is called separable in the wrong direction (which of two scores is the larger, on average).
    """
    truth = world.scores(_drawn(world, "truth", truth_boards)).mean(axis=1)
    times = _drawn(world, "boards", boards)
    held, pairs_held, wrong = [], [], 0
    names = world.study_times.submissions
    for board in range(boards):
        study_times = replace(world.study_times, times={label: values[:, board] for label, values in times.items()})
        joint = [random_resample(study_times, workload, DRAWS) for workload in study_times.workloads]
        estimates, _ = score_estimates(study_times, joint, np.stack([contributions(r.times) for r in joint]))
        intervals = [e.interval() for e in estimates]
        held.append([_holds(unit_interval(*i) if i else None, value) for i, value in zip(intervals, truth, strict=True)])
        differences = score_differences(study_times, draws=DRAWS)
        gaps = {pair: float(truth[names.index(pair[0])] - truth[names.index(pair[1])]) for pair in differences}
        pairs_held.append([_holds(d.estimate.interval(), gaps[pair]) for pair, d in differences.items()])
        wrong += any(d.separable and d.estimate.value * gaps[pair] <= 0 for pair, d in differences.items())
    return np.nanmean(held, axis=0), np.nanmean(pairs_held, axis=0), wrong / boards


def _drawn(world: World, what: str, boards: int) -> dict[str, Floats]:
    generator = np.random.default_rng(stable_seed("v05 world", what, world.smoothed))
    return {label: world.times(generator, label, boards) for label in world.study_times.labels}


def _holds(interval: tuple[float, float] | None, value: float) -> float:
    """1 or 0; NaN where there is no interval, since nothing was reached. Rounding must not decide at the ends."""
    return np.nan if interval is None else float(interval[0] - 1e-12 <= value <= interval[1] + 1e-12)


def coverage_table(
    study_times: StudyTimes, table: Callable[[Sequence[str], Sequence[Sequence[str]]], str], boards: int = BOARDS
) -> str:
    """Return the coverage in both worlds as a table."""
    rows = []
    for name, smoothed in (("misses as observed", False), ("rare misses everywhere", True)):
        scores, pairs, wrong = coverage(World(study_times, smoothed), boards)
        worst = study_times.submissions[int(scores.argmin())]
        rows.append([name, _spread(scores), worst, _spread(pairs), f"{wrong:.1%}"])
    head = ("world", "score intervals hold", "the least of", "differences hold", "boards with a wrong verdict")
    return (
        table(head, rows) + f"\n{boards} boards a world; truth: the mean of {TRUTH_BOARDS} boards; means, lowest to highest.\n"
    )


def _spread(shares: Floats) -> str:
    return f"{shares.mean():.0%} ({shares.min():.0%} to {shares.max():.0%})"
