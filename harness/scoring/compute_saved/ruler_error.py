"""How far the rulers' own seeds could move a board's speed-ups: what its intervals leave out, printed once per board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.scoring.compute_saved.equivalent import Equivalents, read_all
from harness.scoring.compute_saved.gains import gains
from harness.scoring.compute_saved.speedup import compared
from harness.scoring.ruler import Ruler, improving
from harness.scoring.ruler_checks import median_draws

DRAWS = 100


def ruler_errors(
    found: Equivalents, rulers: Mapping[str, Ruler], baseline: str, clock: str = "examples", draws: int = DRAWS
) -> dict[str, float]:
    """Return the standard error of every submission's log speed-up that comes from the rulers' seeds alone.

    The bootstrap resamples the seeds behind every point of every ruler (fixed seed) and reads the same trials off the new
    rulers. It is 0 between submissions of equal trials. NaN without a speed-up.

    Raises:
        ValueError: the baseline is not among the submissions.
    """
    counted = ~np.isnan(found.gains)
    medians = {label: median_draws(rulers[label], draws) for label in found.workloads}
    everyone = np.arange(len(found.submissions))
    against = np.full_like(everyone, found.submissions.index(baseline))
    values = []
    for draw in range(draws):
        points = [improving(rulers[label].horizons, medians[label][draw]) or rulers[label].points for label in found.workloads]
        read = read_all(points, found.losses, found.log_horizons, counted)
        moved = replace(found, gains=read[0], low=read[1], high=read[2])
        values.append(compared(gains(moved, clock, baseline), everyone, against).overall.value)
    return dict(zip(found.submissions, np.std(values, axis=0).tolist(), strict=True))
