"""The first reading of trials: how much compute each submission saves, as "Speed-up" in docs/statistics.md defines it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.pairs import SpeedUpPair, all_pairs, speed_up_pairs
from harness.scoring.compute_saved.ranks import RankRange, board_ranks
from harness.scoring.compute_saved.ruler_error import ruler_errors
from harness.scoring.compute_saved.speedup import SpeedUp, compared, speed_up_rows
from harness.scoring.ruler import Ruler


@dataclass(frozen=True)
class ComputeSaved:
    """Everything that a board prints of compute saved; without the baseline only the pairs.

    Attributes:
        clock, baseline: what it refers to; the baseline is "" where it did not run.
        workloads: those that have a ruler and trials.
        speed_ups: submission -> speed-up over the baseline.
        ranks: submission -> rank by speed-up and its range.
        pairs: all pairs, adjusted over all of them.
        ruler_errors: submission -> standard error of its log speed-up from the rulers' own seeds, outside its interval.
        absent: (submission, workload, study) -> why the study does not count.
    """

    clock: str
    baseline: str
    workloads: tuple[str, ...]
    speed_ups: Mapping[str, SpeedUp]
    ranks: Mapping[str, RankRange]
    pairs: tuple[SpeedUpPair, ...]
    ruler_errors: Mapping[str, float]
    absent: Mapping[tuple[str, str, int], str]


def compute_saved(
    trials: pd.DataFrame,
    rulers: Mapping[str, Ruler],
    horizons: Sequence[float],
    *,
    clock: str = "examples",
    baseline: str = "cosine",
) -> ComputeSaved:
    """Return how much compute every submission saves.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite, in any order, the baseline's from another
            result where it did not run; a column `machine_type` says which studies are comparable bit by bit.
        rulers: workload label -> ruler.
        horizons: nominal horizons of the track, in budgets of the workload.
        clock: "examples", "seconds" or "steps".
        baseline: submission that speed-ups refer to.

    Raises:
        ValueError: one trial is there twice.
    """
    found = equivalents(trials, rulers, horizons)
    read = gains(found, clock, baseline)
    pairs = all_pairs(read)
    if baseline not in found.submissions:
        return ComputeSaved(clock, "", found.workloads, {}, {}, pairs, {}, found.absent)
    everyone = np.arange(len(found.submissions))
    comparison = compared(read, everyone, np.full_like(everyone, found.submissions.index(baseline)))
    return ComputeSaved(
        clock=clock,
        baseline=baseline,
        workloads=found.workloads,
        speed_ups=dict(zip(found.submissions, speed_up_rows(read, comparison), strict=True)),
        ranks=board_ranks(read, comparison),
        pairs=pairs,
        ruler_errors=ruler_errors(found, rulers, baseline, clock),
        absent=found.absent,
    )


def one_pair(
    trials: pd.DataFrame,
    rulers: Mapping[str, Ruler],
    horizons: Sequence[float],
    names: tuple[str, str],
    *,
    clock: str = "examples",
    baseline: str = "",
) -> SpeedUpPair:
    """Return the first of two submissions against the second, p-value not adjusted; arguments as of `compute_saved`.

    Raises:
        ValueError: one of the two has no trial, or one trial is there twice.
    """
    found = equivalents(trials, rulers, horizons)
    pair = found.submissions.index(names[0]), found.submissions.index(names[1])
    return speed_up_pairs(gains(found, clock, baseline), [pair])[0]
