"""What every trial gains: its equivalent budget on the workload's ruler over the budget that it spent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.records import CLOCKS, Status
from harness.scoring.compute_saved.endings import Ints, costs_per_example, endings, nominal_horizons
from harness.scoring.machines import NOWHERE, machines_of
from harness.scoring.medians import Floats
from harness.scoring.ruler import Bools, Point, Ruler, read_gains

KEYS = ["submission", "workload", "study", "trial"]


@dataclass(frozen=True)
class Equivalents:
    """The gains e = log E(q) - log h of a board's trials; held-out variants and workloads without a ruler are left out.

    Arrays are [submissions, workloads, studies, horizons, trials], padded with NaN; trials in the order of their indices.

    Attributes:
        submissions, workloads: sorted.
        studies: study ids, sorted; those of all workloads.
        horizons: nominal horizons in budgets, ascending.
        losses: final metrics so that lower is better, infinite where a trial has none; NaN where there is no trial.
        log_horizons: log h of the trials.
        gains: e; NaN where there is no trial or the study is absent.
        low, high: where e is only known to be at most, or at least, its value.
        costs: clock -> clock per charged example of a trial that ran to its end; NaN of others.
        usual_costs: clock -> median of these over all complete trials, [submissions, workloads]; NaN without any.
        trials: trials per study, [submissions, workloads, horizons].
        machines: index into `machine_types` of each study, [submissions, workloads, studies]; -1 where it did not run.
        machine_types: sorted; studies of equal types are comparable bit by bit.
        absent: (submission, workload, study) -> why the study does not count.
    """

    submissions: tuple[str, ...]
    workloads: tuple[str, ...]
    studies: tuple[int, ...]
    horizons: tuple[float, ...]
    losses: Floats
    log_horizons: Floats
    gains: Floats
    low: Bools
    high: Bools
    costs: Mapping[str, Floats]
    usual_costs: Mapping[str, Floats]
    trials: Ints
    machines: Ints
    machine_types: tuple[str, ...]
    absent: Mapping[tuple[str, str, int], str]


def equivalents(trials: pd.DataFrame, rulers: Mapping[str, Ruler], horizons: Sequence[float]) -> Equivalents:
    """Return the gains of all trials.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite, in any order; a column `machine_type` says
            which studies are comparable bit by bit, without it all are.
        rulers: workload label -> ruler.
        horizons: nominal horizons of the track in budgets of the workload; trials of other lengths are left out.

    Raises:
        ValueError: one trial is there twice.
    """
    rows = trials[~trials["held_out"].astype(bool) & trials["workload"].isin(list(rulers))]
    rows = rows.sort_values(KEYS, kind="stable").reset_index(drop=True)
    if rows.duplicated(KEYS).any():
        twice = rows[rows.duplicated(KEYS)].iloc[0]
        raise ValueError(
            f"two records for trial {twice.trial} of study {twice.study} of {twice.submission} on {twice.workload}"
        )
    budgets = np.array([rulers[label].budget for label in rows["workload"]], dtype=float)
    shares = tuple(sorted(horizons))
    rows = rows.assign(horizon=nominal_horizons(rows, budgets, shares), ruler_budget=budgets)
    rows = rows[rows["horizon"] >= 0].reset_index(drop=True)
    names = tuple(sorted(set(trials["submission"].astype(str))))
    labels, studies = tuple(sorted(set(rows["workload"]))), tuple(sorted(set(rows["study"].astype(int).tolist())))
    place = _places(rows, names, labels, studies)
    shape = (len(names), len(labels), len(studies), len(shares), 1 + int(place[4].max(initial=0)))
    undecided, losses, log_horizons = endings(rows, rulers)
    losses, log_horizons = (_filled(values, place, shape) for values in (losses, log_horizons))
    why = _absences(rows, undecided, place, shape)
    counted = ~np.isnan(losses)
    for key in why:
        counted[key] = False
    read = read_all([rulers[label].points for label in labels], losses, log_horizons, counted)
    costs = {clock: _filled(costs_per_example(rows, clock), place, shape) for clock in CLOCKS}
    ran = machines_of(rows, names, dict.fromkeys(labels, studies))
    where = [ran.where[label] for label in labels]
    return Equivalents(
        submissions=names,
        workloads=labels,
        studies=studies,
        horizons=shares,
        losses=losses,
        log_horizons=log_horizons,
        gains=read[0],
        low=read[1],
        high=read[2],
        costs=costs,
        usual_costs={clock: median_cost(values.reshape(*shape[:2], math.prod(shape[2:]))) for clock, values in costs.items()},
        trials=_counts(place, shape).max(axis=2, initial=0),
        machines=np.stack(where, axis=1) if where else np.full(shape[:3], NOWHERE),
        machine_types=ran.kinds,
        absent={(names[s], labels[w], studies[j]): reason for (s, w, j), reason in why.items()},
    )


def read_all(
    points: Sequence[Sequence[Point]], losses: Floats, log_horizons: Floats, counted: Bools
) -> tuple[Floats, Bools, Bools]:
    """Return e and where it is limited below and above, workload by workload; NaN and False where a trial does not count.

    Args:
        points: kept points of every workload's ruler.
        losses, log_horizons: as in `Equivalents`.
        counted: which trials count, same shape.
    """
    gains, low, high = np.full(losses.shape, np.nan), np.zeros(losses.shape, dtype=bool), np.zeros(losses.shape, dtype=bool)
    for k, kept in enumerate(points):
        at = np.nonzero(counted[:, k])
        found = read_gains(kept, losses[:, k][at], log_horizons[:, k][at])
        gains[:, k][at], low[:, k][at], high[:, k][at] = found
    return gains, low, high


Place = tuple[Ints, Ints, Ints, Ints, Ints]
Shape = tuple[int, int, int, int, int]


def _places(rows: pd.DataFrame, names: Sequence[str], labels: Sequence[str], studies: Sequence[int]) -> Place:
    def index(column: str, order: Sequence[str] | Sequence[int]) -> Ints:
        at = {value: i for i, value in enumerate(order)}
        return np.array([at[value] for value in rows[column].tolist()], dtype=np.int64)

    slot = np.asarray(rows.groupby([*KEYS[:3], "horizon"]).cumcount(), dtype=np.int64)
    where = index("submission", names), index("workload", labels), index("study", studies)
    return *where, np.asarray(rows["horizon"], dtype=np.int64), slot


def _filled(values: Floats, place: Place, shape: Shape) -> Floats:
    array = np.full(shape, np.nan)
    array[place] = values
    return array


def _counts(place: Place, shape: Shape) -> Ints:
    counts = np.zeros(shape[:4], dtype=np.int64)
    np.add.at(counts, place[:4], 1)
    return counts


def median_cost(costs: Floats) -> Floats:
    """Return the median over the last axis without NaN, NaN where there is nothing else."""
    known = ~np.isnan(costs).all(axis=-1)
    middle = np.full(known.shape, np.nan)
    middle[known] = np.nanmedian(costs[known], axis=-1)
    return middle


def _absences(rows: pd.DataFrame, undecided: Bools, place: Place, shape: Shape) -> dict[tuple[int, int, int], str]:
    """Return why studies do not count: a trial is undecided, or fewer have run than in the submission's fullest study."""
    counts = _counts(place, shape)
    fullest = counts.max(axis=2, keepdims=True, initial=0)
    short = ((counts < fullest) | (fullest == 0)).any(axis=3)
    begun = counts.any(axis=3)
    why = {tuple(key): "not all of its trials have run" for key in np.argwhere(short & begun).tolist()}
    for i in np.flatnonzero(undecided).tolist():
        status = rows["status"].iloc[i]
        reason = "a trial stopped at its target" if status == Status.REACHED else f"a trial was {status}"
        why[int(place[0][i]), int(place[1][i]), int(place[2][i])] = reason
    return {(s, w, j): reason for (s, w, j), reason in why.items()}
