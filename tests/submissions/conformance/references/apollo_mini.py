"""APOLLO-Mini, arXiv:2412.05270: rank 1 and one factor per matrix."""

from tests.submissions.conformance.references._apollo import train

HYPERPARAMETERS = {"refresh": 4, "weight_decay": 0.1}
REASON = "the projection is drawn three times within ten steps"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    return train(net, h, rates, lambda short: 1, whole=True)
