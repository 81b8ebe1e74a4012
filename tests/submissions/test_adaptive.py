"""The adaptive submissions on problems with known answers; those that search for a rate are in test_rate_learners.py."""

from __future__ import annotations

import doctest
import importlib
import math

import numpy as np
import pytest
import torch

from harness import Feedback, Hyperparameters
from harness.registry import find_optimizer, find_schedule, find_submission, find_workload
from harness.trial.loop import train_until
from harness.trial.meter import Meter
from harness.trial.outcome import Trace
from harness.trial.scheduled import Scheduled
from harness.trial.signals import Signals
from harness.trial.task import TrialTask
from submissions.procedures._batch_scaling import scaled_rate
from submissions.procedures._batch_tests import wanted_batch
from submissions.procedures.refined import refine
from tests.quadratic import advance, quadratic, quadratic_spec, resume, start
from tests.toy import run_record, spec

torch.set_num_threads(1)
PLAIN = {"optimizer": "sgd", "beta1": 0.0, "weight_decay": 0.0}  # gradient descent and nothing else
ADAPTIVE = ("refined", "autolrs", "fedhyper", "lanczos", "adadagrad")


@pytest.mark.parametrize(
    "name", ["_batch_scaling", "_batch_tests", "_lanczos", "_rate_search", "refined"], ids=lambda name: name.lstrip("_")
)
def test_the_examples_in_the_docstrings_hold(name):
    found = doctest.testmod(importlib.import_module(f"submissions.procedures.{name}"))
    assert found.attempted and not found.failed


@pytest.mark.parametrize("name", ["hypergradient", *ADAPTIVE])
def test_each_states_paper_cost_and_deviation(name):
    facts = find_submission(name).facts
    assert facts["paper"].startswith("arXiv:") and facts["cost"] and facts["deviation"] and facts["hyperparameters"]


# hypergradient


def descend(curvatures, rate, steps, *, noise=0.0, recipe=None, **settings):
    """Train on the quadratic under hypergradients; return the weights before each step, the indices and the rates."""
    workload = quadratic(curvatures, noise)
    what = quadratic_spec("hypergradient", steps=steps)
    torch.manual_seed(0)
    meter = Meter(torch.device("cpu"))
    task = TrialTask(what, workload, workload.build_model(), workload.load(None)["train"], meter)
    plain = {"learning_rate": rate, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    algorithm = Scheduled(
        task,
        Hyperparameters(recipe[1] if recipe else plain),
        recipe=find_optimizer(recipe[0] if recipe else "sgd"),
        schedule=find_schedule("hypergradient"),
        schedule_hyperparameters=settings,
    )
    signals = Signals(find_schedule("hypergradient").listens, task, meter, algorithm)
    weights, seen, rates = [], [], []

    def select():
        batch = task.draw(algorithm.batch_size())
        weights.append(task.model.w.detach().numpy().copy())
        seen.append(batch.indices.numpy())
        return batch

    algorithm.select = select
    for _ in range(steps):
        train_until(task.examples + 1, meter, algorithm, signals, Trace(1e9, []))
        rates.append(algorithm.learning_rate())
    return workload, weights, seen, rates


def test_the_additive_form_adds_the_inner_product_of_successive_gradients():
    curvatures, rate, hyper = np.array([0.5, 1.0, 3.0]), 0.1, 2e-3
    workload, _, seen, rates = descend(list(curvatures), rate, 12, noise=0.5, form="additive", hyper_rate=hyper)
    noise = workload.load(None)["train"]["x"].numpy()
    w, alpha, gradients, expected = np.ones(3), rate, [], []
    for t, indices in enumerate(seen):
        expected.append(alpha)
        gradients.append(curvatures * (w - noise[indices].mean(0)))
        w = w - alpha * gradients[-1]
        if t >= 2:  # the first comparison follows the third step
            alpha += hyper * float(gradients[-1] @ gradients[-2])
    assert rates == pytest.approx(expected, rel=1e-9)
    assert max(rates) > 1.02 * rate


def test_under_adam_the_product_is_with_the_direction_that_adam_took():
    h = {"learning_rate": 0.01, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}
    curvatures = np.array([0.5, 1.0, 3.0])
    _, _, seen, rates = descend(list(curvatures), 0.01, 10, form="additive", hyper_rate=1e-4, recipe=("adamw", h))
    w, alpha, m, v, u, expected = np.ones(3), 0.01, np.zeros(3), np.zeros(3), None, []
    for t in range(len(seen)):
        expected.append(alpha)
        g = curvatures * w
        product = float(g @ u) if u is not None else 0.0
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        u = (m / (1 - 0.9 ** (t + 1))) / (np.sqrt(v / (1 - 0.99 ** (t + 1))) + 1e-8)
        w = w - alpha * u
        alpha += 1e-4 * product if t >= 2 else 0.0
    assert rates == pytest.approx(expected, rel=1e-6)


def test_the_cosine_form_multiplies_by_one_plus_beta_times_the_cosine_within_its_bounds():
    _, _, _, rates = descend([1.0], 1e-3, 10, beta=0.1)
    assert rates == pytest.approx([1e-3] * 3 + [1e-3 * 1.1**k for k in range(1, 8)])  # one dimension: the cosine is 1
    _, _, _, rates = descend([1.0], 1e-3, 60, beta=0.1)
    assert max(rates) == rates[-1] == pytest.approx(1e-2)
    _, _, _, rates = descend([1.0], 1.9, 200, beta=0.1, lowest=0.6)
    assert min(rates) == pytest.approx(0.6 * 1.9)


@pytest.mark.parametrize(("rate", "rises"), [(0.01, True), (1.9, False)])
def test_the_rate_rises_where_it_is_too_small_and_falls_where_it_is_too_large(rate, rises):
    _, weights, _, rates = descend([1.0, 0.9], rate, 100, noise=0.05)
    assert (rates[-1] > 2 * rate) if rises else (rates[-1] < 0.8 * rate)
    assert np.abs(weights[-1]).max() < 0.5


def test_the_rate_is_constant_during_warm_up_and_where_products_are_not_finite():
    loop = find_schedule("hypergradient").start(horizon=10)
    loop.observe(Feedback(step=-2, examples=1, descent=1.0, descent_cosine=1.0, learning_rate=0.1))
    for value in (math.nan, math.inf):
        loop.observe(Feedback(step=1, examples=1, descent=value, descent_cosine=value, learning_rate=0.1))
    assert loop.multiplier(2) == 1.0


# fedhyper


def test_the_server_adds_a_times_the_displacement_of_the_round_within_its_bounds():
    for scale, bound in ((1.0, None), (100.0, 4.0)):
        workload = quadratic([1.0, 2.0])
        what = quadratic_spec("fedhyper", learning_rate=0.05, form="server", round_steps=3, **PLAIN)
        algorithm = start("fedhyper", workload, what)
        with torch.no_grad():
            algorithm.task.model.w.mul_(scale)
        algorithm._start = algorithm._copy()
        w, shrink = scale * np.ones(2), (1 - 0.05 * np.array([1.0, 2.0])) ** 3
        before, a, taken = None, 0.0, []
        for _ in range(3):
            displacement = shrink * w - w
            if before is not None:
                a = min(max(a + float(displacement @ before), -0.8), 4.0)
            w, before = w + (1 + a) * displacement, displacement
            taken.append(a)
            advance(algorithm, 3)
            np.testing.assert_allclose(algorithm.task.model.w.detach().numpy(), w, rtol=1e-9)
        assert bound in taken if bound else all(0 < a < 4 for a in taken[1:])


def test_the_server_s_a_stops_at_minus_four_fifths_where_rounds_undo_each_other():
    what = quadratic_spec("fedhyper", learning_rate=1.99, form="server", round_steps=1, **PLAIN)
    algorithm = start("fedhyper", quadratic([1.0, 1.0]), what)
    advance(algorithm, 2)
    assert algorithm._a == pytest.approx(-0.8)


def test_the_clients_rate_follows_the_rounds_within_its_bounds():
    what = quadratic_spec("fedhyper", learning_rate=0.02, form="client", round_steps=2, **PLAIN)
    algorithm = start("fedhyper", quadratic([1.0, 0.5]), what)
    first = np.ones(2) * (1 - 0.02 * np.array([1.0, 0.5])) ** 2 - 1
    second = (1 + first) * (1 - 0.02 * np.array([1.0, 0.5])) ** 2 - (1 + first)
    advance(algorithm, 4)
    assert algorithm.learning_rate() == pytest.approx(0.02)
    advance(algorithm)
    assert algorithm.learning_rate() == pytest.approx(0.02 * (1 + float(first @ second)))
    for size, multiple in ((1e3, 10.0), (-1e3, 0.1)):
        algorithm._a = size
        advance(algorithm)
        assert algorithm.learning_rate() == pytest.approx(0.02 * multiple)


def test_the_local_multiple_grows_by_at_most_a_tenth_and_is_reset_in_each_round():
    what = quadratic_spec("fedhyper", learning_rate=1e-3, form="local", round_steps=5, **PLAIN)
    algorithm = start("fedhyper", quadratic([1.0, 1.0]), what)
    with torch.no_grad():
        algorithm.task.model.w.mul_(1e4)  # products of displacements far above 0.1
    algorithm._start = algorithm._copy()
    rates = []
    for _ in range(12):
        advance(algorithm)
        rates.append(algorithm.learning_rate() / 1e-3)
    # The first round has no earlier round to compare with, and the second step only the first step.
    assert rates == pytest.approx([1, 1, 1, 1.1, 1.21, 1, 1, 1.1, 1.21, 1.331, 1, 1])


def test_the_local_multiple_is_the_formula_on_small_displacements():
    what = quadratic_spec("fedhyper", learning_rate=0.1, form="local", round_steps=3, **PLAIN)
    algorithm = start("fedhyper", quadratic([1.0]), what)
    advance(algorithm, 5)
    before = 0.9**3 - 1  # the first round: plain descent
    step = -0.1 * 0.9**4  # the second step of the second round; the first does not change the multiple
    assert algorithm._b == pytest.approx(1 + 0.1 * step * before + step * before)
    advance(algorithm)
    assert algorithm.learning_rate() == pytest.approx(0.1 * (1 + 1.1 * step * before))


def test_normalised_products_do_not_depend_on_the_scale():
    multiples = []
    for scale in (1e-3, 1e3):
        what = quadratic_spec("fedhyper", learning_rate=0.02, form="client", round_steps=2, normalised=True, **PLAIN)
        algorithm = start("fedhyper", quadratic([1.0, 0.5]), what)
        with torch.no_grad():
            algorithm.task.model.w.mul_(scale)
        algorithm._start = algorithm._copy()
        advance(algorithm, 5)
        multiples.append(algorithm.learning_rate() / 0.02)
    assert multiples[0] == pytest.approx(multiples[1]) and 1.9 < multiples[0] <= 2


# refined


def test_constant_norms_are_refined_to_linear_decay_exactly_for_both_powers():
    for count in (2, 7, 300, 10_001):
        for power in (1, 2):
            expected = 1 - np.arange(count) / (count - 1)
            np.testing.assert_allclose(refine([0.3] * count, power), expected, rtol=0, atol=1e-12)


def test_norms_that_rise_give_a_decay_faster_than_linear_and_a_higher_power_a_faster_one():
    norms = np.linspace(1, 3, 200)
    linear = 1 - np.arange(200) / 199
    once, twice = refine(norms, 1), refine(norms, 2)
    inside = slice(20, -1)
    assert (once[inside] < linear[inside]).all() and (twice[inside] < once[inside]).all()
    late = np.concatenate([np.ones(150), np.linspace(1, 4, 50)])
    assert refine(late, 2)[150] < 0.5 * linear[150]


def test_norms_that_are_high_at_first_give_a_warm_up():
    norms = np.concatenate([np.linspace(8, 1, 60), np.ones(240)])
    multipliers = refine(norms, 2)
    peak = int(multipliers.argmax())
    assert 30 < peak < 90 and multipliers[0] < 0.1 and multipliers.max() == 1 and multipliers[-1] == 0
    assert (np.diff(multipliers[:45]) >= -1e-12).all()


def test_the_refined_schedule_ignores_scale_spikes_and_values_that_are_not_finite():
    rng = np.random.default_rng(0)
    norms = rng.uniform(1, 2, 400)
    np.testing.assert_allclose(refine(norms, 2), refine(1e6 * norms, 2), rtol=1e-9)
    spiked = norms.copy()
    spiked[200] = 1e9
    assert np.abs(refine(spiked, 2) - refine(norms, 2)).max() < 0.1
    assert len(refine([*norms, math.nan, math.inf], 2)) == 400
    assert np.isfinite(refine(np.zeros(50), 2)).all()


@pytest.mark.parametrize(("form", "share"), [("whole", 0.5), ("partial", 0.25)])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_second_run_starts_again_under_the_schedule_from_the_first_one_s_norms(form, share, optimizer):
    h = {"form": form, "share": share, "optimizer": optimizer, "learning_rate": 0.05, "weight_decay": 0.0}
    algorithm = start("refined", quadratic([1.0, 4.0, 9.0], 0.3), quadratic_spec("refined", steps=80, **h))
    first, norms, rates = round(80 * share), [], []
    initial = algorithm.task.model.w.detach().clone()
    for _ in range(first):
        advance(algorithm)
        norms.append(
            float(algorithm.task.model.w.grad.abs().sum() if optimizer == "adamw" else algorithm.task.model.w.grad.norm())
        )
        rates.append(algorithm.learning_rate() / 0.05)
    assert rates == pytest.approx([1 - k / first for k in range(first)])
    before = algorithm.task.examples
    batch = algorithm.select()
    twin = start("refined", quadratic([1.0, 4.0, 9.0], 0.3), quadratic_spec("refined", steps=80, **h))
    algorithm.update(batch)
    assert algorithm.task.examples - before == batch.size, "starting over costs nothing"
    twin._set_rate(algorithm.learning_rate())
    twin._step(twin.task.fetch(batch.indices))
    assert torch.equal(algorithm.task.model.w, twin.task.model.w) and torch.equal(twin._start["model"]["w"], initial)
    rates = [algorithm.learning_rate() / 0.05]
    for _ in range(80 - first - 1):
        advance(algorithm)
        rates.append(algorithm.learning_rate() / 0.05)
    table = refine(norms, 1 if optimizer == "adamw" else 2)
    expected = np.interp(np.linspace(0, first - 1, 80 - first), np.arange(first), table)
    assert rates == pytest.approx(list(expected), abs=1e-9) and rates[-1] == 0


def test_refined_resumes_in_the_first_run_and_in_the_second():
    for at in (10, 55):
        straight, resumed = (
            start("refined", quadratic([1.0, 3.0], 0.3), quadratic_spec("refined", steps=80)) for _ in range(2)
        )
        advance(straight, at)
        resume(straight, resumed)
        for algorithm in (straight, resumed):
            advance(algorithm, 25)
        assert torch.equal(straight.task.model.w, resumed.task.model.w)
        assert straight.learning_rate() == resumed.learning_rate()


# adadagrad


def by_hand(g, test, eta=0.1, theta=0.5, nu=1.0):
    mean = g.mean(0)
    square = mean @ mean
    along = g @ mean
    across = g - np.outer(along, mean) / square
    inner = along.var(ddof=1) / (theta**2 * square**2)
    return {
        "norm": g.var(0, ddof=1).sum() / (eta**2 * square),
        "inner_product": inner,
        "augmented": max(inner, across.var(0, ddof=1).sum() / (nu**2 * square)),
    }[test]


@pytest.mark.parametrize("test", ["norm", "inner_product", "augmented"])
def test_the_batch_tests_are_their_formulas(test):
    rng = np.random.default_rng(2)
    for spread in (0.1, 1.0, 10.0):
        g = 1 + spread * rng.normal(size=(12, 30)) * np.linspace(0.1, 2, 30)
        expected = by_hand(g, test, 0.3, 0.7, 0.9)
        assert wanted_batch(torch.from_numpy(g), test, 0.3, 0.7, 0.9) == pytest.approx(expected, rel=1e-9)
    assert wanted_batch(torch.tensor([[1.0], [-1.0]]), test) == math.inf
    assert wanted_batch(torch.ones(4, 3), test) == 0.0


@pytest.mark.parametrize("test", ["norm", "inner_product", "augmented"])
def test_the_batch_grows_to_the_size_of_the_test_which_is_charged_1_per_example(test):
    curvatures, noise = np.array([1.0, 2.0, 5.0]), 0.8
    h = {**PLAIN, "learning_rate": 0.01, "test": test, "every": 1, "start": 2.0, "sample": 6, "largest": 1000, "eta": 0.5}
    algorithm = start("adadagrad", quadratic(list(curvatures), noise), quadratic_spec("adadagrad", steps=4000, **h))
    examples = algorithm.task._train["x"].numpy()
    batch = algorithm.select()
    assert batch.size == 8
    algorithm.update(batch)
    assert algorithm.task.examples == 8 + 6
    gradients = curvatures * (algorithm.task.model.w.detach().numpy() - examples[batch.indices[:6].numpy()])
    expected = max(8, math.ceil(by_hand(gradients, test, 0.5, 0.5, 1.0)))
    assert algorithm.batch_size() == expected


def test_the_batch_never_shrinks_stays_within_its_limit_and_ends_with_the_horizon():
    h = {**PLAIN, "learning_rate": 0.05, "every": 2, "start": 0.5, "largest": 6, "eta": 0.5}
    algorithm = start("adadagrad", quadratic([1.0, 2.0], 1.0), quadratic_spec("adadagrad", steps=150, **h))
    sizes = []
    while algorithm.task.examples < algorithm.task.horizon:
        sizes.append(algorithm.batch_size())
        advance(algorithm)
    assert sizes[0] == 2 and max(sizes) == 24 and sizes[:-1] == sorted(sizes[:-1])
    assert algorithm.task.examples <= algorithm.task.horizon + 2


@pytest.mark.parametrize(("optimizer", "power"), [("sgd", 1.0), ("adamw", 0.5), ("adagrad", 0.0)])
def test_each_optimizer_has_its_scaling_rule(optimizer, power):
    h = {**PLAIN, "optimizer": optimizer, "learning_rate": 0.01, "start": 4.0, "largest": 4}
    algorithm = start("adadagrad", quadratic([1.0]), quadratic_spec("adadagrad", **h))
    advance(algorithm)
    assert algorithm.learning_rate() == pytest.approx(0.01 * 4**power)
    assert scaled_rate(0.01, 2, 4, "linear") == 0.005


# all of them, as in a race


@pytest.mark.parametrize("name", ["hypergradient", *ADAPTIVE])
@pytest.mark.parametrize("budget", [2400, 400])
def test_each_trains_on_the_digits_at_every_budget(name, budget, tmp_path):
    workload = find_workload("digits_mlp", "smoke")
    data = workload.load(tmp_path)
    submission = find_submission(name)
    defaults = dict(submission.procedure.defaults) if submission.procedure else {"learning_rate": 0.0342}
    what = spec(
        submission=name,
        track="self-tuning" if submission.procedure else "schedule",
        workload="digits_mlp",
        hyperparameters=defaults,
        budget=budget,
        horizon=budget,
        warmup=80,
        target=0.0,
    )
    record = run_record(what, workload, submission, data, run_to_end=True)
    assert record.status == "missed", record.reason
    if budget == 2400:
        assert min(e["metric"] for e in record.evaluations) < 0.99 * math.log(10)
