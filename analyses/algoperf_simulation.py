"""Coverage of the intervals on simulated boards with the cells, misses and spreads of AlgoPerf v0.5's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from analyses.markdown import table
from analyses.score_differences import score_differences
from harness.canonical import stable_seed
from harness.scoring.medians import Floats, medians
from harness.scoring.profiles import apply_held_out, contributions
from harness.scoring.resampling import random_resample
from harness.scoring.study_times import StudyTimes
from harness.scoring.uncertainty import score_estimates, unit_interval

TRUTH_BOARDS, BOARDS, DRAWS = 4000, 200, 1000


@dataclass(frozen=True)
class TableModel:
    """A distribution of boards: each cell of a table has a lognormal time and a probability of a miss.

    Attributes:
        study_times: the table: which cells ran, with which times.
        smoothed: add half a miss and half a hit to each cell that reached its target at all, for rare misses that five
            studies do not show. Otherwise the observed share of misses is the probability.
    """

    study_times: StudyTimes
    smoothed: bool

    def times(self, generator: np.random.Generator, label: str, boards: int) -> Floats:
        """Return X of one workload, [submissions, boards, studies]; NaN where the table has no study."""
        observed = self.study_times.times[label]
        present = ~np.isnan(observed)
        hit = np.isfinite(observed)
        logs = np.where(hit, np.log(np.where(hit, observed, 1.0)), 0.0)
        n, reached = present.sum(axis=1), hit.sum(axis=1)
        middle = logs.sum(axis=1) / np.maximum(reached, 1)
        squares = (np.where(hit, logs - middle[:, None], 0.0) ** 2).sum(axis=1)
        pooled = squares.sum() / max(int(np.maximum(reached - 1, 0).sum()), 1)
        spread = np.sqrt(np.where(reached > 1, squares / np.maximum(reached - 1, 1), pooled))
        share = reached / np.maximum(n, 1)
        if self.smoothed:
            share = np.where(reached > 0, (reached + 0.5) / (n + 1), 0.0)
        shape = (len(observed), boards, observed.shape[1])
        times = np.exp(middle[:, None, None] + spread[:, None, None] * generator.normal(size=shape))
        times = np.where(generator.random(shape) < share[:, None, None], times, np.inf)
        return np.where(present[:, None, :], times, np.nan)

    def scores(self, times: Mapping[str, Floats]) -> Floats:
        """Return the scores of boards with these times, [submissions, boards]."""
        known = self.study_times
        h = [
            contributions(apply_held_out(medians(times[w]), [medians(times[v]) for v in known.variants[w]]))
            for w in known.workloads
        ]
        mean: Floats = np.mean(h, axis=0)
        return mean

    def boards(self, purpose: str, count: int) -> dict[str, Floats]:
        """Return the times of `count` boards by workload label; equal purposes give equal boards."""
        generator = np.random.default_rng(stable_seed("v05 world", purpose, self.smoothed))
        return {label: self.times(generator, label, count) for label in self.study_times.labels}


def coverage(model: TableModel, boards: int = BOARDS, truth_boards: int = TRUTH_BOARDS) -> tuple[Floats, Floats, float]:
    """Return how often intervals contain the mean over many boards, and how often Holm's adjusted tests err.

    Returns:
        share of boards for each score, [submissions]; for each difference of two scores, [pairs]; share of boards on
        which some pair is separable in the wrong direction, compared with which of the two mean scores is larger.
    """
    truth = model.scores(model.boards("truth", truth_boards)).mean(axis=1)
    times = model.boards("boards", boards)
    scores_covered, differences_covered, wrong = [], [], 0
    names = model.study_times.submissions
    for board in range(boards):
        study_times = replace(model.study_times, times={label: values[:, board] for label, values in times.items()})
        joint = [random_resample(study_times, workload, DRAWS) for workload in study_times.workloads]
        estimates, _ = score_estimates(study_times, joint, np.stack([contributions(r.times) for r in joint]))
        intervals = [e.interval() for e in estimates]
        scores_covered.append(
            [_covers(unit_interval(*i) if i else None, value) for i, value in zip(intervals, truth, strict=True)]
        )
        differences = score_differences(study_times, draws=DRAWS)
        gaps = {pair: float(truth[names.index(pair[0])] - truth[names.index(pair[1])]) for pair in differences}
        differences_covered.append([_covers(d.estimate.interval(), gaps[pair]) for pair, d in differences.items()])
        wrong += any(d.separable and d.estimate.value * gaps[pair] <= 0 for pair, d in differences.items())
    return np.nanmean(scores_covered, axis=0), np.nanmean(differences_covered, axis=0), wrong / boards


def _covers(interval: tuple[float, float] | None, value: float) -> float:
    """1 or 0, NaN without an interval. The slack keeps rounding errors from deciding at the ends."""
    return np.nan if interval is None else float(interval[0] - 1e-12 <= value <= interval[1] + 1e-12)


def coverage_table(study_times: StudyTimes, boards: int = BOARDS) -> str:
    """Return the coverage under both models as a table."""
    rows = []
    for name, smoothed in (("misses as observed", False), ("rare misses everywhere", True)):
        scores, differences, wrong = coverage(TableModel(study_times, smoothed), boards)
        lowest = study_times.submissions[int(scores.argmin())]
        rows.append([name, _spread(scores), lowest, _spread(differences), f"{wrong:.1%}"])
    head = ("model", "score intervals cover", "lowest", "difference intervals cover", "boards with a wrong verdict")
    sizes = f"{boards} boards per model; the truth is the mean over {TRUTH_BOARDS} boards; cells: mean (lowest to highest)."
    return table(head, rows) + f"\n{sizes}\n"


def _spread(shares: Floats) -> str:
    return f"{shares.mean():.0%} ({shares.min():.0%} to {shares.max():.0%})"
