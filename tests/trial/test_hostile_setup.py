"""Nothing is won by training before the first step, while no clock runs and nothing is charged."""

import contextlib
import copy
import os
import time

import pytest
import torch
from torch.nn import functional as F

from tests.hostile import DATA, Early, race
from tests.toy import Blobs, Plain, run_record, spec, submission


def trained_copy(model, examples, steps=200):
    """Return a copy of a model, trained on examples that no task has handed out."""
    own = copy.deepcopy(model)
    optimizer = torch.optim.Adam(own.parameters(), 0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(own(examples["inputs"]), examples["labels"]).backward()
        optimizer.step()
    return own


class TrainsACopy(Early):
    """Trains a copy in the constructor, on data that it reaches through a private name, and loads the weights in step 1."""

    def _begin(self):
        self.copy = trained_copy(self.task.model, self.task._train)

    def update(self, batch):
        if self.copy is not None:
            self.task.model.load_state_dict(self.copy.state_dict())
            self.copy = None
        super().update(batch)


class TrainsACopyAndCatches(TrainsACopy):
    """Does the same, and catches what is raised."""

    def _begin(self):
        self.copy = None
        with contextlib.suppress(BaseException):
            super()._begin()


class TrainsInPlaceAndReverts(TrainsACopy):
    """Trains the model itself, keeps the weights, and writes the initial ones back."""

    def _begin(self):
        model = self.task.model
        before = copy.deepcopy(model.state_dict())
        for _ in range(200):
            model.zero_grad()
            F.cross_entropy(model(self.task._train["inputs"]), self.task._train["labels"]).backward()
            self._descend()
        self.copy = copy.deepcopy(model)
        model.load_state_dict(before)


class TrainsFunctionally(TrainsACopy):
    """Trains by gradients of a function of the weights."""

    def _begin(self):
        self.task.model.eval()
        weights = {name: p.detach().clone() for name, p in self.task.model.named_parameters()}

        def loss(weights):
            outputs = torch.func.functional_call(self.task.model, weights, (self.task._train["inputs"],))
            return F.cross_entropy(outputs, self.task._train["labels"])

        for _ in range(20):
            gradients = torch.func.grad(loss)(weights)
            weights = {name: p - 0.1 * gradients[name] for name, p in weights.items()}


class TrainsByTheEngine(TrainsACopy):
    """Calls torch's engine of backward passes itself, and catches what is raised."""

    def _begin(self):
        own = copy.deepcopy(self.task.model)
        loss = F.cross_entropy(own(self.task._train["inputs"]), self.task._train["labels"])
        with contextlib.suppress(Exception):
            torch._C._ImperativeEngine().run_backward(
                (loss,), (torch.ones(()),), False, False, (), allow_unreachable=True, accumulate_grad=True
            )
        self.copy = None


@pytest.mark.parametrize(
    "plugin", [TrainsACopy, TrainsACopyAndCatches, TrainsInPlaceAndReverts, TrainsFunctionally, TrainsByTheEngine]
)
def test_a_backward_pass_through_the_model_or_a_copy_in_the_constructor_fails_the_trial(plugin):
    record = race(plugin, target=1.0)
    assert (record.status, record.evaluations) == ("failed", ())
    assert "a backward pass through the model, or a copy, before the first step" in record.reason


class TrainsOneFlatTensor(Early):
    """Trains all weights as views of one tensor, whose shape is that of no weight."""

    def _begin(self):
        model = copy.deepcopy(self.task.model).eval()
        named = dict(model.named_parameters())
        flat = torch.cat([p.detach().flatten() for p in named.values()]).requires_grad_()
        parts = flat.split([p.numel() for p in named.values()])
        weights = {name: part.view(p.shape) for part, (name, p) in zip(parts, named.items(), strict=True)}
        outputs = torch.func.functional_call(model, weights, (self.task._train["inputs"],))
        F.cross_entropy(outputs, self.task._train["labels"]).backward()


class TrainsUnderAnotherSize(TrainsOneFlatTensor):
    """Trains a tensor of a class that tells another size."""

    def _begin(self):
        class Small(torch.Tensor):
            shape = torch.Size([1])

            def numel(self):
                return 1

            def size(self):
                return self.shape

        flat = torch.zeros(8 * 16).as_subclass(Small).requires_grad_()
        (flat.as_subclass(torch.Tensor) ** 2).sum().backward()


@pytest.mark.parametrize("plugin", [TrainsOneFlatTensor, TrainsUnderAnotherSize])
def test_a_backward_pass_to_as_many_numbers_as_a_weight_has_fails_the_trial(plugin):
    record = race(plugin, target=1.0)
    assert (record.status, record.evaluations) == ("failed", ())
    numbers = {TrainsOneFlatTensor: 8 * 16 + 16 + 32 + 16 * 3 + 3, TrainsUnderAnotherSize: 8 * 16}[plugin]
    assert f"a backward pass to {numbers} numbers, as many as a weight has, before the first step" in record.reason


def test_what_the_copy_would_have_won():
    """The cheat is worth something: without the check its first evaluation is better than an honest trial's last."""
    honest = [e["metric"] for e in race(Plain, target=0.0).evaluations]
    stolen = trained_copy(Blobs("smoke").build_model(), DATA["train"]).eval()
    examples = {name: values[:128] for name, values in DATA["validation"].items()}
    with torch.no_grad():
        assert float(F.cross_entropy(stolen(examples["inputs"]), examples["labels"])) < honest[0]


def test_a_constructor_may_fit_something_of_its_own():
    class Fits(Early):
        """Fits a curve of three numbers by gradient descent."""

        def _begin(self):
            curve = torch.zeros(3, requires_grad=True)
            for _ in range(20):
                ((curve - torch.tensor([1.0, 2.0, 3.0])) ** 2).sum().backward()
                curve.data -= 0.1 * curve.grad
                curve.grad = None
            assert float(curve.detach().sum()) > 5.5

    assert race(Fits, target=0.0).status == "missed"


def test_training_goes_on_as_before_after_a_constructor_that_was_watched():
    record = race(Plain, target=0.0)
    assert record.status == "missed" and record.evaluations[-1]["metric"] < record.evaluations[0]["metric"]
    assert race(TrainsACopy).status == "failed"
    assert [e["metric"] for e in race(Plain, target=0.0).evaluations] == [e["metric"] for e in record.evaluations]


def test_what_a_constructor_computes_without_autograd_is_recorded_as_its_seconds():
    class Computes(Early):
        """Computes for a while, as one that derives gradients by hand would."""

        def _begin(self):
            began = time.thread_time()
            while time.thread_time() - began < 0.35:
                torch.randn(64, 64) @ torch.randn(64, 64)

    clocks = race(Computes, target=0.0).clocks
    assert clocks["constructor_seconds"] > 0.35 and clocks["setup_seconds"] > 0.35
    assert race(Plain, target=0.0).clocks["constructor_seconds"] < 0.3


def test_cpu_time_that_no_clock_has_is_in_the_record():
    class Computes(Blobs):
        """Lets a child process compute during each evaluation, as a plug-in's child would."""

        def aggregate(self, means):
            if (child := os.fork()) == 0:
                while time.process_time() < 0.05:
                    pass
                os._exit(0)
            os.waitpid(child, 0)
            return means

    def outside(workload):
        clocks = run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA).clocks
        return clocks["cpu_seconds"] - clocks["process_seconds"] - clocks["evaluation_seconds"] - clocks["setup_seconds"]

    assert -0.05 < outside(Blobs("smoke")) < 0.2
    assert outside(Computes("smoke")) > 12 * 0.04


def test_a_copy_cannot_be_trained_where_the_harness_asks_what_the_algorithm_wants():
    class Asked(Plain):
        """Trains a copy when an attribute is read."""

        @property
        def refresh_batchnorm(self):
            copy.deepcopy(self.task.model)(torch.zeros(4, 8)).sum().backward()
            return True

    assert "a backward pass through the model, or a copy, before the first step" in race(Asked).reason


def test_the_time_of_what_the_harness_asks_is_the_constructors():
    class Slow(Plain):
        """Computes when an attribute is read."""

        @property
        def refresh_batchnorm(self):
            began = time.thread_time()
            while time.thread_time() < began + 0.2:
                pass
            return True

    assert race(Slow, target=0.0).clocks["constructor_seconds"] > 0.2
