"""One module per optimizer: `reference(net, h, rates)`, which imports torch and nothing of ours.

A module may also set PROCEDURE, STEPS, TOLERANCE, HYPERPARAMETERS other than the defaults, with a REASON for these three, and
ALSO, other hyperparameters with which the row is compared once more.
"""
