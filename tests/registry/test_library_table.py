"""Every class of the installed libraries has a row, and what the row says is true as far as a few steps can tell."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch

from harness import BadInput
from harness.contracts.optimizers import Optimizer
from harness.contracts.returned import switches, takes_loss
from harness.registry import find_optimizer, find_schedule, find_submission
from harness.registry.libraries import OPTIMIZERS, SCHEDULERS, all_rows, intended, library_classes, library_plugin
from harness.registry.libraries.classes import is_scheduler
from harness.registry.libraries.table import RATES, WAYS, Verdict
from harness.registry.sources import OURS
from tests.benchmarks import library_rates

torch.set_num_threads(1)
ROWS = all_rows().values()
RACING = [row.name for row in ROWS if row.races and row.kind == "optimizer"]
REFUSED = [row.name for row in ROWS if not row.races]
STEPS = 12
"""AdaShift changes nothing in its first ten steps."""


def installed():
    return {f"{module}.{key}": kind for module in (*OPTIMIZERS, *SCHEDULERS) for key, kind in library_classes(module).items()}


def test_every_class_of_the_installed_libraries_has_its_row_and_every_row_its_class():
    assert set(all_rows()) == set(installed())
    assert len(all_rows()) > 170


def test_a_row_is_of_its_classes_kind():
    assert {name: row.kind for name, row in all_rows().items()} == {
        name: "schedule" if is_scheduler(kind) or name.endswith("ProportionScheduler") else "optimizer"
        for name, kind in installed().items()
    }


class Net(torch.nn.Module):
    """An embedding, a convolution in channels_last order, a norm and three matrices."""

    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.convolution, self.norm = nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.embedding, self.first, self.second, self.last = nn.Embedding(7, 6), *map(nn.Linear, (64, 6, 5), (6, 5, 3))
        self.to(memory_format=torch.channels_last)

    def forward(self, images, words):
        seen = torch.relu(self.norm(self.convolution(images))).flatten(1)
        return self.last(torch.tanh(self.second(torch.tanh(self.first(seen) + self.embedding(words)))))


def trained(recipe: Optimizer, shape) -> torch.Tensor:
    """Return all weights after `STEPS` steps under a schedule."""
    torch.manual_seed(0)
    model = Net()
    optimizer = recipe(model, {})
    if switches(optimizer):
        optimizer.train()
    peaks = [group["lr"] for group in optimizer.param_groups]
    draws = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * shape(step)
        images, words = torch.randn(8, 2, 6, 6, generator=draws), torch.randint(7, (8,), generator=draws)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images, words), torch.arange(8) % 3)
        loss.backward()
        optimizer.step(*[loss.detach] if takes_loss(optimizer) else [])
    if switches(optimizer):
        optimizer.eval()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def quietly(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


@pytest.mark.parametrize("name", RACING)
def test_a_class_that_races_hears_the_schedule_and_repeats_itself(name):
    recipe = find_submission(name).optimizer
    random.seed(1), np.random.seed(1)
    constant = quietly(trained, recipe, lambda step: 1.0)
    random.seed(2), np.random.seed(2)
    again = quietly(trained, recipe, lambda step: 1.0)
    linear = quietly(trained, recipe, lambda step: 1 - step / STEPS)
    assert torch.equal(constant, again)
    assert not torch.equal(constant, linear)
    assert torch.isfinite(linear).all()


@pytest.mark.parametrize("name", REFUSED)
def test_a_class_that_does_not_race_is_refused_in_one_line_with_a_way(name):
    row = all_rows()[name]
    for typed in (name, f"{name}:gamma=1", f"adamw+{name}" if row.kind == "schedule" else f"{name}+cosine"):
        with pytest.raises(BadInput) as caught:
            find_submission(typed)
        text = str(caught.value)
        assert text == row.refusal and text.startswith(f"'{name}' ") and "\n" not in text and len(text) < 400
    assert row.missing or row.how
    if not row.missing:
        assert exists(row.instead), row.instead


def exists(way: str) -> bool:
    """Return whether a way is one of the known texts, or names something that can be used."""
    if way in WAYS.values():
        return True
    named = way.removeprefix("use ").removeprefix("the built-in ").split(",")[0].strip("'")
    heads = (named, f"{named}:base_lr=0.1", f"{named}:step_size=3", f"{named}:milestones=[3]", f"{named}:T_0=3")
    return any(usable(head) for head in heads)


def usable(name: str) -> bool:
    try:
        find_submission(name)
    except BadInput:
        return False
    return True


def test_a_way_names_a_built_in_only_once_there_is_one():
    assert all_rows()["torch.optim.Muon"].instead == "use the built-in 'muon'"
    for row in ROWS:
        for word in row.instead.split("the built-in '")[1:]:
            name = word.split("'")[0]
            assert any(
                (OURS["submissions"] / kind / f"{name}.py").exists() for kind in ("schedules", "optimizers", "procedures")
            )


def test_needs_are_those_of_the_class():
    for name, kind in installed().items():
        row = all_rows()[name]
        if row.kind == "schedule":
            continue
        assert ("train/eval" in row.needs) == (row.races and callable(getattr(kind, "eval", None))), name
        assert bool(row.groups) <= ("parameter groups" in row.needs), name
        assert row.loss <= ("loss value" in row.needs), name


@pytest.mark.parametrize("name", ["torch.optim.Muon", "pytorch_optimizer.SpectralSphere"])
def test_two_dimensional_only_is_true(name):
    kind = installed()[name]
    matrix, vector = torch.nn.Parameter(torch.ones(3, 2)), torch.nn.Parameter(torch.ones(3))

    def step(p):
        p.grad = torch.full_like(p, 0.1)
        kind([p], lr=0.1).step()

    before = matrix.detach().clone()
    step(matrix)
    assert not torch.equal(matrix, before)
    with pytest.raises(ValueError, match="2D"):
        step(vector)


def test_those_that_ignore_the_schedule_do():
    def weights(kind, shape, **arguments):
        torch.manual_seed(0)
        p = torch.nn.Parameter(torch.randn(4, 3))
        optimizer = kind([p], lr=0.1, **arguments)
        for step in range(6):
            for group in optimizer.param_groups:
                group["lr"] = 0.1 * shape(step)
            p.grad = p.detach() * (1 + step)
            optimizer.step()
        return p.detach()

    classes = installed()

    def ignores(name, **arguments):
        kind = classes[name]
        return torch.equal(weights(kind, lambda _: 1.0, **arguments), weights(kind, lambda step: 1 - step / 6, **arguments))

    assert ignores("torch.optim.Rprop")
    assert ignores("pytorch_optimizer.AdaFactor") and not ignores("pytorch_optimizer.AdaFactor", relative_step=False)
    assert ignores("pytorch_optimizer.ApolloDQN") and not ignores("pytorch_optimizer.ApolloDQN", warmup_steps=0)
    assert [row.name for row in ROWS if row.verdict is Verdict.IGNORES] == ["torch.optim.Rprop", "pytorch_optimizer.ASGD"]


@pytest.mark.parametrize(
    "name", ["pytorch_optimizer.AdaFactor:relative_step=true", "pytorch_optimizer.ApolloDQN:warmup_steps=9"]
)
def test_what_would_make_a_class_ignore_the_schedule_cannot_be_set(name):
    with pytest.raises(BadInput, match="has no hyperparameter"):
        find_submission(name)


@pytest.mark.parametrize("name", ["GaLore", "Fira"])
def test_low_rank_classes_project_their_matrices(name):
    recipe = find_submission(f"pytorch_optimizer.{name}").optimizer
    model = Net()
    optimizer = recipe(model, {"rank_share": 0.5})
    ranks = {id(p): group.get("rank") for group in optimizer.param_groups for p in group["params"]}
    assert (ranks[id(model.first.weight)], ranks[id(model.second.weight)], ranks[id(model.convolution.weight)]) == (3, 2, None)
    model(torch.randn(8, 2, 6, 6), torch.randint(7, (8,))).sum().backward()
    optimizer.step()
    assert optimizer.state[model.first.weight]["exp_avg"].shape == (3, 64)


def test_scionlight_loses_its_momentum_when_gradients_are_cleared():
    kind = installed()["pytorch_optimizer.SCIONLight"]

    def second_step(clear: bool, gradient):
        p = torch.nn.Parameter(torch.ones(3, 3))
        optimizer = kind([p], lr=0.1)
        for value in gradient:
            if clear:
                optimizer.zero_grad()
            p.grad = value if p.grad is None else p.grad + value
            optimizer.step()
        return p.detach()

    torch.manual_seed(0)
    first, second = torch.randn(3, 3), torch.randn(3, 3)
    kept, cleared = second_step(False, (first, second)), second_step(True, (first, second))
    assert not torch.allclose(kept, cleared)


def test_a_class_that_draws_from_the_process_draws_from_the_number_of_its_step():
    from harness.registry.libraries.seeding import seed_steps

    class Draws(torch.optim.SGD):
        drawn: list[float] = []

        def step(self, closure=None):
            self.drawn.append((np.random.random(), random.random()))

    p = torch.nn.Parameter(torch.ones(2))
    runs = []
    for seed in (1, 2):
        np.random.seed(seed), random.seed(seed)
        optimizer, Draws.drawn = Draws([p], lr=0.1), []
        seed_steps(optimizer)
        outside = np.random.get_state()[1].tolist(), random.getstate()
        optimizer.step(), optimizer.step()
        assert (np.random.get_state()[1].tolist(), random.getstate()) == outside
        runs.append(Draws.drawn)
    assert runs[0] == runs[1] and runs[0][0] != runs[0][1]
    resumed, Draws.drawn = Draws([p], lr=0.1), []
    seed_steps(resumed)
    state = optimizer.state_dict()
    state["param_groups"][0]["timetrial_step"] = 1
    resumed.load_state_dict(state)
    resumed.step()
    assert Draws.drawn == runs[0][1:]


def test_kron_has_its_library_and_trains():
    row = all_rows()["pytorch_optimizer.Kron"]
    assert row.seeded and row.modules == ("opt_einsum",) and not row.missing
    model = torch.nn.Linear(4, 3)
    optimizer = find_optimizer("pytorch_optimizer.Kron")(model, {"learning_rate": 0.01})
    before = model.weight.detach().clone()
    for _ in range(3):
        model(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
    assert torch.isfinite(model.weight).all() and not torch.equal(model.weight, before)


def test_every_default_rate_is_measured_and_trains():
    rates = library_rates.stored()
    assert {name for name in RACING if not all_rows()[name].missing} <= set(rates["rates"]) and RATES.exists()
    for name in ("torch.optim.SGD", "pytorch_optimizer.LARS", "pytorch_optimizer.GaLore", "pytorch_optimizer.Tiger"):
        recipe = library_plugin(name)
        assert not all_rows()[name].trains
        assert quietly(library_rates.loss_at, recipe, None) < library_rates.start_loss() / 2
        assert quietly(library_rates.loss_at, library_plugin(name, declared=True), None) > library_rates.start_loss() / 2


def test_the_librarys_own_rate_can_be_raced():
    here, theirs = find_submission("torch.optim.SGD"), find_submission("torch.optim.SGD:defaults=paper")
    assert (here.defaults["learning_rate"], theirs.defaults["learning_rate"]) == (0.3, 0.001)
    assert here.content_hash != theirs.content_hash
    assert here.facts["defaults_from"] != theirs.facts["defaults_from"] == "the library's"
    assert theirs.space["learning_rate"].low == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Adagrad", "torch.optim.Adagrad"),
        ("adan", "pytorch_optimizer.Adan"),
        ("pytorch_optimizer.adopt", "pytorch_optimizer.ADOPT"),
        ("torch.optim.Lion", "pytorch_optimizer.Lion"),
        ("torch.optim.Adagard", "torch.optim.Adagrad"),
        ("ExponentialLR", "torch.optim.lr_scheduler.ExponentialLR"),
        ("RMSProp", "torch.optim.RMSprop"),
    ],
)
def test_a_misspelt_name_finds_its_class_in_the_whole_table(typed, meant):
    assert intended(typed) == meant
    if usable(typed):  # a built-in has the name
        return
    with pytest.raises(BadInput, match=f"; did you mean '{meant}'"):
        find_submission(typed)


def test_what_is_refused_is_never_meant():
    assert intended("LBFGS") == "" and intended("pytorch_optimizer.AdaHessain") != "pytorch_optimizer.AdaHessian"


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("ExponentialLR:gamma=0.99", {3: 0.99**3, 9: 0.99**9}),
        ("StepLR:step_size=4,gamma=0.5", {3: 1, 4: 0.5, 8: 0.25}),
        ("MultiStepLR:milestones=[2,5]", {1: 1, 2: 0.1, 5: 0.01}),
        ("LinearLR", {0: 1 / 3, 5: 1, 9: 1}),
        ("ConstantLR", {0: 1 / 3, 4: 1 / 3, 5: 1}),
        ("CosineAnnealingWarmRestarts:T_0=5", {0: 1, 5: 1}),
        ("PolynomialLR:power=2", {5: 0.25}),
    ],
)
def test_schedulers_of_torch_take_their_arguments(typed, values):
    schedule = find_schedule(f"torch.optim.lr_scheduler.{typed}")
    curve = schedule.curve(10)
    assert {step: curve[step] for step in values} == pytest.approx(values)


@pytest.mark.parametrize("key", ["ExponentialLR", "StepLR", "MultiStepLR", "CyclicLR", "CosineAnnealingWarmRestarts"])
def test_a_scheduler_without_a_value_that_it_needs_says_how_to_set_it(key):
    with pytest.raises(BadInput, match=rf"which has no default: write torch.optim.lr_scheduler.{key}:\w+=VALUE"):
        find_submission(f"torch.optim.lr_scheduler.{key}")


def test_a_multiplier_above_one_is_told_when_the_scheduler_is_named():
    with pytest.raises(BadInput, match="expected a multiplier in"):
        find_submission("torch.optim.lr_scheduler.ExponentialLR:gamma=2")
