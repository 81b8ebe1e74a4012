"""APOLLO, arXiv:2412.05270: a factor per channel."""

from tests.submissions.conformance.references._apollo import train

HYPERPARAMETERS = {"refresh": 4, "weight_decay": 0.1}
REASON = "the projection is drawn three times within ten steps"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    return train(net, h, rates, lambda short: max(1, round(h.rank_share * short)), whole=False)
