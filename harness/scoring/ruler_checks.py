"""Whether a ruler is fine enough to compare submissions on, and how sure its own points are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.canonical import stable_seed
from harness.scoring.medians import Floats
from harness.scoring.ruler import Ruler, low_limit

DRAWS = 4000
ERRORS = 3.0
"""A ruler must improve by more than this many standard errors from each of `STAGES` to the next."""
STAGES = (0.5, 1.0, 2.0)
COARSEST = 0.25
"""The largest resolution of an accepted ruler."""


@dataclass(frozen=True)
class Improvement:
    """How much a ruler's median improves from one horizon to a longer one, and the standard error of the difference.

    All in the metric's unit; `gain` is positive where the longer horizon is better.
    """

    begin: float
    end: float
    gain: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether the gain exceeds three standard errors."""
        return bool(self.gain > ERRORS * self.error)

    def sentence(self) -> str:
        """Return what is wrong with an improvement that is not clear."""
        if math.isnan(self.gain):
            return f"it has no finite median at both h = {self.begin:g} and h = {self.end:g}"
        found = f"from h = {self.begin:g} to {self.end:g} it improves by {self.gain:.3g}"
        return f"{found}, not by more than {ERRORS:g} standard errors of {self.error:.3g}"


@dataclass(frozen=True)
class Acceptance:
    """The checks of one ruler.

    Attributes:
        improvements: from 1/2 to 1 and from 1 to 2 budgets.
        resolution: standard deviation over seeds of log E at h = 1; NaN with fewer than 2 seeds there.
    """

    improvements: tuple[Improvement, ...]
    resolution: float

    @property
    def accepted(self) -> bool:
        """Whether every check passed."""
        return all(i.clear for i in self.improvements) and self.resolution <= COARSEST

    def sentence(self, workload: str) -> str:
        """Return one sentence: that the ruler is accepted, or everything that failed.

        >>> from harness.scoring.ruler import ruler_of
        >>> ruler = ruler_of("w", {0.5: [0.6, 0.61], 1: [0.5, 0.51], 2: [0.5, 0.51]})
        >>> print(acceptance(ruler).sentence("w"))
        the ruler of w is not accepted: from h = 1 to 2 it improves by 0, not by more than 3 standard errors of 0.00499
        """
        failed = [i.sentence() for i in self.improvements if not i.clear]
        if math.isnan(self.resolution):
            failed.append("its resolution at h = 1 is unknown")
        elif self.resolution > COARSEST:
            failed.append(
                f"its resolution, the standard deviation of log E at h = 1, is {self.resolution:.2f}, over {COARSEST}"
            )
        if failed:
            return f"the ruler of {workload} is not accepted: {'; '.join(failed)}"
        return f"the ruler of {workload} is accepted: its resolution is {self.resolution:.3f}"


def acceptance(ruler: Ruler) -> Acceptance:
    """Return the checks of a ruler."""
    places = [_place(ruler, h) for h in STAGES]
    medians = [math.nan if k is None else float(np.median(ruler.losses[k])) for k in places]
    errors = standard_errors(ruler)
    own = [math.nan if k is None else float(errors[k]) for k in places]
    improvements = []
    for i in range(len(STAGES) - 1):
        gain = medians[i] - medians[i + 1] if np.isfinite(medians[i : i + 2]).all() else math.nan
        improvements.append(Improvement(STAGES[i], STAGES[i + 1], gain, math.hypot(own[i], own[i + 1])))
    return Acceptance(tuple(improvements), resolution(ruler))


def standard_errors(ruler: Ruler) -> Floats:
    """Return the bootstrap standard error of the median at every measured horizon, in the metric's unit.

    NaN where some resamples have no finite median.
    """
    resampled = median_draws(ruler, DRAWS)
    finite = np.isfinite(resampled).all(axis=0)
    errors: Floats = np.where(finite, np.std(np.where(finite, resampled, 0.0), axis=0), np.nan)
    return errors


def median_draws(ruler: Ruler, draws: int) -> Floats:
    """Return median losses under resampled seeds, [draws, horizons], the same for the same ruler.

    Every horizon's seeds are resampled apart: nothing in a ruler says that they are the same seeds.
    """
    columns = []
    for (examples, _), values in zip(ruler.finals, ruler.losses, strict=True):
        generator = np.random.default_rng(stable_seed("ruler", ruler.workload, examples, len(values)))
        columns.append(np.median(values[generator.integers(len(values), size=(draws, len(values)))], axis=1))
    return np.stack(columns, axis=1)


def resolution(ruler: Ruler) -> float:
    """Return the standard deviation over seeds of log E at h = 1, low limit applied; NaN with fewer than 2 seeds there."""
    place = _place(ruler, 1.0)
    if place is None or len(ruler.finals[place][1]) < 2:
        return math.nan
    log, _ = ruler.log_equivalent(ruler.finals[place][1])
    return float(np.std(np.maximum(log, low_limit(np.zeros(1))), ddof=1))


def _place(ruler: Ruler, h: float) -> int | None:
    """The measured horizon that stands for a nominal one: at most 10 % away, since horizons are whole steps."""
    distance = np.abs(np.log(ruler.horizons / h))
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] <= 0.1 else None
