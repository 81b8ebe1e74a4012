"""The learning rate that fits a batch size, and the batch size that fits into the remaining horizon."""

import math

RULES = {"sgd": "linear", "adamw": "square_root", "adagrad": "none"}
"""The rule of each optimizer; AdaGrad's rate is not scaled, as in AdAdaGrad."""


def scaled_rate(rate, batch_size, reference, rule):
    """Return the rate at `batch_size` that corresponds to `rate` at `reference`, both in examples.

    With k = batch_size / reference: "linear" gives k rate (SGD: k small steps are one step k times as long, arXiv:1706.02677);
    "square_root" gives sqrt(k) rate (Adam: the noise of its normalised step shrinks with sqrt(k), arXiv:2205.10287, from
    memory); "none" gives `rate`.

    >>> [scaled_rate(0.1, 64, 16, rule) for rule in ("linear", "square_root", "none")]
    [0.4, 0.2, 0.1]
    """
    ratio = batch_size / reference
    return rate * {"linear": ratio, "square_root": math.sqrt(ratio), "none": 1.0}[rule]


def within_horizon(task, size, least):
    """Return the smaller of `size` and the remaining horizon, but at least `least`, all in examples."""
    return min(size, max(math.ceil(task.horizon - task.examples), least))
