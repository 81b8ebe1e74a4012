"""Linear decay to zero."""

from harness import schedule


@schedule(paper="arXiv:2310.07831")
def linear(step, horizon):
    """Linear decay to zero: m = 1 - p, where p = step / horizon.

    The last step, horizon - 1, runs at 1 / horizon. Optimal in the worst case for convex Lipschitz problems
    (Defazio et al. 2023).

    >>> linear(250, 1000)
    0.75
    """
    return 1 - step / horizon
