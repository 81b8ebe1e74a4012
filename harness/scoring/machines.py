"""On which machine types studies ran: only studies of one type are compared within themselves and resampled together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.scoring.medians import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NOWHERE = -1
_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Machines:
    """Where the studies of a board ran.

    Attributes:
        kinds: sorted; studies of equal kinds are comparable bit by bit. A kind is a machine type, several types joined by
            " + " where the trials of a study ran on several, and a submission's own where records share no seeds.
        where: label -> index into `kinds`, [submissions, studies]; -1 where there is no trial.
    """

    kinds: tuple[str, ...]
    where: Mapping[str, Ints]

    def without(self, row: int) -> Machines:
        """Return the same without one submission (index)."""
        return Machines(self.kinds, {label: np.delete(kinds, row, axis=0) for label, kinds in self.where.items()})

    def groups(self, label: str, times: Floats) -> dict[str, list[int]]:
        """Return {kind: submissions (indices) whose studies are resampled together}; those without a study are left out.

        Args:
            label: of a workload or held-out variant.
            times: its study times, [submissions, studies]; NaN where a study is missing.
        """
        found: dict[str, list[int]] = {}
        for row, present in enumerate(~np.isnan(times)):
            kinds = [kind for kind in self.where[label][row][present].tolist() if kind != NOWHERE]
            if kinds:
                # Of submissions that ran on several types, only those that ran equal studies on equal types belong together.
                key = kinds if len(set(kinds)) > 1 else kinds[:1]
                found.setdefault(", ".join(self.kinds[kind] for kind in key), []).append(row)
        return dict(sorted(found.items()))


def machines_of(trials: pd.DataFrame, submissions: Sequence[str], studies: Mapping[str, Sequence[int]]) -> Machines:
    """Return where the studies of `trials` ran; without a column `machine_type` all ran on one type, paired without `paired`.

    Args:
        trials: what `harness.results.read_trials` returns.
        submissions: rows.
        studies: workload label -> columns.
    """
    types = trials["machine_type"].fillna("").astype(str) if "machine_type" in trials else [""] * len(trials)
    names = trials["submission"].astype(str)
    paired = trials["paired"].astype(bool) if "paired" in trials else [True] * len(trials)
    kinds: dict[tuple[str, str, int], set[str]] = {}
    for kind, name, label, study, pair in zip(types, names, trials["workload"], trials["study"], paired, strict=True):
        kinds.setdefault((str(label), name, int(study)), set()).add(kind if pair else f"{kind}/{name}")
    joined = {key: " + ".join(sorted(found)) for key, found in kinds.items()}
    order = tuple(sorted(set(joined.values())))
    index = {kind: i for i, kind in enumerate(order)}
    row = {name: i for i, name in enumerate(submissions)}
    column = {label: {study: j for j, study in enumerate(ids)} for label, ids in studies.items()}
    where = {label: np.full((len(submissions), len(ids)), NOWHERE) for label, ids in studies.items()}
    for (label, name, study), kind in joined.items():
        if label in column:
            where[label][row[name], column[label][study]] = index[kind]
    return Machines(order, where)


def same_kinds(own: Ints, other: Ints, first: Bools, second: Bools) -> Bools:
    """Return where two sides are compared within studies: their common studies ran on the same kinds of machines.

    Without common studies, where the studies of both sides ran on the same kinds. The rule of the speed-up from equivalent
    budgets (`harness.scoring.compute_saved`).

    Args:
        own, other: kinds of both sides, [..., studies].
        first, second: which studies count, same shape.

    >>> x, y = np.array([0, 0, -1]), np.array([0, 1, 1])
    >>> bool(same_kinds(x, y, x >= 0, y >= 0)), bool(same_kinds(x, y, np.array([True, False, False]), y >= 0))
    (False, True)
    """
    common = first & second
    differ = (common & (own != other)).any(axis=-1)
    apart = np.zeros(differ.shape, dtype=bool)
    for nothing, edge in ((NOWHERE, np.max), (_LAST, np.min)):
        edges = [
            edge(np.where(there, kinds, nothing), axis=-1, initial=nothing) for kinds, there in ((own, first), (other, second))
        ]
        apart |= edges[0] != edges[1]
    return np.asarray(~np.where(common.any(axis=-1), differ, apart))
