"""The nodes on which the process that keeps Ray's workers starts no more of them."""

LEFT_OUT: set[str] = set()
"""Their ids in Ray. A set of this process: what asks Ray for resources reads it each time that a worker starts."""
