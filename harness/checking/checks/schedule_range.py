"""Whether a pure schedule returns multipliers in [0, 1] over short and long horizons, and uses that range."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checking.checks.bench import Bench
from harness.checking.checks.drawing import HORIZONS, Drawn, drawn, sampled_steps, started
from harness.checking.checks.outcome import Outcome, failed, left_out, ok
from harness.contracts.numbers import number

LEAST_PEAK = 0.2
"""A schedule whose largest multiplier is below this wastes a factor of five of every peak rate that is tried."""

STEPS = "step goes from 0 to horizon - 1, and warm-up is not in it"


def check_range(bench: Bench) -> Outcome:
    """Draw the schedule over `HORIZONS`; name the mistake that its values look like."""
    schedule = bench.pure_schedule
    if schedule is None:
        return left_out("there is no pure schedule")
    low, high = 1.0, 0.0
    for horizon in HORIZONS:
        run = started(schedule, bench.submission, horizon)
        points = [drawn(schedule, run, step) for step in sampled_steps(horizon)]
        wrong = [point for point in points if point.problem]
        if wrong:
            return failed(f"{wrong[0].problem} (horizon {horizon:,})", _advice(points, wrong, horizon))
        low = min(low, *(point.multiplier or 0.0 for point in points))
        high = max(high, *(point.multiplier or 0.0 for point in points))
    spread = f"{low:.3g} to {high:.3g} over horizons of {min(HORIZONS)} to {max(HORIZONS):,} steps"
    if high < LEAST_PEAK:
        return failed(
            f"its largest multiplier is {high:.3g}",
            "return the share of the peak learning rate, not a learning rate: the harness sets the peak, and tries several",
        )
    return ok(spread)


def _advice(points: Sequence[Drawn], wrong: Sequence[Drawn], horizon: int) -> str:
    """Return what to change, from where and how far the values are off."""
    if all(point.value is None and "returned None" in point.problem for point in wrong):
        return "a path through the function ends without `return`: end each with `return` and the multiplier"
    ends = {0, horizon - 1}
    if {point.step for point in wrong} <= ends and len(wrong) < len(points):
        return f"only the first or the last step is off, as where a count is off by one: {STEPS}"
    values = [value for point in points if (value := _value(point)) is not None]
    if values and min(values) >= 0 and 10 < max(values) <= 100:
        return "these look like percentages: divide by 100"
    if values and max(values) > 1:
        return "divide by the largest value: the harness multiplies what is returned by the peak learning rate"
    if values and min(values) < 0:
        return f"it goes below 0, as where a count is too large: {STEPS}; max(0.0, ...) clips"
    return f"return one number in [0, 1] for every step: {STEPS}"


def _value(point: Drawn) -> float | None:
    try:
        return number(point.value)
    except (TypeError, OverflowError):
        return None
