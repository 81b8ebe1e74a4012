"""What is judged is a model that no plug-in trained early, replaced or speaks for."""

from typing import ClassVar

import pytest
import torch
from torch import nn

from harness.trial.judging import Judge
from tests.hostile import DATA, Early, race
from tests.toy import Blobs, Plain, run_record, spec, submission


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
        (OtherModel, "task.model cannot be set"),
    ],
)
def test_nothing_may_be_trained_or_replaced_before_the_clock_runs(plugin, reason):
    record = race(plugin)
    assert (record.status, record.evaluations) == ("failed", ())
    assert reason in record.reason
    assert "\n" not in record.reason


class OwnForward(Early):
    """Answers with a lookup instead of the network, in evaluation only."""

    def _begin(self):
        model, self.seen = self.task.model, []
        forward = model.forward
        model.forward = lambda inputs: forward(inputs) if model.training else self.task.seen(inputs)


class EvaluationHook(Early):
    """Changes outputs in evaluation."""

    def _begin(self):
        self.task.model.register_forward_hook(lambda module, _, out: None if module.training else 0 * out)


class InnerHook(Early):
    """Changes what an inner layer says in evaluation."""

    def _begin(self):
        self.task.model[0].register_forward_hook(lambda module, _, out: None if module.training else 0 * out)


class NeverEvaluates(Early):
    """Stays in training mode."""

    def _begin(self):
        self.task.model.eval = lambda: self.task.model
        for module in self.task.model.modules():
            module.train = lambda mode=True, module=module: module


class Spy(torch.Tensor):
    """A tensor that hears of everything that is done with it."""

    heard: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        cls.heard.append(getattr(function, "__name__", str(function)))
        return super().__torch_function__(function, types, args, kwargs or {})


@pytest.mark.parametrize("plugin", [OwnForward, EvaluationHook, InnerHook, NeverEvaluates])
def test_what_is_judged_is_the_harness_own_model_with_the_trained_weights(plugin):
    honest, hostile = ([e["metric"] for e in race(p, target=0.0).evaluations] for p in (Plain, plugin))
    assert hostile == honest


def test_an_evaluation_leaves_no_trace_in_the_model_and_tells_it_nothing():
    calls = []

    class Watches(Early):
        """Counts what passes through its model, and asks for it in evaluation mode."""

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


def test_values_are_read_past_a_tensor_that_listens():
    Spy.heard.clear()
    model = Blobs("smoke").build_model()
    judge = Judge(Blobs("smoke"), model)
    with torch.no_grad():
        model[0].weight.fill_(2.0)
    model[0].weight.data = model[0].weight.data.as_subclass(Spy)
    model[0].weight.__class__ = type("SpyParameter", (Spy, nn.Parameter), {})
    Spy.heard.clear()
    judged = judge.model_with_values_of(model)
    assert judged[0].weight.eq(2.0).all() and type(judged[0].weight) is nn.Parameter
    assert "copy_" not in Spy.heard


def test_a_parameter_that_says_it_is_as_it_was_is_not_believed():
    class Agrees(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            if function is torch.equal:
                return True
            return super().__torch_function__(function, types, args, kwargs or {})

    class Lies(Early):
        """Brings its own weights in a tensor that vouches for them."""

        def _begin(self):
            weight = self.task.model[0].weight
            with torch.no_grad():
                weight.fill_(0.1)
            weight.__class__ = type("Vouching", (Agrees, nn.Parameter), {})

    assert "'0.weight' of the model was changed before the first step" in race(Lies).reason


def leaves_gradients_off(self):
    torch.set_grad_enabled(False)


def leaves_double_precision(self):
    torch.set_default_dtype(torch.float64)


def leaves_autocast(self):
    torch.autocast("cpu", torch.bfloat16).__enter__()


@pytest.mark.parametrize("leave", [leaves_gradients_off, leaves_double_precision, leaves_autocast])
def test_what_a_trial_leaves_of_torch_does_not_reach_the_next(leave):
    honest = [e["metric"] for e in race(Plain, target=0.0).evaluations]
    leaving = type("Leaving", (Plain,), {"prepare_for_evaluation": leave})
    assert race(leaving, target=1e9).status == "reached"
    assert [e["metric"] for e in race(Plain, target=0.0).evaluations] == honest


def test_a_hook_on_all_modules_of_the_process_ends_its_trial_and_no_other():
    class HooksAll(Plain):
        """Would answer for every module there is."""

        def update(self, batch):
            super().update(batch)
            torch.nn.modules.module.register_module_forward_hook(lambda module, _, out: None if module.training else 0 * out)

    record = race(HooksAll, target=0.0)
    assert (record.status, record.evaluations) == ("failed", ())
    assert "a hook is registered for all modules" in record.reason
    assert race(Plain, target=0.0).status == "missed"


class Keeps(nn.Module):
    """Keeps an activation, holds a closure, and has a parametrized weight and names of its own in its state."""

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


def test_models_that_cannot_be_copied_are_judged_all_the_same():
    class Kept(Blobs):
        def build_model(self):
            return Keeps()

    workload = Kept("smoke")
    record = run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA)
    values = [evaluation["metric"] for evaluation in record.evaluations]
    assert record.status == "missed" and min(values) < 0.8 * values[0]
