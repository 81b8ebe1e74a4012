"""AlgoPerf v0.5's official table of first hits, scored by our rules and by the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analyses.score_differences import ScoreDifference, score_differences
from harness.compat.first_hits import first_hits
from harness.records import Status
from harness.scoring import Board, ScoringRules, score_board
from harness.scoring.canonical import canonical_studies
from harness.scoring.profiles import grid_contributions, scores
from harness.scoring.study_times import StudyTimes, build_study_times
from harness.scoring.trial_table import checked

OURS = ScoringRules("seconds", baseline="baseline")
PUBLISHED = ScoringRules("seconds", baseline="baseline", legacy_tie_rule=True, legacy_grid=True)


@dataclass(frozen=True)
class OfficialTable:
    """The table and what is computed from it.

    Attributes:
        trials: one row per trial.
        study_times: the same as arrays, by our rule for ties.
        ours, published: its boards by our rules and by AlgoPerf's.
        differences: of every pair of scores on our board, names sorted.
    """

    trials: pd.DataFrame
    study_times: StudyTimes
    ours: Board
    published: Board
    differences: Mapping[tuple[str, str], ScoreDifference]

    def difference(self, a: str, b: str) -> tuple[ScoreDifference, int]:
        """Return the difference of two scores, and 1, or -1 where it is that of b minus a."""
        return (self.differences[a, b], 1) if a < b else (self.differences[b, a], -1)


@cache
def official_table() -> OfficialTable:
    """Return the table; this takes a few seconds."""
    trials = checked(first_hits().trials)
    study_times = study_times_of(trials, OURS)
    return OfficialTable(
        trials, study_times, score_board(trials, OURS), score_board(trials, PUBLISHED), score_differences(study_times)
    )


def study_times_of(trials: pd.DataFrame, rules: ScoringRules) -> StudyTimes:
    """Return the study times of a table of first hits (from `checked`)."""
    return build_study_times(trials, canonical_studies(trials, rules), rules)


def tie_ranges(trials: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest score of each submission that any order of files can give under the published rules.

    The published rules choose among trials of equal evaluation index by the order of files. A score falls with the
    submission's own times and rises with the others', so it is lowest where the submission's ties are decided for the slowest
    trial and those of the others for the fastest, and highest in the opposite case.
    """
    ranges = {}
    slow = slowest_of_ties(trials)
    for name in sorted(set(trials["submission"])):
        own = trials["submission"] == name
        low, high = (
            scores(study_times_of(checked(pd.concat(parts)), PUBLISHED), grid_contributions)[name]
            for parts in ((slow[own], trials[~own]), (trials[own], slow[~own]))
        )
        ranges[name] = low, high
    return ranges


def slowest_of_ties(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the table in which, of the trials that share a study's smallest index, only the slowest has its hit."""
    keys = ["submission", "workload", "study"]
    hits = trials[trials["hit_index"] >= 0]
    first = hits[hits["hit_index"] == hits.groupby(keys)["hit_index"].transform("min")]
    slowest = first.sort_values([*keys, "hit_seconds"]).drop_duplicates(keys, keep="last").index
    faster = first.index.difference(slowest)
    changed = trials.copy()
    changed.loc[faster, "hit_index"] = -1
    changed.loc[faster, ["hit_seconds", "hit_steps"]] = np.inf
    changed.loc[faster, "status"] = str(Status.MISSED)
    return changed
