"""Plug-ins that want more than their share: each is refused in one clear line, and none brings down the run."""

import copy
import os
import signal
import sys
import time
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from harness.contracts import ContractError
from harness.evaluation import Judge
from harness.limits import time_limit
from harness.results import ResultStore
from harness.trial import _prepare, run_trial
from tests.execution.commands import timetrial
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
    judged = judge.judged(model)
    assert judged[0].weight.eq(2.0).all() and type(judged[0].weight) is nn.Parameter
    assert "copy_" not in Spy.heard


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (lambda task: setattr(task, "batch_size", 1), "task.batch_size cannot be set"),
        (lambda task: setattr(task, "steps", 0), "task.steps cannot be set"),
        (lambda task: setattr(task, "loss", print), "task.loss cannot be set"),
        (lambda task: setattr(task.draw(4), "size", 1), "'size'"),
        (lambda task: setattr(task.draw(4), "indices", torch.arange(1)), "'indices'"),
        (copy.copy, "a task cannot be copied"),
        (copy.deepcopy, "a task cannot be copied"),
    ],
)
def test_what_counts_is_not_for_a_plug_in_to_set(plugin, reason):
    class Meddles(Plain):
        """Meddles."""

        def update(self, batch):
            plugin(self.task)

    record = race(Meddles)
    assert (record.status, record.evaluations) == ("failed", ())
    assert reason in record.reason


def test_a_clock_that_is_broken_breaks_its_trial_at_most(monkeypatch):
    class Breaks(Plain):
        """Takes the clock away."""

        def update(self, batch):
            super().update(batch)
            monkeypatch.setattr(time, "perf_counter", lambda: None)

    assert race(Breaks, target=0.0).status == "missed"


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


def test_a_patched_clock_tells_the_watch_nothing(monkeypatch):
    for name in ("thread_time", "process_time", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: 0.0)
    clocks = race(Plain, target=0.0).clocks
    assert clocks["seconds"] > 0 and clocks["process_seconds"] > 0


def test_what_a_forked_child_works_is_the_process_work():
    class Forks(Plain):
        """Has a child work for it."""

        def update(self, batch):
            super().update(batch)
            if self.task.examples <= 16:
                if (child := os.fork()) == 0:
                    while time.process_time() < 0.2:
                        pass
                    os._exit(0)
                os.waitpid(child, 0)

    clocks = race(Forks, target=0.0).clocks
    assert clocks["process_seconds"] > clocks["seconds"] + 0.15


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
    record = run_trial(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA)
    values = [evaluation["metric"] for evaluation in record.evaluations]
    assert record.status == "missed" and min(values) < 0.8 * values[0]


class GradientsInside(nn.Module):
    """Turns gradients on where the caller had them off."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        torch.set_grad_enabled(True)
        return self.model(inputs)


def toy_task():
    return _prepare(spec(), Blobs("smoke"), DATA, torch.device("cpu"))[0]


@pytest.mark.parametrize("call", ["loss", "example_losses"])
def test_gradients_turned_on_inside_the_model_are_charged(call):
    task = toy_task()
    with torch.no_grad():
        found = getattr(task, call)(task.draw(4), GradientsInside(task.model))
    assert task.examples == 4
    for _ in range(2):
        found.sum().backward(retain_graph=True)
    assert task.examples == pytest.approx(4 + 4 * 2 / 3)


@pytest.mark.parametrize("kind", ["create_graph", "batched"])
def test_backward_passes_that_buy_many_for_one_charge_are_refused(kind):
    task = toy_task()
    losses, weights = task.example_losses(task.draw(4)), list(task.model.parameters())
    with pytest.raises(ContractError, match=r"use task\.hessian_vector_product"):
        if kind == "batched":
            torch.autograd.grad(losses, weights, grad_outputs=torch.eye(4), is_grads_batched=True)
        else:
            torch.autograd.grad(losses.sum(), weights, create_graph=True)


def transforms(one, weights):
    directions = {name: torch.ones_like(value) for name, value in weights.items()}
    return {
        "vmap": lambda: torch.func.vmap(one)({name: torch.stack([value] * 3) for name, value in weights.items()}),
        "grad": lambda: torch.func.grad(one)(weights),
        "jacfwd": lambda: torch.func.jacfwd(one)(weights),
        "jvp": lambda: torch.func.jvp(one, (weights,), (directions,)),
        "dual": lambda: dual(one, weights, directions),
    }


def dual(one, weights, directions):
    with forward_ad.dual_level():
        return one({name: forward_ad.make_dual(value, directions[name]) for name, value in weights.items()})


@pytest.mark.parametrize("name", ["vmap", "grad", "jacfwd", "jvp", "dual"])
@pytest.mark.parametrize("call", ["loss", "example_losses"])
def test_a_loss_inside_a_transform_is_refused_with_what_to_use_instead(name, call):
    task = toy_task()
    batch = task.draw(4)
    task.model.eval()
    weights = {key: value.detach() for key, value in task.model.named_parameters()}

    def one(weights):
        return getattr(task, call)(batch, lambda inputs: torch.func.functional_call(task.model, weights, (inputs,))).sum()

    with pytest.raises(ContractError, match=r"use task\.stacked_losses"):
        transforms(one, weights)[name]()
    assert task.examples >= 4


class Spends(Plain):
    """Trains on and on within its last step."""

    def update(self, batch):
        left = self.task.budget - self.task.examples
        for _ in range(400 if left <= 80 else 1):
            super().update(batch)


class SpendsAtRestore(Plain):
    """Trains on and on when the model comes back from an evaluation."""

    def restore_after_evaluation(self):
        if self.task.examples > 800:
            for _ in range(400):
                self.update(self.task.draw(16))


class SpendsInHearing(Plain):
    """Trains on and on when it is told the validation metric."""

    listens = ("validation_metric",)

    def observe(self, feedback):
        if self.task.examples > 800 and feedback.validation_metric is not None:
            for _ in range(400):
                self.update(self.task.draw(16))


class SpendsAll(Plain):
    """Takes one step, of several budgets."""

    def update(self, batch):
        for _ in range(400):
            super().update(batch)


@pytest.mark.parametrize(("plugin", "judged"), [(Spends, 11), (SpendsAtRestore, 11), (SpendsInHearing, 10), (SpendsAll, 0)])
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


class Mute(Exception):
    """Cannot be put into words."""

    def __str__(self):
        raise SystemExit("no words")


def raises(error):
    def update(self, batch):
        raise error

    return type("Raises", (Plain,), {"update": update})


def says(rate):
    return type("Says", (Plain,), {"learning_rate": lambda self: rate})


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (says(torch.ones(2)), "ContractError: learning_rate() returned Tensor: a number, or None, is expected"),
        (says("fast"), "ContractError: learning_rate() returned str: a number, or None, is expected"),
        (says(10**400), "ContractError: learning_rate() returned a number too large for a float"),
        (raises(SystemExit(0)), "SystemExit: 0 (test_hostile_plugins.py:"),
        (raises(BaseException("hello")), "BaseException: hello (test_hostile_plugins.py:"),
        (raises(Mute()), "Mute: it does not say why (test_hostile_plugins.py:"),
    ],
)
def test_whatever_a_plug_in_returns_or_raises_a_record_comes_back_that_can_be_written(plugin, reason, tmp_path):
    record = race(plugin)
    assert (record.status, record.reason[: len(reason)]) == ("failed", reason)
    store = ResultStore(tmp_path)
    store.write(record)
    assert store.read(record.spec).reason == record.reason


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_learning_rate_that_is_not_finite_is_recorded_as_none(rate, tmp_path):
    record = race(says(rate), target=0.0)
    assert record.status == "missed"
    store = ResultStore(tmp_path)
    store.write(record)
    assert {point[2] for point in store.read(record.spec).learning_rates} == {None}


def test_ctrl_c_and_a_signal_to_terminate_go_through():
    class Kills(Plain):
        """Has its process told to end, as a cluster ends a worker."""

        def update(self, batch):
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    try:
        with pytest.raises(SystemExit):
            race(Kills)
    finally:
        signal.signal(signal.SIGTERM, before)
    with pytest.raises(KeyboardInterrupt):
        race(raises(KeyboardInterrupt()))


PRINTS = """
from harness import TrainingAlgorithm

class Prints(TrainingAlgorithm):
    'Has a function for a hyperparameter.'
    defaults = {"learning_rate": 0.1, "say": print}
    def update(self, batch):
        pass
"""

INFINITE = """
from harness import Choice, optimizer

@optimizer(defaults={"learning_rate": 0.1, "clip": 1.0}, space={"clip": Choice(1.0, float("inf"))})
def infinite(model, hyperparameters):
    'Has an infinite choice.'
"""

NESTED = """
from harness import optimizer

own = []
own.append(own)

@optimizer(defaults={"learning_rate": 0.1, "betas": own})
def nested(model, hyperparameters):
    'Has a list of itself.'
"""

LARGE = """
from harness import optimizer

@optimizer(defaults={"learning_rate": 0.1, "steps": 10**5000})
def large(model, hyperparameters):
    'Has a number of 5,001 digits.'
"""

SETS = """
from harness import Choice, optimizer

@optimizer(defaults={"learning_rate": 0.1, "kind": "a"}, space={"kind": Choice("a", {1, 2})})
def sets(model, hyperparameters):
    'Has a set for a choice.'
"""


@pytest.mark.parametrize(
    ("source", "name"), [(PRINTS, "say"), (SETS, "kind"), (INFINITE, "clip"), (NESTED, "betas"), (LARGE, "steps")]
)
def test_a_hyperparameter_that_no_record_can_hold_is_bad_input(source, name, tmp_path):
    (tmp_path / "plugin.py").write_text(source)
    done = timetrial(
        "run", "--suite", "smoke", "--executor", "inline", "-s", tmp_path / "plugin.py", "--results", tmp_path / "r"
    )
    assert done.returncode == 2
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1
    assert f"hyperparameter '{name}' cannot be " in lines[0]


LEAVES = """
import sys
from harness import TrainingAlgorithm

class Leaves(TrainingAlgorithm):
    'Ends the process.'
    defaults = {"learning_rate": 0.1}
    def update(self, batch):
        sys.exit(0)
"""


def test_a_plug_in_that_ends_the_process_does_not_end_the_run(tmp_path):
    (tmp_path / "plugin.py").write_text(LEAVES)
    run = ("run", "--suite", "smoke", "--executor", "inline", "--track", "self-tuning", "--studies", 1)
    done = timetrial(*run, "-s", tmp_path / "plugin.py", "-s", "sgd+linear", "--results", tmp_path / "r")
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(list((tmp_path / "r" / "trials").rglob("*.json"))) == 2
    assert (tmp_path / "r" / "leaderboard.html").exists()


def test_a_time_limit_that_a_plug_in_swallows_is_raised_again():
    steps = []

    class Swallows(Plain):
        """Catches everything."""

        def update(self, batch):
            steps.append(self.task.examples)
            try:
                time.sleep(0.1)
                super().update(batch)
            except BaseException:  # noqa: BLE001
                super().update(batch)

    with time_limit(0.35, end_process=False):
        record = race(Swallows)
    assert (record.status, record.reason) == ("timeout", "over the time limit of 0.35 s")
    assert len(steps) <= 4
    assert race(Plain, target=0.0).status == "missed"
