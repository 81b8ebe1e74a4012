"""The learning rate that goes with a batch size, and the batch size that the horizon leaves room for."""

import math

RULES = {"sgd": "linear", "adamw": "square_root", "adagrad": "none"}
"""The rule that goes with each optimizer; AdaGrad's rate is left alone, as AdAdaGrad leaves it."""


def scaled_rate(rate, batch_size, reference, rule):
    """Return the rate at `batch_size` that does what `rate` does at `reference`, both in examples.

    With k = batch_size / reference: "linear" k rate (SGD: k small steps are one k times as long, arXiv:1706.02677);
    "square_root" sqrt(k) rate (Adam: the noise of its normalised step shrinks with sqrt(k), arXiv:2205.10287, from
    memory); "none" leaves it.

    >>> [scaled_rate(0.1, 64, 16, rule) for rule in ("linear", "square_root", "none")]
    [0.4, 0.2, 0.1]
    """
    ratio = batch_size / reference
    return rate * {"linear": ratio, "square_root": math.sqrt(ratio), "none": 1.0}[rule]


def within_horizon(task, size, least):
    """Return `size`, or what is left of the horizon where that is less, but no fewer than `least` examples of it."""
    return min(size, max(math.ceil(task.horizon - task.examples), least))
