"""Whether the same trial gives the same weights to the last bit."""

from __future__ import annotations

from torch import Tensor

from harness.checking.checks.bench import Bench, Training, differing
from harness.checking.checks.outcome import Outcome, failed, ok
from harness.checking.checks.randomness import unlike_seeds

STEPS, SECONDS = 20, 1.0
"""Each run takes so many steps, or as many as take so many CPU seconds."""


def check_determinism(bench: Bench) -> Outcome:
    """Train twice from the same seed, with Python's and NumPy's generators in other states; compare the weights."""
    steps = bench.affordable(STEPS, SECONDS)

    def trained(seed: int) -> dict[str, Tensor]:
        unlike_seeds(seed)
        training = Training(bench)
        training.steps(steps)
        return training.weights()

    first = trained(1)
    if not differing(first, trained(2)):
        return ok(f"two runs of {steps} steps from one seed: the same bits")
    if not differing(first, trained(1)):
        return failed(
            f"two runs from one seed differ after {steps} steps, with Python's random or numpy.random",
            "draw random numbers from self.task.generator, or from torch: the harness seeds those",
        )
    return failed(
        f"two runs from one seed differ after {steps} steps",
        "keep no state outside of the instance (a global, a class attribute, a default argument that is changed),"
        " and compute nothing from time, id() or hash()",
    )
