"""The mean of the latest snapshots of the weights, over any optimizer."""

from harness import Choice, LogUniform, optimizer


@optimizer(
    wraps="adamw",
    paper="arXiv:2209.14981",
    defaults={"snapshots": 10, "spacing": 0.002},
    space={"snapshots": Choice(5, 10, 20), "spacing": LogUniform(0.001, 0.02)},
    cost="one copy of the weights per snapshot, their mean per evaluation; state: `snapshots` times the weights",
    deviation=(
        "a snapshot follows the last one by a fraction of the steps so far (AlgoPerf's entry: every .2 % of the horizon, "
        "the paper: at the end of an epoch), so that it needs no horizon"
    ),
)
def lawa(base, hyperparameters):
    """Trains as its base, is judged by the mean of the latest `snapshots` of the weights.

    The first snapshot follows the first step; the next one after step t is due max(1, `spacing` t) steps later, rounded
    to whole steps. BatchNorm statistics are recomputed for the mean.
    """
    from submissions.optimizers._averages import LatestMean

    return LatestMean(base, hyperparameters.snapshots, hyperparameters.spacing)
