"""Reflected exponential decay."""

from harness import schedule


@schedule(paper="arXiv:2107.04197")
def rex(step, horizon):
    """Reflected exponential decay: m = (1 - z) / (1 - z / 2), where z = step / horizon.

    It has no hyperparameters, stays above linear decay, and is sampled at every step.

    >>> [round(rex(z, 100), 3) for z in (25, 50, 75, 90)]
    [0.857, 0.667, 0.4, 0.182]
    """
    progress = step / horizon
    return (1 - progress) / (1 - progress / 2)
