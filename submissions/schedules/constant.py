"""The control: a learning rate without decay."""

from harness import schedule


@schedule(paper="none: the control arm", anytime=True)
def constant(step):
    """The peak learning rate throughout: m = 1.

    >>> constant(7)
    1.0
    """
    return 1.0
