"""An optimizer with train() and eval(): eval() before its weights are judged, train() after, on the training clock."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch

from harness import optimizer, schedule
from harness.registry import find_submission
from tests.toy import Blobs, linear_down, run_record, spec, submission

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


@schedule(anytime=True)
def steady(step):
    """Constant."""
    return 1.0


def race(plugin, shape=steady, **changes):
    both = replace(submission(shape), name="x", kind="optimizer", optimizer=plugin)
    return run_record(spec(reference_recipe=False, target=0.0, **changes), Blobs("smoke"), both, DATA)


def recipe(kind, **options):
    @optimizer(defaults={"learning_rate": 0.01})
    def own(model, hyperparameters):
        """A recipe of the user."""
        return kind(model.parameters(), lr=hyperparameters.learning_rate, **options)

    return own


def metrics(record):
    return [e["metric"] for e in record.evaluations]


class Averages(torch.optim.SGD):
    """Gradient descent whose average is judged: it refuses to step on the average, as schedule-free optimizers do."""

    calls: list[str]

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        type(self).calls = ["made"]

    def weights(self):
        return [p for group in self.param_groups for p in group["params"]]

    def step(self, closure=None):
        if self.calls[-1] not in ("train", "step"):
            raise RuntimeError("call train() first")
        self.calls.append("step")
        super().step(closure)
        for p in self.weights():
            mean = self.state[p].setdefault("mean", p.detach().clone())
            mean.lerp_(p.detach(), 0.1)

    @torch.no_grad()
    def eval(self):
        self.calls.append("eval")
        for p in self.weights():
            self.state[p]["trained"] = p.detach().clone()
            p.copy_(self.state[p]["mean"])

    @torch.no_grad()
    def train(self):
        self.calls.append("train")
        for p in self.weights():
            if "trained" in self.state[p]:
                p.copy_(self.state[p]["trained"])


def test_eval_comes_before_each_evaluation_and_train_before_the_first_step_and_after_each_but_the_last():
    record = race(recipe(Averages))
    assert record.status == "missed", record.reason
    assert len(record.evaluations) == 12
    assert Averages.calls == ["made", *(["train", *["step"] * 5, "eval"] * 12)]


def test_the_weights_that_eval_writes_are_judged_and_those_that_train_writes_are_trained():
    judged = race(recipe(Averages))
    trained = race(recipe(torch.optim.SGD))
    assert metrics(judged) != metrics(trained)
    often, seldom = (race(recipe(Averages), evaluation_period=16 * steps) for steps in (5, 20))
    assert metrics(often)[3::4] == metrics(seldom)  # an evaluation changes nothing in what is trained


def test_batchnorm_statistics_are_those_of_the_weights_that_are_judged():
    class Doubles(torch.optim.SGD):
        """Judges weights of the first layer that are another scale of those it trains: BatchNorm behind it takes it out."""

        def eval(self):
            for p in self.param_groups[0]["params"][:2]:
                p.data.mul_(8)

        def train(self):
            if self.state:
                for p in self.param_groups[0]["params"][:2]:
                    p.data.div_(8)

    judged, trained = race(recipe(Doubles, momentum=0.9)), race(recipe(torch.optim.SGD, momentum=0.9))
    assert metrics(judged) == pytest.approx(metrics(trained), rel=0.5)


def test_the_time_of_eval_and_train_is_charged():
    def busy():
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass

    class Slow(torch.optim.SGD):
        """Takes its time."""

        def eval(self):
            busy()

        def train(self):
            busy()

    record = race(recipe(Slow))
    assert record.clocks["seconds"] > 0.02 * (12 + 11)
    assert race(recipe(torch.optim.SGD)).clocks["examples"] == record.clocks["examples"]


def test_an_optimizer_that_changes_weights_before_the_first_step_is_refused():
    class Trains(torch.optim.SGD):
        """Starts elsewhere."""

        def train(self):
            for p in self.param_groups[0]["params"]:
                p.data.mul_(0.5)

        def eval(self):
            pass

    assert "was changed before the first step: train in update()" in race(recipe(Trains)).reason


def test_an_optimizer_without_the_two_methods_is_judged_as_before():
    """Torch's own optimizers have neither; one with train() alone has nothing to switch to."""

    class Trains(torch.optim.SGD):
        """Has one of the two."""

        def train(self):
            raise AssertionError("never called")

    assert not hasattr(torch.optim.Optimizer, "eval") and not hasattr(torch.optim.Optimizer, "train")
    assert metrics(race(recipe(Trains))) == metrics(race(recipe(torch.optim.SGD)))


def test_a_recipe_of_the_user_and_the_librarys_class_by_name_give_the_same_trial():
    from pytorch_optimizer import ScheduleFreeAdamW

    by_name = find_submission("pytorch_optimizer.ScheduleFreeAdamW+constant")
    assert callable(ScheduleFreeAdamW.eval)
    theirs = race(by_name.optimizer, hyperparameters={"learning_rate": 0.01})
    assert theirs.status == "missed", theirs.reason
    assert metrics(theirs) == metrics(race(recipe(ScheduleFreeAdamW), hyperparameters={"learning_rate": 0.01}))
    assert metrics(theirs)[-1] < 0.8 * metrics(theirs)[0]


def test_judging_the_average_is_what_makes_it_differ_from_its_training_weights():
    from pytorch_optimizer import ScheduleFreeAdamW

    class Unswitched(ScheduleFreeAdamW):
        """Is judged on its training weights: what happened before eval() was called."""

        eval = None
        train = None

    averaged = race(recipe(ScheduleFreeAdamW), shape=linear_down)
    assert metrics(averaged) != metrics(race(recipe(Unswitched), shape=linear_down))
