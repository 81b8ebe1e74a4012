"""What an optimizer recipe may return: it trains, or fails its trial with one line that names it and the way out."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from harness import ContractError, decay_groups, schedule
from harness.results import ResultStore
from tests.toy import Blobs
from tests.trial.recipes import outcome, plain, race, returning

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


def refused(plugin, **hyperparameters):
    """Return what the record of a trial says after the recipe's name and place."""
    record = race(plugin, **hyperparameters)
    assert record.status == "failed" and "\n" not in record.reason
    code = plugin.function.__code__
    start = f"ContractError: optimizer '{plugin.name}' (tests/trial/{Path(code.co_filename).name}:{code.co_firstlineno})"
    assert record.reason.startswith(start), record.reason
    return record.reason.removeprefix(start)


# ---- what is no optimizer


def two(model, rate):
    weights = list(model.parameters())
    return torch.optim.SGD(weights[:1], lr=rate), torch.optim.SGD(weights[1:], lr=rate)


def a_generator(model, rate):
    yield torch.optim.SGD(model.parameters(), lr=rate)


async def a_coroutine(model, rate):
    return torch.optim.SGD(model.parameters(), lr=rate)


class Uninitialised(torch.optim.SGD):
    """Forgets its base class."""

    def __init__(self, parameters, lr):
        self.defaults = {"lr": lr}


class NoRate(torch.optim.Optimizer):
    """Has no learning rate."""

    def __init__(self, parameters):
        super().__init__(parameters, {})

    def step(self, closure=None):
        pass


class NeedsMore(torch.optim.SGD):
    """Needs what the harness does not pass."""

    def step(self, batch, closure=None):
        return super().step(closure)


class Half(torch.optim.SGD):
    """Has one half of what exchanges weights."""

    def eval(self):
        pass


class Modes(torch.optim.SGD):
    """Has a method that is called like it."""

    def train(self):
        pass

    def eval(self, model):
        pass


INSTEAD = [
    (lambda model, rate: None, " returned None: end it with `return` and the optimizer"),
    (lambda model, rate: torch.optim.SGD, " returned the class SGD: call it, as in SGD(model.parameters(), lr="),
    (
        lambda model, rate: list(two(model, rate)),
        " returned a list of 2: return one optimizer, with a parameter group for each",
    ),
    (two, " returned a tuple of 2: return one optimizer, with a parameter group for each part of the model, or write a Train"),
    (lambda model, rate: dict(zip("ab", two(model, rate), strict=True)), " returned a dict of 2: return one optimizer"),
    (lambda model, rate: [two(model, rate)[0]], " returned a list of 1: return one optimizer"),
    (a_generator, " returned a generator: write `return` instead of `yield`"),
    (a_coroutine, " returned a coroutine: write `def` instead of `async def`"),
    (lambda model, rate: model, " returned a Sequential, expected a torch.optim.Optimizer"),
    (lambda model, rate: decay_groups(model, 0.1), " returned a list, expected a torch.optim.Optimizer"),
    (lambda model, rate: "adamw", " returned a str, expected a torch.optim.Optimizer"),
    (
        lambda model, rate: torch.optim.lr_scheduler.StepLR(torch.optim.SGD(model.parameters(), lr=rate), 10),
        " returned the scheduler StepLR: return the optimizer; a schedule is named after the '+' of OPTIMIZER+SCHEDULE",
    ),
    (
        lambda model, rate: Uninitialised(model.parameters(), rate),
        ": its optimizer has no parameter groups: call super().__init",
    ),
    (
        lambda model, rate: NoRate(model.parameters()),
        ": its optimizer has no learning rate that a schedule could set: write a Tr",
    ),
    (
        lambda model, rate: torch.optim.SGD([p.clone().detach().requires_grad_() for p in model.parameters()], lr=rate),
        ": its optimizer trains none of the model's parameters: pass it model.parameters()",
    ),
    (
        lambda model, rate: torch.optim.LBFGS(model.parameters(), lr=rate),
        ": its step() called the closure twice, which returns the loss of the step's gradient and computes no other: write a",
    ),
    (lambda model, rate: NeedsMore(model.parameters(), lr=rate), ": its optimizer's step() needs 'batch', and the harness"),
    (lambda model, rate: Half(model.parameters(), lr=rate), ": its optimizer has eval() and no train(), which is called after"),
    (
        lambda model, rate: Modes(model.parameters(), lr=rate),
        ": its optimizer's eval() needs 'model', and the harness passes n",
    ),
]


@pytest.mark.parametrize(("make", "says"), INSTEAD, ids=[says[:40] for _, says in INSTEAD])
def test_what_no_trial_can_train_with_is_one_line_that_says_what_to_write(make, says):
    assert refused(returning(make)).startswith(says)


def test_the_line_is_a_contract_error_for_whoever_calls_a_recipe():
    with pytest.raises(ContractError, match="returned None"):
        returning(lambda model, rate: None)(Blobs("smoke").build_model())


@pytest.mark.parametrize("rate", [math.nan, math.inf, "0.1", None, -0.5, 10**400, torch.ones(2), 0.1j])
def test_a_learning_rate_that_is_no_finite_number_of_at_least_zero_is_refused(rate):
    def make(model, _):
        made = torch.optim.SGD(model.parameters(), lr=0.1)
        made.param_groups[0]["lr"] = rate
        return made

    assert ": a finite number of at least 0 is needed" in refused(returning(make))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda model, rate: torch.optim.SparseAdam(list(model.parameters()), lr=rate), "SparseAdam does not support dense"),
        (lambda model, rate: closure_in_secret(model, rate), "NoClosureError: AliG requires closure"),
        (lambda model, rate: graph_in_secret(model, rate), "RuntimeError: element 0 of tensors does not require grad"),
    ],
)
def test_a_first_step_that_fails_inside_a_library_names_the_recipe_and_the_way_out(make, says):
    found = refused(returning(make))
    assert found.startswith(": the first step() of its optimizer raised ") and says in found
    assert "; if it needs more than the gradient of one loss, write a TrainingAlgorithm" in found


def closure_in_secret(model, rate):
    from pytorch_optimizer import AliG

    made = AliG(model.parameters())
    for group in made.param_groups:
        group["lr"] = rate
    return made


def graph_in_secret(model, rate):
    from pytorch_optimizer import AdaHessian

    return AdaHessian(model.parameters(), lr=rate)


def test_memory_that_runs_out_in_the_first_step_keeps_its_status():
    class Greedy(torch.optim.SGD):
        """Asks for too much memory."""

        def step(self, closure=None):
            raise MemoryError

    assert race(returning(lambda model, rate: Greedy(model.parameters(), lr=rate))).status == "out-of-memory"


# ---- groups and learning rates


class Grows(torch.optim.SGD):
    """Takes up a part of the model later."""

    later: torch.Tensor

    def step(self, closure=None):
        super().step(closure)
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 3:
            self.add_param_group({"params": [self.later], "lr": 0.01})


def test_a_group_that_is_added_later_is_refused():
    def make(model, rate):
        first, *others = model.parameters()
        made = Grows(others, lr=rate)
        made.later = first
        return made

    says = ": its optimizer had 1 parameter groups and has 2 now: return all of them (a parameter without a gradient is left as"
    assert refused(returning(make)).startswith(says)


class Decays(torch.optim.SGD):
    """Has a schedule of its own."""

    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            group["lr"] *= 0.99


class Rereads(torch.optim.SGD):
    """Keeps its learning rate in single precision, in a tensor."""

    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            group["lr"] = torch.tensor(group["lr"])


def test_a_step_that_sets_the_learning_rate_itself_is_refused_and_one_that_only_keeps_it_is_not():
    found = refused(returning(lambda model, rate: Decays(model.parameters(), lr=rate)))
    assert found.startswith(": its step() changed a group's 'lr' from 0.00") and "which only the schedule sets" in found
    kept = race(returning(lambda model, rate: Rereads(model.parameters(), lr=rate, momentum=0.9)))
    assert outcome(kept) == outcome(race(plain))


def test_groups_keep_the_ratio_of_their_rates_and_the_record_has_that_of_the_first():
    def make(model, rate):
        first, *others = model.parameters()
        return torch.optim.SGD([{"params": [first], "lr": rate / 10}, {"params": others}], lr=rate)

    record = race(returning(make))
    assert record.status == "missed" and record.learning_rates[6][2] == pytest.approx(0.001)


@pytest.mark.parametrize("foreach", [True, False])
def test_a_rate_given_as_a_tensor_is_scheduled_like_a_number(foreach):
    def make(model, rate):
        given = torch.tensor(rate, dtype=torch.float64)
        return torch.optim.AdamW(model.parameters(), lr=given, foreach=foreach, capturable=foreach, fused=False)

    if foreach:  # torch runs `capturable` on accelerators only
        assert "the first step() of its optimizer raised" in refused(returning(make))
        return
    as_number = race(returning(lambda model, rate: torch.optim.AdamW(model.parameters(), lr=rate, foreach=False)))
    record = race(returning(make))
    assert record.status == "missed", record.reason
    assert [rate for *_, rate in record.learning_rates] == [rate for *_, rate in as_number.learning_rates]
    assert outcome(record)[0] == pytest.approx(outcome(as_number)[0], rel=1e-4)


@pytest.mark.parametrize("options", [{"foreach": True}, {"fused": True}, {"foreach": False}, {"maximize": False}])
def test_torchs_choices_of_implementation_are_the_recipes(options, tmp_path):
    def make(model, rate):
        return torch.optim.AdamW(decay_groups(model, 0.01), lr=rate, **options)

    record = race(returning(make))
    assert record.status == "missed", record.reason
    store = ResultStore(tmp_path)
    store.write(record)
    assert store.read(record.spec).learning_rates == record.learning_rates


def test_a_rate_that_is_a_fraction_is_a_number():
    record = race(returning(lambda model, rate: torch.optim.SGD(model.parameters(), lr=Fraction(1, 100), momentum=0.9)))
    assert outcome(record)[0] == outcome(race(plain))[0]


# ---- which parameters are trained


def test_a_part_of_the_model_may_be_left_out_and_its_gradients_do_not_add_up():
    norms = []

    @schedule(anytime=True, listens="gradient_norm_l2")
    class listens:
        """Notes the norms of the gradients."""

        def observe(self, feedback):
            norms.append(feedback.gradient_norm_l2)

        def multiplier(self, step):
            return 0.0

    record = race(returning(lambda model, rate: torch.optim.SGD(list(model.parameters())[-1:], lr=rate)), shape=listens)
    assert record.status == "missed", record.reason
    assert max(norms) < 10 * min(norms)  # at a rate of 0 the gradients differ by the examples only


def test_parameters_that_the_recipe_freezes_stay_as_they_are_and_those_that_it_holds_train():
    kept = {}

    def make(model, rate):
        first, *others = model.parameters()
        first.requires_grad_(False)
        kept["now"], kept["before"] = first, first.detach().clone()
        return torch.optim.SGD([first, *others], lr=rate, momentum=0.9)

    record = race(returning(make))
    assert record.status == "missed" and outcome(record) != outcome(race(plain))
    assert torch.equal(kept["now"], kept["before"])
    metrics = outcome(record)[0]
    assert metrics[-1] < metrics[0]


def test_a_recipe_that_freezes_everything_is_refused():
    def make(model, rate):
        return torch.optim.SGD(model.requires_grad_(False).parameters(), lr=rate)

    assert "trains none of the model's parameters" in refused(returning(make))
