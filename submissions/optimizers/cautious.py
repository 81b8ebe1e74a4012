"""Cautious updates, over any optimizer."""

from harness import Choice, optimizer


@optimizer(
    wraps="adamw",
    paper="arXiv:2411.16085",
    defaults={"cautious_decay": False},
    space={"cautious_decay": Choice(False, True)},
    cost="one copy of weights and gradients per step, and about six passes over them; no state beside the base's",
    deviation=(
        "the base's weight decay is w (1 - lr wd), whatever form the base gives it, with its own estimate of lr if it has one; "
        "in `cocob`, `dog`, `dowg`, `lars` and `mechanic` it is part of their update; `cautious_decay` is not of the paper"
    ),
)
def cautious(base, hyperparameters):
    """Keeps the coordinates of its base's update u that agree with the gradient: w <- w (1 - lr wd) - u m / max(mean m, .001).

    m is 1 where u g > 0 and 0 elsewhere, and its mean is the tensor's. u is the change that the base makes without weight
    decay. With `cautious_decay` (arXiv:2510.12402) a weight is decayed only where u w >= 0. A base that sets weights from sums
    of its own (`cocob`, `mechanic`) makes up in later steps for what was left out.
    """
    from submissions.optimizers._cautious import Cautious

    return Cautious(base, cautious_decay=hyperparameters.cautious_decay)
