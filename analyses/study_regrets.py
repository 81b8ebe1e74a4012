"""Regret of single studies in the `budget` track, so that two submissions can be compared study by study."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.scoring.medians import medians
from harness.scoring.quality import best_finals, regret_of, trivial_metrics


def study_regrets(trials: pd.DataFrame, trivial: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return the regret of every study at every share of the budget, (q - q_best)/(q_trivial - q_best).

    q is the final loss of the study's best trial. q_best is, as on the board, the lowest median over studies of any submission
    at that share, so the regret of a single study may be below 0.

    Args:
        trials, trivial: as for `harness.scoring.quality.score_budget`.

    Returns:
        Columns share, submission, workload, study, regret (NaN where it is unknown), untrained (whether the study ended no
        better than an untrained model).

    Raises:
        BadInput: no complete trial.
    """
    trivial = trivial_metrics(trials) if trivial is None else dict(trivial)
    table, signs = best_finals(trials, trivial)
    zero = np.array([signs[w] * trivial.get(w, np.nan) for w in table["workload"]], dtype=float)
    middle = table.groupby(["share", "workload", "submission"])["loss"].agg(
        lambda losses: medians(losses.to_numpy()[None, :])[0]
    )
    best = middle.groupby(["share", "workload"]).min()
    least = best.loc[list(zip(table["share"], table["workload"], strict=True))].to_numpy(dtype=float)
    loss = table["loss"].to_numpy(dtype=float)
    regret = regret_of(loss, least, zero)
    keys = table[["share", "submission", "workload", "study"]]
    return keys.assign(regret=np.where(np.isfinite(regret), regret, np.nan), untrained=~(loss < zero))
