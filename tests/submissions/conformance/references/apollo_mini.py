"""APOLLO-Mini, arXiv:2412.05270: rank 1 and one factor per matrix."""

from tests.submissions.conformance.references._apollo import train

TOLERANCE = 1e-5
HYPERPARAMETERS = {"refresh": 4, "weight_decay": 0.1}
REASON = "the projection is drawn three times within ten steps; the row adds 1e-8 to a norm of about .01"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    return train(net, h, rates, lambda short: 1, whole=True)
