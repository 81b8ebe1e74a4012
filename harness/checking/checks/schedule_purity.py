"""Whether a pure schedule's multiplier depends on its arguments alone: not on earlier calls, on other runs or on chance."""

from __future__ import annotations

from harness.checking.checks.bench import Bench
from harness.checking.checks.drawing import drawn, sampled_steps, started
from harness.checking.checks.outcome import Outcome, failed, left_out, ok
from harness.checking.checks.randomness import unlike_seeds

HORIZON, OTHER = 95, 48


def check_purity(bench: Bench) -> Outcome:
    """Draw the schedule in order, in reverse, and in turn with another run; compare the values."""
    schedule = bench.pure_schedule
    if schedule is None:
        return left_out("there is no pure schedule")
    steps = sampled_steps(HORIZON)
    unlike_seeds(1)
    run = started(schedule, bench.submission, HORIZON)
    first = {step: drawn(schedule, run, step).multiplier for step in steps}
    unlike_seeds(2)
    again, other = started(schedule, bench.submission, HORIZON), started(schedule, bench.submission, OTHER)
    for step in reversed(steps):
        drawn(schedule, other, step % OTHER)
        value = drawn(schedule, again, step).multiplier
        if value != first[step]:
            return failed(
                f"at step {step} it returned {first[step]} in order, and {value} in reverse order beside another run",
                "compute the multiplier from the arguments alone: no global variable, counter or random number;"
                " what must remember is a class with observe() and multiplier()",
            )
    return ok(f"{len(steps)} steps in order and in reverse, beside a run of another horizon: the same multipliers")
