"""How often the speed-up's intervals, rank ranges and tests are right, on simulated boards whose truth is known.

    python -m analyses.coverage [--boards 2000] [--studies 3 5 10] [--write docs/coverage.md]

Boards have 12 workloads; coverage is of the speed-ups of four submissions over a fifth, family-wise error that of Holm's
test among 20 equal submissions. Every design has 20 simulated rulers. "Protocol" is the ratio that endless repetition on
the stored ruler would give, limits included, and what the interval is for; "ideal" is the ratio on a ruler of endless
seeds. "Without the condition" is the family-wise error if p could be above 1 % with one workload left out.
Below follows the table of `analyses.sparse_hits`, on times to the target.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from pathlib import Path

import numpy as np

from analyses import sparse_hits
from analyses.simulated_boards import DESIGNS, Design, exact_rulers, simulated, stored_rulers
from harness.scoring.compute_saved.contrasts import Contrasts, contrasts
from harness.scoring.compute_saved.gains import Gains
from harness.scoring.compute_saved.pairs import LEAST_WORKLOADS, LEVEL, SAME, WITHOUT_ONE
from harness.scoring.compute_saved.ranks import rank_ranges, ranks
from harness.scoring.compute_saved.speedup import compared
from harness.scoring.intervals import holm
from harness.scoring.medians import Floats
from harness.scoring.ruler import Point

BOARDS = 2000
STUDIES = (3, 5, 10)
RULERS = 20
TRUTH = 8000
"""Studies whose mean is taken for the truth, per ruler."""
EFFECTS = np.array([0.0, 0.01, 0.02, 0.05, 0.15])
"""Log gains; the closest differ by less than an interval shows, so that ranks are in doubt."""
EQUALS = 20
CHUNK = 25
"""Boards of equal submissions that are simulated at once."""


@dataclass(frozen=True)
class Coverage:
    """Shares over boards and submissions, and the width of an interval.

    Attributes:
        protocol: intervals that hold the ratio of endless repetition on the stored ruler.
        ideal: intervals that hold the ratio on a ruler of endless seeds.
        rank: rank ranges that hold the rank by the first of these ratios.
        family: boards of equal submissions on which any pair is called separable.
        unguarded: the same if p could be above `WITHOUT_ONE` with one workload left out.
        width: median of high/low - 1 of the intervals.
    """

    protocol: float
    ideal: float
    rank: float
    family: float
    unguarded: float
    width: float


@dataclass(frozen=True)
class World:
    """A simulated ruler with the log speed-ups that endless repetition would give on it, and on a ruler of endless seeds."""

    index: int
    points: list[tuple[Point, ...]]
    right: Floats
    ideal: Floats


def worlds(design: Design, *, rulers: int = RULERS, truth: int = TRUTH, seed: int = 1) -> list[World]:
    """Return simulated rulers with their truths, from `truth` fresh studies each."""
    made, endless = [], exact_rulers()
    for index in range(rulers):
        generator = np.random.default_rng([seed, index])
        points = stored_rulers(design, generator)
        fresh = simulated(design, EFFECTS, truth, generator)
        right, ideal = (_ratios(fresh.read(which), truth).value[0] for which in (points, endless))
        made.append(World(index, points, right, ideal))
    return made


def measured(design: Design, among: Sequence[World], studies: int, *, boards: int = BOARDS, seed: int = 1) -> Coverage:
    """Return what `boards` boards of `studies` studies show, spread evenly over simulated rulers."""
    protocol, ideal, rank, widths, wrong = [], [], [], [], np.zeros(2)
    each = boards // len(among)
    for world in among:
        generator = np.random.default_rng([seed, world.index, studies])
        found = simulated(design, EFFECTS, studies * each, generator).read(world.points)
        against = _ratios(found, studies)
        value, half = against.value[:, 1:], against.half_widths()[:, 1:]
        protocol.append(np.abs(value - world.right[1:]) <= half)
        ideal.append(np.abs(value - world.ideal[1:]) <= half)
        widths.append(np.expm1(2 * half))
        rank.append(_ranks_held(found, studies, ranks(world.right)))
        wrong += _falsely_separable(design, world, studies, each, generator)
    family, unguarded = (wrong / (each * len(among))).tolist()
    return Coverage(
        protocol=float(np.mean(protocol)),
        ideal=float(np.mean(ideal)),
        rank=float(np.mean(rank)),
        family=family,
        unguarded=unguarded,
        width=float(np.nanmedian(widths)),
    )


def _split(found: Gains, studies: int) -> Floats:
    """Return f of boards of `studies` studies each, [boards, submissions, workloads, studies]."""
    f = np.ascontiguousarray(found.values[..., -1]).mean(axis=-1)
    boards = f.reshape(*f.shape[:2], -1, studies)
    return np.ascontiguousarray(np.moveaxis(boards, 2, 0))


def _ratios(found: Gains, studies: int) -> Contrasts:
    f = _split(found, studies)
    return contrasts(f, f[:, :1])


def _boards(found: Gains, studies: int) -> Iterator[Gains]:
    for first in range(0, len(found.studies), studies):
        part = slice(first, first + studies)
        yield replace(
            found,
            studies=tuple(range(studies)),
            values=found.values[:, :, part],
            low=found.low[:, :, part],
            high=found.high[:, :, part],
            machines=found.machines[:, :, part],
        )


def _ranks_held(found: Gains, studies: int, right: Floats) -> list[list[bool]]:
    everyone = np.arange(len(found.submissions))
    held = []
    for board in _boards(found, studies):
        ranges = rank_ranges(board, compared(board, everyone, np.zeros_like(everyone)), len(everyone))
        held.append([r.low <= rank <= r.high for r, rank in zip(ranges, right, strict=True)])
    return held


def _falsely_separable(design: Design, world: World, studies: int, boards: int, generator: np.random.Generator) -> Floats:
    """On how many boards of equal submissions any pair is called separable, [with the condition on one workload, without]."""
    wrong = np.zeros(2)
    for first in range(0, boards, CHUNK):
        trials = simulated(design, np.zeros(EQUALS), studies * min(CHUNK, boards - first), generator, equal=True)
        wrong += _any_separable(_split(trials.read(world.points), studies))
    return wrong


def _any_separable(f: Floats) -> Floats:
    a, b = (list(side) for side in zip(*combinations(range(f.shape[1]), 2), strict=True))
    p = contrasts(f[:, a], f[:, b]).p_values()
    wrong = np.zeros(2)
    # Holm's first step: elsewhere no pair is separable.
    for board in np.flatnonzero(np.where(np.isnan(p), 1.0, p).min(axis=1) * len(a) <= LEVEL):
        adjusted = np.array([np.nan if q is None else q for q in holm([None if np.isnan(q) else float(q) for q in p[board]])])
        differing = (np.abs(f[board, a] - f[board, b]) > SAME).any(axis=-1).sum(axis=-1)
        separable = (adjusted <= LEVEL) & (differing >= LEAST_WORKLOADS)
        robust = contrasts(f[board, a], f[board, b]).p_without_one() <= WITHOUT_ONE
        wrong += (separable & robust).any(), separable.any()
    return wrong


HEADER = """\
| design | studies | protocol's ratio | ideal ratio | rank ranges | family-wise error | without the condition | width |
|---|---|---|---|---|---|---|---|"""


def line(name: str, studies: int, found: Coverage) -> str:
    """Return one row of the table."""
    shares = " | ".join(f"{share:.3f}" for share in (found.protocol, found.ideal, found.rank, found.family, found.unguarded))
    return f"| {name} | {studies} | {shares} | {100 * found.width:.1f} % |"


def table(
    boards: int, studies: Sequence[int], designs: Sequence[str], *, rulers: int = RULERS, truth: int = TRUTH
) -> Iterator[str]:
    """Yield the rows of the table, header first."""
    yield HEADER
    for name in designs:
        among = worlds(DESIGNS[name], rulers=rulers, truth=truth)
        for n in studies:
            found = measured(DESIGNS[name], among, n, boards=boards)
            yield line(name + (" (reported)" if DESIGNS[name].rare else ""), n, found)


def main() -> int:
    """Measure, print, write, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", type=int, default=BOARDS)
    parser.add_argument("--studies", type=int, nargs="+", default=list(STUDIES))
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), default=list(DESIGNS), metavar="DESIGN")
    parser.add_argument("--write", type=Path, default=None, metavar="FILE")
    arguments = parser.parse_args()
    lines = []
    tables = (
        table(arguments.boards, arguments.studies, arguments.designs),
        sparse_hits.table(arguments.boards, arguments.studies),
    )
    for text in chain(tables[0], [""], tables[1]):
        print(text, flush=True)
        lines.append(text)
    print(f"{time.process_time():.0f} CPU seconds", file=sys.stderr)
    if arguments.write is not None:
        arguments.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
