"""The size of a batch is checked before anything is drawn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.hostile import race
from tests.toy import Plain


def drawing(size):
    """Return a plug-in that asks for batches of a size."""

    class Draws(Plain):
        """Asks for a batch."""

        def batch_size(self):
            return size

    return Draws


@pytest.mark.parametrize("size", [0, -5, 0.5, 16.0, "16", None, True, [16], 10**12, 2**80, float("nan"), torch.ones(2)])
def test_a_batch_size_that_is_no_size_fails_the_trial_before_anything_is_drawn(size):
    record = race(drawing(size))
    assert record.status == "failed"
    assert record.reason.startswith("ContractError: the size of a batch must be an integer from 1 to ")
    assert record.clocks.get("examples", 0) == 0


@pytest.mark.parametrize("size", [2, np.int64(16), 64])
def test_any_integer_that_the_model_can_take_is_a_size(size):
    record = race(drawing(size), target=0.0)
    assert record.status == "missed", record.reason
