"""The checks of a submission, in the order in which they are done and printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from harness.checking.checks.bench import Bench, NotFinite, bench_of
from harness.checking.checks.determinism import check_determinism
from harness.checking.checks.flops import check_flops
from harness.checking.checks.gradient_used import check_gradient
from harness.checking.checks.memory_growth import check_memory
from harness.checking.checks.outcome import Outcome, failed, left_out
from harness.checking.checks.resume import check_resume
from harness.checking.checks.schedule_purity import check_purity
from harness.checking.checks.schedule_range import check_range
from harness.checking.checks.step_cost import check_cost
from harness.trial.process.failures import explain
from harness.trial.process.guard import restored


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: what is checked, as it is printed.
        function: does it.
        trains: whether it needs a submission that trains, so that it is left out where the trial before it fails.
    """

    name: str
    function: Callable[[Bench, str], Outcome]
    trains: bool = True


CHECKS = (
    Check("range over horizons", lambda bench, _: check_range(bench), trains=False),
    Check("purity", lambda bench, _: check_purity(bench), trains=False),
    Check("gradient used", lambda bench, _: check_gradient(bench)),
    Check("determinism", lambda bench, _: check_determinism(bench)),
    Check("resume", lambda bench, _: check_resume(bench)),
    Check("memory growth", lambda bench, _: check_memory(bench)),
    Check("FLOPs against charge", lambda bench, _: check_flops(bench)),
    Check("cost per step", check_cost),
)


def outcome_of(check: str, submission: str, data_directory: str) -> list[str]:
    """Return the outcome of a check as JSON types, [verdict, found, change]; for a process of its own.

    Args:
        check: its name.
        submission: its name.
        data_directory: where prepared data lie.

    Raises:
        BadInput: there is no such submission.
    """
    chosen = next(item for item in CHECKS if item.name == check)
    bench = bench_of(submission, data_directory)
    outcome = _done(chosen, bench, data_directory)
    return [outcome.verdict.value, outcome.found, outcome.change]


def _done(check: Check, bench: Bench, data_directory: str) -> Outcome:
    try:
        with restored(torch.device("cpu")):
            return check.function(bench, data_directory)
    except NotFinite as reason:
        return left_out(f"{reason}, at its default values")
    except (Exception, SystemExit) as error:  # noqa: BLE001  a plug-in may raise anything
        return failed(explain(error), "see this line: the trial itself did not come to it")
