"""What the tests of hostile plug-ins share."""

import torch

from harness.trial.loop import run_trial
from tests.toy import Blobs, Plain, spec, submission

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


def race(plugin, *, complete=False, **changes):
    return run_trial(spec(track="self-tuning", **changes), Blobs("smoke"), submission(plugin), DATA, complete=complete)


class Early(Plain):
    """Does something to the model before the first step."""

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._begin()
