"""Gradient descent on the learning rate itself."""

import math

from harness import Choice, LogUniform, schedule


@schedule(
    paper="arXiv:1703.04782",
    anytime=True,
    listens=("descent", "descent_cosine", "learning_rate"),
    space={"form": Choice("additive", "cosine"), "beta": LogUniform(0.002, 0.2), "hyper_rate": LogUniform(1e-10, 1e-4)},
    cost="two copies of the weights; per step one inner product and two norms over all of them",
    deviation="by default the cosine replaces the unnormalised product, and the rate stays within [0.1, 10] times its peak; it "
    "changes one step later than in the paper; u includes weight decay",
)
class hypergradient:
    """Raise the rate while a step's gradient agrees with the step before, lower it while they disagree.

    With u_t the direction that the optimizer took, w_{t+1} = w_t - alpha_t u_t, the derivative of the loss after a step
    by that step's learning rate is -<g_t, u_{t-1}>, summed over all tensors. Gradient descent on it is

    - ``additive``, the paper's: alpha <- alpha + hyper_rate <g_t, u_{t-1}>;
    - ``cosine``, free of scale: alpha <- alpha (1 + beta cos(g_t, u_{t-1})).

    u is the gradient under plain SGD (the paper's SGD-HD), the momentum's direction under SGD with momentum (SGDN-HD),
    m^ / (sqrt(v^) + eps) under Adam (Adam-HD): ``-s sgd+hypergradient`` and ``-s adamw+hypergradient`` are those. The
    released Adam variant changes the group's rate tensor by tensor inside a step; here the product is summed over all
    tensors first. The gradient of a step is known after the step, so it changes the rate of the next one; the
    rate does not change during warm-up.

    Args:
        form: "cosine" or "additive".
        beta: relative step of the cosine form; the form, its bounds and the value 0.02 are our choices.
        hyper_rate: the additive form's beta. The released code has 1e-6 for SGD and 1e-8 for Adam; a factor of ten matters.
        lowest, highest: bounds of the rate, in multiples of its peak; our choice.
    """

    def __init__(self, form="cosine", beta=0.02, hyper_rate=1e-8, lowest=0.1, highest=10.0):
        self._form, self._beta, self._hyper_rate = form, beta, hyper_rate
        self._lowest, self._highest = lowest, highest
        self._multiplier = 1.0
        self._rate_before = 0.0

    def observe(self, feedback):
        """Change the rate along the hypergradient of the last step."""
        rate, rate_before = feedback.learning_rate or 0.0, self._rate_before
        self._rate_before = rate
        if feedback.step < 0 or feedback.descent is None or feedback.descent_cosine is None:
            return
        moved = self._multiplier
        if self._form == "cosine":
            moved *= 1 + self._beta * feedback.descent_cosine
        elif rate > 0 and rate_before > 0:
            peak = rate / self._multiplier
            moved += self._hyper_rate * (feedback.descent / rate_before) / peak
        if math.isfinite(moved):
            self._multiplier = min(max(moved, self._lowest), self._highest)

    def multiplier(self, step):
        """Return the present multiple of the peak rate."""
        return self._multiplier
