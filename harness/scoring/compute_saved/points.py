"""Where every submission stands beside the ruler: the quality at the end of each horizon, and the budget that is worth it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.scoring.compute_saved.equivalent import Equivalents, equivalents
from harness.scoring.medians import Floats
from harness.scoring.ruler import Ruler, low_limit


@dataclass(frozen=True)
class QualityPoint:
    """One submission at one horizon of one workload.

    Attributes:
        submission, workload: the two.
        horizon: nominal, in budgets.
        spent: budgets really spent, the median over studies.
        metric: median over studies of the final metric of the counting trial; NaN where at least half of them have none.
        equivalent: budget at which the ruler reaches that metric, within the limits of a gain.
        bound: "≤" where the metric is worse than that limit, "≥" where it is better than the ruler's last point; else "".
        studies: studies that count.
    """

    submission: str
    workload: str
    horizon: float
    spent: float
    metric: float
    equivalent: float
    bound: str
    studies: int


def quality_points(
    trials: pd.DataFrame, rulers: Mapping[str, Ruler], horizons: Sequence[float], *, baseline: str = ""
) -> tuple[QualityPoint, ...]:
    """Return where every submission stands on every workload and horizon, sorted by workload, submission and horizon.

    In each study the trial with the largest gain counts, as in a speed-up over `baseline`: of at most as many trials as the
    baseline has.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite.
        rulers: workload label -> ruler.
        horizons: nominal horizons of the track, in budgets of the workload.
        baseline: the submission that speed-ups refer to; without it all trials count.

    Raises:
        ValueError: one trial is there twice.
    """
    found = equivalents(trials, rulers, horizons)
    return tuple(
        point for k, workload in enumerate(found.workloads) for point in _of_workload(found, k, rulers[workload], baseline)
    )


def _of_workload(found: Equivalents, k: int, ruler: Ruler, baseline: str) -> Iterator[QualityPoint]:
    limit = found.trials[found.submissions.index(baseline), k] if baseline in found.submissions else None
    for s, name in enumerate(found.submissions):
        for i, horizon in enumerate(found.horizons):
            most = found.gains.shape[-1] if limit is None or not limit[i] else int(limit[i])
            gains = found.gains[s, k, :, i, :most]
            there = ~np.isnan(gains).all(axis=-1)
            if not there.any():
                continue
            counting = np.nanargmax(gains[there], axis=-1)[:, None]
            losses, spent = (
                np.take_along_axis(values[s, k, :, i, :most][there], counting, axis=-1)[:, 0]
                for values in (found.losses, found.log_horizons)
            )
            yield _point(name, ruler, horizon, losses, spent)


def _point(name: str, ruler: Ruler, horizon: float, losses: Floats, spent: Floats) -> QualityPoint:
    loss, log_spent = float(np.median(losses)), float(np.median(spent))
    metric = float("nan") if np.isinf(loss) else loss if ruler.lower_is_better else -loss
    log_e, beyond = ruler.log_equivalent(metric)
    least = log_spent + float(low_limit(np.array(log_spent)))
    return QualityPoint(
        submission=name,
        workload=ruler.workload,
        horizon=horizon,
        spent=float(np.exp(log_spent)),
        metric=metric,
        equivalent=float(np.exp(max(float(log_e), least))),
        bound="≥" if bool(beyond) else "≤" if float(log_e) < least else "",
        studies=len(losses),
    )
