"""What every study gains on a clock: at each horizon the best of its trials, less the cost of an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.scoring.compute_saved.endings import Ints
from harness.scoring.compute_saved.equivalent import Equivalents, median_cost
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools


@dataclass(frozen=True)
class Gains:
    """f = e - log c of the counting trials of a board on one clock.

    Attributes:
        submissions, workloads, studies, horizons, machines, machine_types, absent: as in `Equivalents`.
        values: f of the best of the first k + 1 trials, [submissions, workloads, studies, horizons, k]; NaN where absent.
        low, high: where it is only known to be at most, or at least, its value; same shape.
        trials: trials per study, [submissions, workloads, horizons].
        borrowed: where c is another submission's because no own trial ran to its end, [submissions, workloads].
    """

    submissions: tuple[str, ...]
    workloads: tuple[str, ...]
    studies: tuple[int, ...]
    horizons: tuple[float, ...]
    values: Floats
    low: Bools
    high: Bools
    trials: Ints
    machines: Ints
    machine_types: tuple[str, ...]
    borrowed: Bools
    absent: Mapping[tuple[str, str, int], str]


@dataclass(frozen=True)
class Sides:
    """One side of P comparisons: f, where it is limited, and its machine types (indices).

    `values`, `low` and `high` are [P, workloads, studies, horizons], `machines` [P, workloads, studies].
    """

    values: Floats
    low: Bools
    high: Bools
    machines: Ints


def gains(found: Equivalents, clock: str, baseline: str = "") -> Gains:
    """Return the gains of all studies.

    Args:
        found: what the trials gain.
        clock: "examples", "seconds" or "steps".
        baseline: submission whose cost per example stands in for one that never ran to the end of a trial.

    On every clock e chooses the counting trial; ties go to the lowest index. On "examples" c is 1, else the trial's clock
    per charged example; of a trial that did not end, the submission's median on that workload, else the baseline's, else the
    median of all others. A trial below the ruler costs at least what the baseline's examples do: its e is a bound, which steps
    that cost nothing, because they learn nothing, must not turn into a gain.
    """
    costs, borrowed = _log_costs(found, clock, baseline)
    chosen = np.empty(found.gains.shape, dtype=np.int64)
    leader = np.zeros(found.gains.shape[:-1], dtype=np.int64)
    best = found.gains[..., 0]
    for k in range(found.gains.shape[-1]):
        better = found.gains[..., k] > best
        leader, best = np.where(better, k, leader), np.where(better, found.gains[..., k], best)
        chosen[..., k] = leader
    values = np.take_along_axis(found.gains - costs, chosen, axis=-1)
    # Further trials than there are change nothing; without any there is nothing.
    low, high = (np.take_along_axis(marks, chosen, axis=-1) for marks in (found.low, found.high))
    borrowing = np.take_along_axis(borrowed & ~np.isnan(found.gains), chosen, axis=-1)
    return Gains(
        found.submissions,
        found.workloads,
        found.studies,
        found.horizons,
        values,
        low,
        high,
        found.trials,
        found.machines,
        found.machine_types,
        np.asarray(borrowing.any(axis=(2, 3, 4))),
        found.absent,
    )


def _log_costs(found: Equivalents, clock: str, baseline: str) -> tuple[Floats, Bools]:
    """Return log c of every trial, and where it is not the submission's own."""
    if clock == "examples":
        return np.zeros(1), np.zeros(found.gains.shape, dtype=bool)
    costs, usual = found.costs[clock], found.usual_costs[clock]
    own = np.where(np.isnan(costs), usual[:, :, None, None, None], costs)
    unknown = np.isnan(own)
    theirs = median_cost(usual.T)
    if baseline in found.submissions:
        of_baseline = usual[found.submissions.index(baseline)]
        theirs = np.where(np.isnan(of_baseline), theirs, of_baseline)
    theirs = theirs[None, :, None, None, None]
    own = np.where(unknown | (found.low & (own < theirs)), theirs, own)
    return np.log(own), unknown & ~np.isnan(own)


def sides(found: Gains, this: Ints, other: Ints) -> tuple[Sides, Sides]:
    """Return both sides of comparisons between submissions `this` and `other` (indices), at equal numbers of trials.

    At each horizon of a workload both count the best of their first k trials, k the smaller number of the two.
    """
    k = np.maximum(np.minimum(found.trials[this], found.trials[other]) - 1, 0)[:, :, None, :]
    _, workloads, studies, horizons, _ = found.values.shape
    w, j, h = np.ogrid[:workloads, :studies, :horizons]

    def side(who: Ints) -> Sides:
        at = who[:, None, None, None], w[None], j[None], h[None], k
        return Sides(found.values[at], found.low[at], found.high[at], found.machines[who])

    return side(this), side(other)
