"""What the tests of hostile plug-ins have in common."""

import torch

from tests.toy import Blobs, Plain, run_record, spec, submission

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


def race(plugin, *, settings=None, **changes):
    return run_record(spec(track="self-tuning", **changes), Blobs("smoke"), submission(plugin), DATA, **(settings or {}))


class Early(Plain):
    """Calls `_begin` before the first step."""

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._begin()
