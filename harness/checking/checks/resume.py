"""Whether training goes on with the same bits from `state_dict`."""

from __future__ import annotations

import torch

from harness.checking.checks.bench import Bench, Training, differing
from harness.checking.checks.outcome import Outcome, failed, left_out, ok
from harness.contracts.algorithms import TrainingAlgorithm
from harness.registry.forms import split_form

STEPS, SECONDS = 10, 0.5
"""So many steps before the state is saved and as many after it, or as many as take so many CPU seconds."""

MOST_NAMED = 5


def check_resume(bench: Bench) -> Outcome:
    """Save the state after some steps, load it into a new instance, and let both go on."""
    form, _ = split_form(bench.submission.source or bench.submission.name)
    if form:
        return left_out(f"submissions in {form}'s form save no state")
    steps = bench.affordable(STEPS, SECONDS)
    straight = Training(bench)
    straight.steps(steps)
    resumed = Training(bench)
    resumed.take_over(straight)
    missing = _left(straight.algorithm, resumed.algorithm)
    generator = torch.get_rng_state()
    straight.steps(steps)
    torch.set_rng_state(generator)
    resumed.steps(steps)
    if not differing(straight.weights(), resumed.weights()):
        return ok(f"saved after {steps} steps and loaded into a new instance: the same bits {steps} steps later")
    procedure = bench.submission.procedure
    found = f"loaded into a new instance after {steps} steps, the state leads to other weights {steps} steps later"
    if procedure is not None and procedure.state_dict is TrainingAlgorithm.state_dict:
        return failed(found, f"write state_dict() and load_state_dict(): it saves nothing{_named(missing)}")
    if procedure is not None:
        return failed(found, f"save and load in state_dict() and load_state_dict() all that changes{_named(missing)}")
    if bench.submission.optimizer is None:
        return failed(found, "keep what the schedule remembers in attributes of self, which the harness saves")
    return failed(found, "keep the optimizer's state in self.state[parameter] or in its param_groups, which torch saves")


def _left(straight: TrainingAlgorithm, resumed: TrainingAlgorithm) -> list[str]:
    """Return the names of the plain attributes that differ."""
    plain = (int, float, str, bool, type(None), list, tuple, dict)
    own, other = vars(straight), vars(resumed)
    names = []
    for name in own.keys() | other.keys():
        one, two = own.get(name), other.get(name)
        if isinstance(one, plain) and isinstance(two, plain) and repr(one) != repr(two) and " at 0x" not in repr(one):
            names.append(name)
    return sorted(names)[:MOST_NAMED]


def _named(missing: list[str]) -> str:
    return f"; these attributes are lost: {', '.join(f'self.{name}' for name in missing)}" if missing else ""
