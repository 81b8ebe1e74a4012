"""A schedule made from the gradient norms of a first run."""

from harness import Choice, Uniform
from submissions.procedures._inner import DEFAULTS, SPACE, Inner

POINTS = 10_000
"""Shorter series of norms are interpolated to this many points, so that the median filter has enough of them."""


def refine(norms, power=2, smoothing=0.1):
    """Return the multipliers [n], maximum 1, that minimise the bound on the last iterate's loss for these gradient norms.

    With G the norms after a median filter of width 2 floor(smoothing n / 2) + 1, and weights w_t = G_t^-power, the
    multiplier is s_t = w_t sum_{k > t} w_k divided by its maximum; the last one is 0. Constant norms give linear decay,
    norms that are high at first give a warm-up, and norms that rise at the end a faster decay. The filter pads the
    series with its first norm, as the source does: where that is far below those that follow, the multipliers begin
    with a peak, and all others are relative to it.

    Args:
        norms: positive norms of the gradient, one per step, [n]; values that are not finite are left out.
        power: 2 for the l2 norms of SGD, 1 for the l1 norms of Adam.
        smoothing: width of the filter, as a share of n.

    >>> [round(float(s), 12) for s in refine([3.0] * 5)]
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    import numpy as np
    from scipy.ndimage import median_filter

    norms = np.asarray(norms, dtype=np.float64)
    norms = norms[np.isfinite(norms)]
    count = len(norms)
    if count < 2:
        return np.ones(count)
    if count < POINTS:
        norms = np.interp(np.linspace(0, count - 1, POINTS), np.arange(count), norms)
    width = 2 * int(smoothing * len(norms) / 2) + 1
    padded = np.pad(norms, (0, 2 * width), mode="reflect")
    filtered = median_filter(padded, size=width, mode="nearest")[: len(norms)]
    largest = filtered.max()
    weights = np.maximum(filtered / largest if largest > 0 else np.ones_like(filtered), 1e-6) ** -float(power)
    after = np.cumsum(weights[::-1])[::-1] - weights
    after[-1] = 0.0
    multipliers = np.interp(np.linspace(0, len(norms) - 1, count), np.arange(len(norms)), weights * after)
    return multipliers / multipliers.max()


class Refined(Inner):
    """Trains once under linear decay, makes a schedule from the gradient norms, and trains again under that schedule.

    The second run starts from the initial weights, with s_t of `refine` as its multipliers: l1 norms of the whole gradient
    under AdamW, l2 norms under SGD, before any change to the gradient. Both runs are charged, and both are
    judged: a first run that meets the target ends the trial.

    Args:
        form: "whole", two runs of equal length, half the horizon each, as in the paper; or "partial" (our
            addition): the first run is short, with a decay of its own, and its norms are stretched to the second's length.
        share: the first run's share of the horizon in the partial form.
        smoothing: width of the median filter as a share of the run, 0.1 in the paper.
        optimizer: "adamw" (beta1, beta2) or "sgd" (heavy-ball momentum beta1).
    """

    paper = "arXiv:2310.07831"
    defaults = {**DEFAULTS, "form": "whole", "share": 0.15, "smoothing": 0.1}
    space = {**SPACE, "form": Choice("partial", "whole"), "share": Uniform(0.1, 0.3)}
    anytime = False
    cost = "the first run: half of the trial ('whole') or `share` of it ('partial'); one gradient norm per step of that run"
    deviation = (
        "the learning rate is not tuned again between the runs; the first run warms up for the workload's share; "
        "the form 'partial' is our addition"
    )
    _kept = ("_norms", "_table", "_start")

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        import scipy.ndimage  # noqa: F401  imported here, where it is not charged

        share = 0.5 if hyperparameters.form == "whole" else hyperparameters.share
        self._first = share * task.horizon
        self._norms = []
        self._table = None
        self._start = self._snapshot()

    def update(self, batch):
        """Take one step of the first run, or of the second."""
        if self._table is None and self.task.examples >= self._first:
            self._turn()
        self._set_rate(self.hyperparameters.learning_rate * self._multiplier())
        self._step(batch)
        if self._table is None:
            self._norms.append(self._norm())

    def _turn(self):
        """Make the schedule, and start the second run."""
        import torch

        adam = self.hyperparameters.optimizer != "sgd"
        norms = torch.stack(self._norms).tolist()
        self._table = refine(norms, power=1 if adam else 2, smoothing=self.hyperparameters.smoothing).tolist()
        self._roll_back(self._start)
        self._norms, self._start = [], None

    def _multiplier(self):
        task = self.task
        if self._table is None:
            at, warmup = task.examples / self._first, task.warmup / task.horizon
            step = task.batch_size / self._first
            return min((at + step) / warmup, 1.0) if at < warmup else max(1 - at, 0.0) / (1 - warmup)
        length = max((task.horizon - self._first) - task.batch_size, 1)  # from its first step to its last
        at = min(max((task.examples - self._first) / length, 0.0), 1.0) * (len(self._table) - 1)
        low = min(int(at), len(self._table) - 2) if len(self._table) > 1 else 0
        if len(self._table) < 2:
            return 1.0
        return self._table[low] + (at - low) * (self._table[low + 1] - self._table[low])

    def _norm(self):
        import torch

        order = 2 if self.hyperparameters.optimizer == "sgd" else 1
        gradients = [p.grad for p in self._weights() if p.grad is not None]
        return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, order)), order)
