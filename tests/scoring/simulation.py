"""Synthetic boards with known truth: the designs of docs/statistics.md, "Coverage"."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.scoring.budgets import Budgets
from harness.scoring.intervals import holm
from harness.scoring.log_times import log_times
from harness.scoring.machines import Machines
from harness.scoring.medians import Floats, medians
from harness.scoring.profiles import contributions, ranked
from harness.scoring.resampling import random_resample
from harness.scoring.speed import contrast
from harness.scoring.study_times import StudyTimes
from harness.scoring.uncertainty import rank_ranges, score_estimates

SUBMISSIONS, WORKLOADS = 4, 8
BUDGET = 1000.0
EFFECTS = np.array([0.0, 0.10, 0.25, 0.60])
"""Log times of the submissions against the first one."""

Noise = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def _normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return generator.normal(0.0, 0.15, shape)


def _t4(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return generator.standard_t(4, shape) * 0.15 / math.sqrt(2)


@dataclass(frozen=True)
class Design:
    """A distribution of times: log X = workload + study + effect of the submission on that workload + noise.

    Attributes:
        noise: of one time.
        grid: evaluation period as a share of the budget; 0 is continuous.
        misses: probability of a miss in each cell, [submissions, workloads].
    """

    noise: Noise
    grid: float
    misses: Floats

    def times(self, generator: np.random.Generator, boards: int, n: int, effects: Floats = EFFECTS) -> Floats:
        """Return X, [boards, submissions, workloads, n]."""
        shape = (boards, SUBMISSIONS, WORKLOADS, n)
        centre = np.log(BUDGET) - 1.2 + 0.1 * np.cos(np.arange(WORKLOADS))
        study = generator.normal(0.0, 0.10, (boards, 1, WORKLOADS, n))
        # A submission is not equally good everywhere.
        own = effects[:, None] * (1 + 0.3 * np.sin(np.arange(SUBMISSIONS)[:, None] + np.arange(WORKLOADS)))
        times = np.exp(centre[:, None] + own[:, :, None] + study + self.noise(generator, shape))
        if self.grid:
            times = np.ceil(times / (self.grid * BUDGET)) * self.grid * BUDGET
        missed = generator.random(shape) < self.misses[:, :, None]
        return np.where(missed | (times > BUDGET), np.inf, times)


_CELL = np.arange(SUBMISSIONS)[:, None] + np.arange(WORKLOADS)
_NEVER = np.zeros((SUBMISSIONS, WORKLOADS))
_RARE = np.full((SUBMISSIONS, WORKLOADS), 0.02)
_MIXED = np.array([0.0, 0.1, 0.3, 0.5])[_CELL % 4]
_CONCENTRATED = np.where(_CELL % 4 == 0, 0.2, 0.0)

DESIGNS = {
    "lognormal": Design(_normal, 0.0, _NEVER),
    "t4": Design(_t4, 0.0, _NEVER),
    "grid": Design(_normal, 0.05, _NEVER),
    "rare misses": Design(_normal, 0.0, _RARE),
    "mixed misses": Design(_normal, 0.0, _MIXED),
}
HARD = Design(_normal, 0.0, _CONCENTRATED)
"""Two cells of eight cause nearly all of a submission's variance, of which three studies often show nothing."""


def study_times(times: Floats, grid: float) -> StudyTimes:
    """Return the study times of one board from an array, [submissions, workloads, n]."""
    labels = tuple(f"w{k}" for k in range(times.shape[1]))
    step = grid * BUDGET if grid else math.nan
    return StudyTimes(
        submissions=tuple(f"s{i}" for i in range(times.shape[0])),
        workloads=labels,
        variants=dict.fromkeys(labels, ()),
        families={w: w for w in labels},
        studies={w: tuple(range(times.shape[2])) for w in labels},
        times={w: times[:, k] for k, w in enumerate(labels)},
        steps={w: np.full(times[:, k].shape, step) for k, w in enumerate(labels)},
        budgets=Budgets(dict.fromkeys(labels, BUDGET)),
        machines=Machines(("",), {w: np.zeros(times[:, k].shape, dtype=np.int64) for k, w in enumerate(labels)}),
        paired=True,
    )


@dataclass(frozen=True)
class Coverage:
    """Shares of intervals that cover the truth: of scores (per submission), ranks, speed-ups over the first submission."""

    score: Floats
    rank: Floats
    speedup: Floats


def coverage(design: Design, n: int, boards: int, seed: int, repetitions: int = 20_000) -> Coverage:
    """Return the coverage over `boards` synthetic boards; the truth is the mean over `repetitions` fresh ones."""
    generator = np.random.default_rng([seed, n])
    fresh = design.times(generator, repetitions, n)
    true_score = contributions(medians(fresh).swapaxes(0, 1)).mean(axis=(1, 2))
    charged = np.log(np.minimum(fresh, BUDGET))
    true_speed = (charged[:, :1] - charged).mean(axis=(0, 2, 3))
    true_rank = ranked(true_score)
    covered = np.zeros((3, SUBMISSIONS))
    for times in design.times(generator, boards, n):
        board = study_times(times, design.grid)
        joint = [random_resample(board, workload) for workload in board.workloads]
        h = np.stack([contributions(resample.times) for resample in joint])
        estimates, fewest = score_estimates(board, joint, h)
        ranks = rank_ranges(h, estimates, fewest)
        logs = log_times(board)
        for s in range(SUBMISSIONS):
            interval = estimates[s].interval()
            covered[0, s] += interval is not None and max(0.0, interval[0]) <= true_score[s] <= min(1.0, interval[1])
            covered[1, s] += ranks[s][0] <= true_rank[s] <= ranks[s][1]
            speed = contrast(logs, s, 0).estimate.interval()
            covered[2, s] += speed is not None and speed[0] <= true_speed[s] <= speed[1]
    return Coverage(*(covered / boards))


def family_wise_error(design: Design, n: int, boards: int, seed: int) -> float:
    """Return the share of boards of equal submissions on which Holm calls any pair separable."""
    generator = np.random.default_rng([seed, n, 1])
    equal = Design(design.noise, design.grid, np.broadcast_to(design.misses[0], design.misses.shape))
    wrong = 0
    for times in equal.times(generator, boards, n, np.zeros(SUBMISSIONS)):
        logs = log_times(study_times(times, design.grid))
        p = [contrast(logs, a, b).estimate.p for a in range(SUBMISSIONS) for b in range(a)]
        wrong += any(q is not None and q <= 0.05 for q in holm(p))
    return wrong / boards
