"""The performance profiles of a board with their bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.scoring.board_parts import Profile, Row
from harness.scoring.profiles import CUT_OFF, ratios
from harness.scoring.scored import Scored
from harness.scoring.uncertainty import BAND_TAUS, ENOUGH_STUDIES


def profile_curves(scored: Scored, rows: Sequence[Row]) -> tuple[Profile, ...]:
    """Return the profile of every row, in the same order; without a band where there are too few studies or no intervals."""
    relative, doubt = ratios(scored.medians), scored.uncertainty
    profiles = []
    for row in rows:
        i = scored.submissions.index(row.name)
        jumps = relative[i][relative[i] <= CUT_OFF]
        taus = np.unique(np.concatenate([BAND_TAUS, jumps]))
        values = np.searchsorted(np.sort(jumps), taus, side="right") / len(scored.workloads)
        banded = not scored.rules.score_only and doubt.fewest[i] >= ENOUGH_STUDIES
        low = doubt.band_low[i][np.searchsorted(BAND_TAUS, taus, side="right") - 1] if banded else np.empty(0)
        high = doubt.band_high[i][np.searchsorted(BAND_TAUS, taus, side="left")] if banded else np.empty(0)
        profiles.append(Profile(row.name, *(tuple(x.tolist()) for x in (taus, values, low, high))))
    return tuple(profiles)
