"""Plug-ins that want more than their share: each is refused in one clear line, and none brings down the run."""

import pytest
import torch
from torch import nn

from harness.trial import run_trial
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


class TrainsEarly(Early):
    """Trains by the book, but off the clock."""

    def _begin(self):
        self.update(self.task.draw(16))


class LooksEarly(Early):
    """Asks for the loss, without a gradient."""

    def _begin(self):
        with torch.no_grad():
            self.task.loss(self.task.draw(16))


class MovesWeights(Early):
    """Brings its own initial weights."""

    def _begin(self):
        torch.manual_seed(3)
        self.task.model[0].reset_parameters()


class MovesStatistics(Early):
    """Brings its own BatchNorm statistics."""

    def _begin(self):
        self.task.model[1].running_mean.add_(1.0)


class Widens(Early):
    """Puts a wider network in."""

    def _begin(self):
        self.task.model[0] = nn.Linear(8, 64)


class OtherActivation(Early):
    """Puts in a module that has no parameters."""

    def _begin(self):
        self.task.model[2] = nn.GELU()


class OtherModel(Early):
    """Trains a model of its own."""

    def _begin(self):
        self.task.model = nn.Linear(8, 3)


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (TrainsEarly, "16 examples were charged before the first step"),
        (LooksEarly, "5.33333 examples were charged before the first step"),
        (MovesWeights, "'0.weight' of the model was changed before the first step"),
        (MovesStatistics, "'1.running_mean' of the model was changed before the first step"),
        (Widens, "'0' of the model was replaced"),
        (OtherActivation, "'2' of the model was replaced"),
        (OtherModel, "the model was replaced"),
    ],
)
def test_nothing_may_be_trained_or_replaced_before_the_clock_runs(plugin, reason):
    record = race(plugin)
    assert (record.status, record.evaluations) == ("failed", ())
    assert reason in record.reason
    assert "\n" not in record.reason
