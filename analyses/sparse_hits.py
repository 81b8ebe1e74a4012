"""How often equal submissions are called separable by their times to the target, where few targets are ever reached.

    python -m analyses.sparse_hits [--boards 2000] [--studies 3 5 10]

Boards have 12 workloads and 20 equal submissions. On some workloads each study of each submission reaches the target with
the same probability, at a lognormal time on a grid of evaluations; on the others nobody ever does. A board errs if Holm's
test calls any pair separable. "Without the condition" is the same if one workload on which either reached were enough.
`python -m analyses.coverage` prints this table below its own.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.scoring.budgets import Budgets
from harness.scoring.compute_saved.pairs import LEAST_WORKLOADS, LEVEL
from harness.scoring.intervals import holm
from harness.scoring.log_times import log_times
from harness.scoring.machines import Machines
from harness.scoring.medians import Floats
from harness.scoring.study_times import StudyTimes
from harness.scoring.time_differences import differences

BOARDS = 2000
STUDIES = (3, 5, 10)
WORKLOADS = 12
EQUALS = 20
BUDGET = 1.0
GRID = 0.05
"""Evaluation period as a share of the budget."""
USUAL_TIME = 0.3
"""Median time of a hit, as a share of the budget: far enough from it that a hit and a miss differ much."""
STUDY_SPREAD, SPREAD = 0.03, 0.05
"""Of log times: shared by all submissions of a study, and of each."""
CHUNK = 40
"""Boards that are simulated at once."""


@dataclass(frozen=True)
class World:
    """Of 12 workloads, `reached` have a target that a study reaches with probability `hits`; no study reaches another.

    `required`: whether its family-wise error has to be at most 6 %; the others are reported.
    """

    reached: int
    hits: float

    @property
    def required(self) -> bool:
        """Whether fewer workloads are ever reached than a verdict asks for."""
        return self.reached < LEAST_WORKLOADS

    def times(self, generator: np.random.Generator, boards: int, studies: int) -> Floats:
        """Return times to target, [boards, submissions, workloads, studies]; infinite where missed."""
        shape = (boards, EQUALS, WORKLOADS, studies)
        study = generator.normal(0, STUDY_SPREAD, (boards, 1, WORKLOADS, studies))
        log_times = math.log(USUAL_TIME) + study + generator.normal(0, SPREAD, shape)
        times = np.ceil(BUDGET * np.exp(log_times) / GRID) * GRID
        hit = (generator.random(shape) < self.hits) & (np.arange(WORKLOADS) < self.reached)[:, None] & (times <= BUDGET)
        return np.where(hit, times, np.inf)


WORLDS = tuple(World(reached, hits) for reached in (1, 2, 3, 4, 6, 12) for hits in (0.2, 0.5, 0.8))


def family_wise_errors(world: World, studies: int, *, boards: int = BOARDS, seed: int = 1) -> tuple[float, float]:
    """Return the share of boards on which any pair is called separable, as it is and without the condition on workloads."""
    generator = np.random.default_rng([seed, world.reached, round(100 * world.hits), studies])
    wrong = np.zeros(2)
    for first in range(0, boards, CHUNK):
        wrong += _errors(world.times(generator, min(CHUNK, boards - first), studies))
    with_condition, without = (wrong / boards).tolist()
    return with_condition, without


def _errors(times: Floats) -> Floats:
    """On how many of these boards any pair is called separable, [with the condition, without]."""
    boards, submissions = times.shape[:2]
    logs = log_times(_study_times(times.reshape(boards * submissions, *times.shape[2:])))
    pairs = np.array(list(combinations(range(submissions), 2)))
    places = (np.arange(boards)[:, None, None] * submissions + pairs).reshape(-1, 2)
    found = differences(logs, places[:, 0], places[:, 1])
    p = found.overall.p_values().reshape(boards, len(pairs))
    enough = (found.reached & found.overall.used).sum(axis=-1).reshape(p.shape) >= LEAST_WORKLOADS
    wrong = np.zeros(2)
    # Holm's first step: elsewhere no pair is separable.
    for board in np.flatnonzero(np.where(np.isnan(p), 1.0, p).min(axis=1) * len(pairs) <= LEVEL):
        adjusted = holm([None if np.isnan(q) else float(q) for q in p[board]])
        separable = np.array([q is not None and q <= LEVEL for q in adjusted])
        wrong += (separable & enough[board]).any(), separable.any()
    return wrong


def _study_times(times: Floats) -> StudyTimes:
    """Return study times, [submissions, workloads, studies], in the form that boards are scored from."""
    labels = tuple(f"w{k:02d}" for k in range(times.shape[1]))
    columns = {label: times[:, k] for k, label in enumerate(labels)}
    return StudyTimes(
        submissions=tuple(f"s{i}" for i in range(len(times))),
        workloads=labels,
        variants=dict.fromkeys(labels, ()),
        families=dict.fromkeys(labels, ""),
        studies=dict.fromkeys(labels, tuple(range(times.shape[2]))),
        times=columns,
        steps={label: np.full(column.shape, GRID) for label, column in columns.items()},
        budgets=Budgets(dict.fromkeys(labels, BUDGET)),
        machines=Machines(("",), {label: np.zeros(column.shape, dtype=np.int64) for label, column in columns.items()}),
        paired=True,
    )


HEADER = """\
| workloads ever reached | hits per study | studies | family-wise error | without the condition |
|---|---|---|---|---|"""


def table(boards: int, studies: Sequence[int], worlds: Sequence[World] = WORLDS) -> Iterator[str]:
    """Yield the rows of the table, header first."""
    yield HEADER
    for world in worlds:
        name = f"{world.reached} of {WORKLOADS}" + ("" if world.required else " (reported)")
        for n in studies:
            error, without = family_wise_errors(world, n, boards=boards)
            yield f"| {name} | {100 * world.hits:.0f} % | {n} | {error:.3f} | {without:.3f} |"


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", type=int, default=BOARDS)
    parser.add_argument("--studies", type=int, nargs="+", default=list(STUDIES))
    arguments = parser.parse_args()
    for text in table(arguments.boards, arguments.studies):
        print(text, flush=True)
    print(f"{time.process_time():.0f} CPU seconds", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
