"""An exponential moving average of the weights, over any optimizer."""

from harness import LogUniform, optimizer


@optimizer(
    wraps="adamw",
    paper="Polyak and Juditsky 1992, doi:10.1137/0330046; AlgoPerf's entry, arXiv:2502.15015",
    defaults={"span": 0.025},
    space={"span": LogUniform(0.005, 0.2)},
    cost="one pass over the weights per step; state: the weights once more, beside the base's",
    deviation=(
        "the average's span is a fraction of the steps so far (AlgoPerf's entry: coefficient .2 per .5 % of the horizon), "
        "so that it needs no horizon; both agree at the horizon"
    ),
)
def ema(base, hyperparameters):
    """Trains as its base, is judged by an average: a <- a + (w - a) / (1 + span (t - 1)) after step t.

    The mean age of the weights in the average is about `span` times the steps so far; a span of 1 is the mean of all.
    BatchNorm statistics are recomputed for the average.
    """
    from submissions.optimizers._averages import MovingAverage

    return MovingAverage(base, hyperparameters.span)
