"""Re-warming and re-decaying, segment by segment."""

import math

from harness import Choice, LogUniform, Uniform, schedule
from submissions.schedules.cosine import cosine


@schedule(
    paper="arXiv:2308.04014, arXiv:2403.08763",
    space={"segments": Choice(2, 3, 4), "ramp": LogUniform(0.003, 0.1), "floor": Uniform(0.05, 0.2)},
    deviation="segments are equal parts of one run over one data set (sources: a new segment where the data change)",
)
def rewarm(step, horizon, segments=2, ramp=0.01, floor=0.1):
    """Re-warm and re-decay: in each segment a linear ramp from r to 1 over 1 % of it, then cosine decay back to r.

    The first segment has no ramp of its own: the harness's warm-up comes before it.

    Args:
        step, horizon: optimizer steps after warm-up.
        segments: equal parts of the horizon.
        ramp: length of a ramp, of its segment.
        floor: r, the multiplier at the end of a segment.

    >>> [round(rewarm(s, 2000), 3) for s in (0, 500, 999, 1000, 1005, 1010, 1999)]
    [1.0, 0.55, 0.1, 0.1, 0.55, 1.0, 0.1]
    """
    position = segments * step / horizon
    segment = math.floor(position + 1e-12)
    progress = max(position - segment, 0.0)
    if segment == 0:
        return cosine(progress, 1, floor)
    if progress < ramp:
        return floor + (1 - floor) * progress / ramp
    return cosine(progress - ramp, 1 - ramp, floor)
