"""Seeds of the generators that no trial seeds."""

from __future__ import annotations

import random


def unlike_seeds(seed: int) -> None:
    """Seed Python's and NumPy's generators: no trial does, so that nothing may depend on them."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed)
