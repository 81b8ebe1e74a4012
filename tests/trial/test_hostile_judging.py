"""The evaluated model is the harness's own: no plug-in can train it early, replace it or answer in its place."""

from typing import ClassVar

import pytest
import torch
from torch import nn

from harness.contracts.errors import ContractError
from harness.trial.judging import Judge
from tests.hostile import DATA, Early, race
from tests.toy import Blobs, Plain, run_record, spec, submission


class TrainsEarly(Early):
    """Takes a training step before the clock runs."""

    def _begin(self):
        self.update(self.task.draw(16))


class ReadsLossEarly(Early):
    """Computes the loss without gradients before the clock runs."""

    def _begin(self):
        with torch.no_grad():
            self.task.loss(self.task.draw(16))


class MovesWeights(Early):
    """Replaces the values of the initial weights."""

    def _begin(self):
        torch.manual_seed(3)
        self.task.model[0].reset_parameters()


class MovesStatistics(Early):
    """Changes the BatchNorm statistics."""

    def _begin(self):
        self.task.model[1].running_mean.add_(1.0)


class Widens(Early):
    """Replaces a layer by a wider one."""

    def _begin(self):
        self.task.model[0] = nn.Linear(8, 64)


class OtherActivation(Early):
    """Replaces a module that has no parameters."""

    def _begin(self):
        self.task.model[2] = nn.GELU()


class OtherModel(Early):
    """Replaces the model."""

    def _begin(self):
        self.task.model = nn.Linear(8, 3)


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (TrainsEarly, "a backward pass through the model, or a copy, before the first step"),
        (ReadsLossEarly, "5.33333 examples were charged before the first step"),
        (MovesWeights, "'0.weight' of the model was changed before the first step"),
        (MovesStatistics, "'1.running_mean' of the model was changed before the first step"),
        (Widens, "'0' of the model was replaced"),
        (OtherActivation, "'2' of the model was replaced"),
        (OtherModel, "task.model cannot be set"),
    ],
)
def test_a_trial_fails_if_anything_was_trained_or_replaced_before_the_clock_ran(plugin, reason):
    record = race(plugin)
    assert (record.status, record.evaluations) == ("failed", ())
    assert reason in record.reason
    assert "\n" not in record.reason


class OwnForward(Early):
    """Computes something else than the network in evaluation mode."""

    def _begin(self):
        model, self.seen = self.task.model, []
        forward = model.forward
        model.forward = lambda inputs: forward(inputs) if model.training else self.task.seen(inputs)


class EvaluationHook(Early):
    """Changes the outputs in evaluation mode."""

    def _begin(self):
        self.task.model.register_forward_hook(lambda module, _, out: None if module.training else 0 * out)


class InnerHook(Early):
    """Changes the output of an inner layer in evaluation mode."""

    def _begin(self):
        self.task.model[0].register_forward_hook(lambda module, _, out: None if module.training else 0 * out)


class NeverEvaluates(Early):
    """Ignores requests to enter evaluation mode."""

    def _begin(self):
        self.task.model.eval = lambda: self.task.model
        for module in self.task.model.modules():
            module.train = lambda mode=True, module=module: module


class Spy(torch.Tensor):
    """A tensor that records every function that is called with it."""

    calls: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        cls.calls.append(getattr(function, "__name__", str(function)))
        return super().__torch_function__(function, types, args, kwargs or {})


@pytest.mark.parametrize("plugin", [OwnForward, EvaluationHook, InnerHook, NeverEvaluates])
def test_the_harness_evaluates_its_own_model_with_the_trained_weights(plugin):
    honest, hostile = ([e["metric"] for e in race(p, target=0.0).evaluations] for p in (Plain, plugin))
    assert hostile == honest


def test_an_evaluation_changes_nothing_in_the_model_and_calls_none_of_its_hooks():
    calls = []

    class Watches(Early):
        """Counts the examples that pass through its model, and puts a part of it into evaluation mode."""

        def _begin(self):
            self.task.model.register_forward_pre_hook(lambda module, args: calls.append(len(args[0])))

        def prepare_for_evaluation(self):
            self.task.model[3].eval()
            self.before = {name: value.clone() for name, value in self.task.model.state_dict().items()}

        def restore_after_evaluation(self):
            assert not self.task.model[3].training
            self.task.model[3].train()
            for name, value in self.task.model.state_dict().items():
                assert torch.equal(value, self.before[name])

    record = race(Watches, target=0.0)
    assert (record.status, len(record.evaluations)) == ("missed", 12)
    assert set(calls) == {16} and len(calls) == 60


def test_a_weight_of_a_class_of_its_own_is_refused_and_not_called():
    Spy.calls.clear()
    model = Blobs("smoke").build_model()
    judge = Judge(Blobs("smoke"), model)
    with torch.no_grad():
        model[0].weight.fill_(2.0)
    model[0].weight.data = model[0].weight.data.as_subclass(Spy)
    model[0].weight.__class__ = type("SpyParameter", (Spy, nn.Parameter), {})
    Spy.calls.clear()
    with pytest.raises(ContractError, match=r"'0\.weight' of the model has another shape or type"):
        judge.model_with_values_of(model)
    assert Spy.calls == []


def test_a_tensor_subclass_cannot_pretend_that_its_values_are_unchanged():
    class Agrees(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            if function is torch.equal:
                return True
            return super().__torch_function__(function, types, args, kwargs or {})

    class Lies(Early):
        """Changes weights in a tensor whose class says that they are equal."""

        def _begin(self):
            weight = self.task.model[0].weight
            with torch.no_grad():
                weight.fill_(0.1)
            weight.__class__ = type("Agreeing", (Agrees, nn.Parameter), {})

    assert "'0.weight' of the model has another shape or type" in race(Lies).reason


def leaves_gradients_off(self):
    torch.set_grad_enabled(False)


def leaves_double_precision(self):
    torch.set_default_dtype(torch.float64)


def leaves_autocast(self):
    torch.autocast("cpu", torch.bfloat16).__enter__()


@pytest.mark.parametrize("leave", [leaves_gradients_off, leaves_double_precision, leaves_autocast])
def test_a_trial_does_not_change_the_state_of_torch_for_the_next_one(leave):
    honest = [e["metric"] for e in race(Plain, target=0.0).evaluations]
    leaving = type("Leaving", (Plain,), {"prepare_for_evaluation": leave})
    assert race(leaving, target=1e9).status == "reached"
    assert [e["metric"] for e in race(Plain, target=0.0).evaluations] == honest


def test_a_hook_on_all_modules_fails_its_own_trial_and_no_other():
    class HooksAll(Plain):
        """Registers a hook for all modules of the process."""

        def update(self, batch):
            super().update(batch)
            torch.nn.modules.module.register_module_forward_hook(lambda module, _, out: None if module.training else 0 * out)

    record = race(HooksAll, target=0.0)
    assert (record.status, record.evaluations) == ("failed", ())
    assert "a hook is registered for all modules" in record.reason
    assert race(Plain, target=0.0).status == "missed"


class Uncopyable(nn.Module):
    """Has a stored activation, a closure, a parametrized weight, and a state dict without names: it cannot be copied."""

    def __init__(self):
        super().__init__()
        self.first = nn.utils.parametrizations.weight_norm(nn.Linear(8, 16))
        self.last = nn.Linear(16, 3)
        self.act = lambda inputs: torch.tanh(self.first(inputs))
        self.hidden = None
        self.register_state_dict_post_hook(lambda module, state, prefix, _: [state.pop(name) for name in list(state)])

    def forward(self, inputs):
        self.hidden = self.act(inputs)
        return self.last(self.hidden)


def test_models_that_cannot_be_copied_are_evaluated():
    class UncopyableBlobs(Blobs):
        def build_model(self):
            return Uncopyable()

    workload = UncopyableBlobs("smoke")
    record = run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA)
    values = [evaluation["metric"] for evaluation in record.evaluations]
    assert record.status == "missed" and min(values) < 0.8 * values[0]


def test_nothing_that_a_plug_in_puts_on_its_model_is_called_while_no_training_clock_runs():
    calls = []
    names = ("named_modules", "named_parameters", "named_buffers", "parameters", "modules", "children")

    class Listens(Plain):
        """Replaces the functions by which a model tells its parts."""

        def prepare_for_evaluation(self):
            for module in (self.task.model, self.task.model[0]):
                for name in names:
                    object.__setattr__(module, name, lambda *arguments, name=name, **keywords: calls.append(name))

        def restore_after_evaluation(self):
            for module in (self.task.model, self.task.model[0]):
                for name in names:
                    object.__delattr__(module, name)

    assert race(Listens, target=0.0).status == "missed"
    assert calls == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda model: setattr(model[0], "__class__", type("Linear", (torch.nn.Linear,), {})), "'0' of the model was replaced"),
        (lambda model: vars(model).update(_modules=type("Table", (dict,), {})(model._modules)), "the model was replaced"),
        (
            lambda model: model[1]._buffers.update(running_mean=torch.zeros(16).as_subclass(Spy)),
            "'1.running_mean' of the model",
        ),
    ],
)
def test_a_part_of_the_model_with_a_class_of_its_own_is_refused(change, reason):
    class Changes(Plain):
        """Gives a part of its model another class."""

        def update(self, batch):
            super().update(batch)
            change(self.task.model)

    assert reason in race(Changes).reason
