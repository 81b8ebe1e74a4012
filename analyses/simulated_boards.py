"""Synthetic boards whose truth is known: trials of known quality, read off simulated rulers by the code that scores boards."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from harness.scoring.compute_saved.equivalent import Equivalents, read_all
from harness.scoring.compute_saved.gains import Gains, gains
from harness.scoring.medians import Floats
from harness.scoring.ruler import Point, ruler_of

WORKLOADS = 12
HORIZONS = (0.5, 1.0)
TRIALS = 2
SECOND_RATE = -0.05
"""The second rate is that much worse in log E, before noise."""
RULER_HORIZONS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3)
RULER_SEEDS = 20
STUDY_SPREAD = 0.10
"""Of log E, shared by all submissions of a study: common seeds and a common shift of the rates."""

Noise = Callable[[np.random.Generator, tuple[int, ...]], Floats]

_K = np.arange(WORKLOADS)
POWERS = 0.3 + 0.05 * _K
"""Loss at h budgets: h to minus this power, by workload."""


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return standard normal noise of log E: E is lognormal."""
    return generator.standard_normal(shape)


def t4(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return Student noise with 4 degrees of freedom, of unit variance."""
    return generator.standard_t(4, shape) / math.sqrt(2)


@dataclass(frozen=True)
class Design:
    """How final qualities come about: log E = log h + effect of the submission + study + rate + noise.

    Attributes:
        spread: of the noise of log E between seeds, [workloads].
        noise: of unit variance.
        falls: probability that all trials of a study diverge, [workloads] in cyclic order over submissions.
        shift: added to every effect, [workloads]: carries qualities to the limits.
        rare: a fall is too rare for a sample to show it: coverage is reported, not asked for.
    """

    spread: Floats
    noise: Noise = normal
    falls: Floats = field(default_factory=lambda: np.zeros(WORKLOADS))
    shift: Floats = field(default_factory=lambda: np.zeros(WORKLOADS))
    rare: bool = False


def _everywhere(value: float) -> Floats:
    return np.full(WORKLOADS, value)


DESIGNS = {
    "lognormal, 10 %": Design(_everywhere(0.10)),
    "t4, 10 %": Design(_everywhere(0.10), noise=t4),
    "noise 2 %": Design(_everywhere(0.02)),
    "noise 25 %": Design(_everywhere(0.25)),
    "noise 2 to 25 %, by workload": Design(np.geomspace(0.02, 0.25, WORKLOADS)),
    "one workload of 3 times the noise": Design(np.where(_K == 0, 0.15, 0.05)),
    "one workload of 12 times the noise": Design(np.where(_K == 0, 0.25, 0.02)),
    "no variance on ten of twelve": Design(np.where(_K < 2, 0.1, 0.0)),
    "low and high limits": Design(
        _everywhere(0.15), shift=np.select([_K % 4 == 0, _K % 4 == 1], [-math.log(8) - 0.1, math.log(3) + 0.1], 0.0)
    ),
    "falls of 10 to 50 %": Design(_everywhere(0.10), falls=np.array([0.0, 0.1, 0.3, 0.5])[_K % 4]),
    "falls of 5 %": Design(_everywhere(0.10), falls=_everywhere(0.05), rare=True),
    "falls of 2 %": Design(_everywhere(0.10), falls=_everywhere(0.02), rare=True),
    "falls of 20 % on two of twelve": Design(_everywhere(0.10), falls=np.where(_K < 2, 0.2, 0.0), rare=True),
}


def stored_rulers(design: Design, generator: np.random.Generator) -> list[tuple[Point, ...]]:
    """Return the kept points of one simulated ruler per workload: medians over 20 seeds of the reference recipe."""
    points = []
    for k in range(WORKLOADS):
        finals = {
            h: loss(k, math.log(h) + design.spread[k] * design.noise(generator, (RULER_SEEDS,))).tolist()
            for h in RULER_HORIZONS
        }
        points.append(ruler_of(f"w{k}", finals).points)
    return points


def exact_rulers() -> list[tuple[Point, ...]]:
    """Return rulers that infinitely many seeds would give, so dense that interpolation costs nothing."""
    dense = np.geomspace(RULER_HORIZONS[0], RULER_HORIZONS[-1], 600)
    return [tuple(zip(dense.tolist(), loss(k, np.log(dense)).tolist(), strict=True)) for k in range(WORKLOADS)]


def loss(workload: int, log_e: Floats) -> Floats:
    """Return the loss of an equivalent budget."""
    value: Floats = np.exp(-POWERS[workload] * log_e)
    return value


@dataclass(frozen=True)
class Trials:
    """Final losses and log h, [submissions, workloads, studies, horizons, trials]."""

    losses: Floats
    log_horizons: Floats

    def read(self, points: list[tuple[Point, ...]]) -> Gains:
        """Return the studies' gains on the `examples` clock, by the code that scores boards."""
        shape = self.losses.shape
        read = read_all(points, self.losses, self.log_horizons, np.ones(shape, dtype=bool))
        found = Equivalents(
            submissions=tuple(f"s{i:02d}" for i in range(shape[0])),
            workloads=tuple(f"w{k}" for k in range(shape[1])),
            studies=tuple(range(shape[2])),
            horizons=HORIZONS,
            losses=self.losses,
            log_horizons=self.log_horizons,
            gains=read[0],
            low=read[1],
            high=read[2],
            costs={},
            usual_costs={},
            trials=np.full((shape[0], shape[1], shape[3]), shape[4], dtype=np.int64),
            machines=np.zeros(shape[:3], dtype=np.int64),
            machine_types=("",),
            absent={},
        )
        return gains(found, "examples")


def simulated(design: Design, effects: Floats, studies: int, generator: np.random.Generator, *, equal: bool = False) -> Trials:
    """Return the trials of `studies` independent studies of every workload.

    Args:
        design: how they come about.
        effects: log gain of every submission over the reference recipe.
        studies: how many.
        generator: of the noise.
        equal: every submission falls as often as the others on a workload.
    """
    submissions = len(effects)
    shape = (submissions, WORKLOADS, studies, len(HORIZONS), TRIALS)
    s = np.arange(submissions)[:, None]
    # A submission is not equally good everywhere.
    own = effects[:, None] * (1 + 0.3 * np.sin(s + _K)) + design.shift
    study = generator.normal(0, STUDY_SPREAD, (1, WORKLOADS, studies, 1, 1)) * (design.spread > 0)[:, None, None, None]
    noise = design.spread[:, None, None, None] * design.noise(generator, shape)
    log_h = np.broadcast_to(np.log(HORIZONS)[:, None], shape)
    log_e = log_h + own[:, :, None, None, None] + study + noise + np.array([0.0, SECOND_RATE])
    losses = np.stack([loss(k, log_e[:, k]) for k in range(WORKLOADS)], axis=1)
    falls = design.falls[np.broadcast_to(_K, (submissions, WORKLOADS)) if equal else (s + _K) % WORKLOADS]
    fallen = generator.random(shape[:3]) < falls[:, :, None]
    return Trials(np.where(fallen[..., None, None], np.inf, losses), log_h)
