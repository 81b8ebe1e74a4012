"""Whether what is trained depends on the batches: a forgotten `backward()` trains without an error."""

from __future__ import annotations

from harness.checking.checks.bench import Bench, Training, differing
from harness.checking.checks.outcome import Outcome, failed, ok

LOOKS, SECONDS = (7, 20), 1.0
"""The weights are compared after so many steps, or after as many as take so many CPU seconds: a procedure may have gone back
to its first weights at one of these, as a search for a rate does."""


def check_gradient(bench: Bench) -> Outcome:
    """Train on two data orders from the same weights; the weights must move, and end apart."""
    one, other = Training(bench), Training(bench, order=1)
    before = one.weights()
    moved: list[str] = []
    steps = 0
    for look in LOOKS:
        more = bench.affordable(look - steps, SECONDS)
        steps += more
        one.steps(more)
        other.steps(more)
        weights = one.weights()
        moved = differing(before, weights) or moved
        if depend := differing(weights, other.weights()):
            return ok(f"{len(depend)} of {len(before)} tensors of the model depend on the batches after {steps} steps")
    own = bench.submission.procedure is not None
    loss = "self.task.loss(batch).backward() comes before the optimizer's step()" if own else "its step() uses each p.grad"
    if not moved:
        return failed(
            f"no weight has changed after {steps} steps",
            f"see that {loss}, and that the optimizer has the parameters of the model that it was given",
        )
    return failed(f"the weights after {steps} steps do not depend on the batches", f"see that {loss}")
