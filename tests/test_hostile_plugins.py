"""Plug-ins that want more than their share: each is refused in one clear line, and none brings down the run."""

from dataclasses import replace

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


class Spends(Plain):
    """Trains on and on within its last step."""

    def update(self, batch):
        left = self.task.budget - self.task.examples
        for _ in range(400 if left <= 80 else 1):
            super().update(batch)


class SpendsAll(Plain):
    """Takes one step, of several budgets."""

    def update(self, batch):
        for _ in range(400):
            super().update(batch)


@pytest.mark.parametrize(("plugin", "judged"), [(Spends, 11), (SpendsAll, 0)])
def test_what_a_step_reaches_far_past_the_end_is_a_miss(plugin, judged):
    within, beyond = (
        min(e["metric"] for e in race(Plain, target=0.0, budget=budget, horizon=budget).evaluations) for budget in (960, 6400)
    )
    assert beyond < within
    record = race(plugin, target=(within + beyond) / 2)
    assert (record.status, len(record.evaluations)) == ("missed", judged)
    assert record.reason.startswith("the last step ended ")
    assert all(evaluation["examples"] <= 960 for evaluation in record.evaluations)


class Batches(Plain):
    """Batches larger than an evaluation period, that do not divide the budget."""

    def batch_size(self):
        return 93


def test_a_large_batch_that_does_not_divide_the_budget_loses_no_hit():
    best = race(Batches, target=0.0).evaluations
    assert [evaluation["examples"] for evaluation in best][-1] == 93 * 11 > 960
    record = race(Batches, target=min(evaluation["metric"] for evaluation in best))
    assert (record.status, record.clocks["examples"]) == ("reached", 93 * 11)


def test_what_hearing_the_validation_metric_costs_is_no_overshoot():
    class Hears(Plain):
        """Pays much for the metric."""

        listens = ("validation_metric",)

    data = {**DATA, "validation": {name: values.repeat_interleave(9, 0) for name, values in DATA["validation"].items()}}
    workload = Blobs("smoke")
    workload.settings = replace(workload.settings, validation_examples=0)
    record = run_trial(spec(track="self-tuning", target=0.0), workload, submission(Hears), data)
    assert (record.status, record.reason[:4]) == ("missed", "best")
    assert record.clocks["examples"] > 1.1 * 960


def test_whether_statistics_are_refreshed_is_asked_once_and_off_no_clock():
    asked = []

    class Asks(Plain):
        """Would train whenever it is asked."""

        @property
        def refresh_batchnorm(self):
            asked.append(self.task.examples)
            return True

    assert race(Asks, target=0.0).status == "missed"
    assert asked == [0]


def test_whether_statistics_are_refreshed_is_a_yes_or_no():
    class Vague(Plain):
        """Says neither."""

        refresh_batchnorm = "maybe"

    assert "refresh_batchnorm must be True or False, not str" in race(Vague).reason
