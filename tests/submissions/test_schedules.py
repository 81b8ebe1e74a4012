"""Every built-in schedule: properties of all of them, and values of each one's formula."""

from __future__ import annotations

import copy
import doctest
import math
import random
import re
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import Choice, ContractError, Feedback, schedule
from harness.contracts.schedules import SIGNALS, checked_multiplier
from harness.plan import Request, make_plan
from harness.registry import all_submissions, find_schedule, find_submission
from tests.toy import run_record
from workloads.data import data_directory

SCHEDULES = [
    s.name for s in all_submissions() if s.kind == "schedule" and s.schedule.function.__module__.startswith("submissions.")
]
OPTIMIZERS = [s.name for s in all_submissions() if s.kind == "optimizer"]
PLUGINS = {name: find_schedule(name) for name in SCHEDULES}
PURE = [name for name, plugin in PLUGINS.items() if not plugin.closed_loop]
EXACT = 1e-12
torch.set_num_threads(1)


def curve(name, horizon, warmup=0, **hyperparameters):
    return PLUGINS[name].curve(horizon, hyperparameters, warmup=warmup)


def corners(name):
    """Hyperparameters at the ends and in the middle of the declared space, and every option; the defaults first."""
    space = PLUGINS[name].space
    options = [{key: option} for key, item in space.items() if isinstance(item, Choice) for option in item.options]
    return [{}, *({key: item.at(u) for key, item in space.items()} for u in (0.0, 0.5, 1 - 1e-9) if space), *options]


def test_the_first_ten_schedules_are_the_default_submissions():
    first = {"constant", "linear", "cosine", "step", "exponential", "polynomial", "inverse_sqrt", "onecycle", "wsd", "rex"}
    assert first <= set(PURE) and set(make_plan(Request(suite="smoke")).submissions) == first


def test_every_listed_closed_form_of_the_literature_exists():
    further = {"inverse_time", "cyclic", "sgdr", "uba", "cosine_power", "power", "trapezoidal", "wsd_s", "wsdc", "infinite"}
    assert further | {"rewarm", "sampled", "warmup"} <= set(PURE) and "plateau" in SCHEDULES


@pytest.mark.parametrize("name", PURE)
@settings(deadline=None, max_examples=40)
@given(horizon=st.integers(1, 3000) | st.floats(1, 3000), warmup=st.integers(0, 300) | st.floats(0, 300), part=st.floats(0, 1))
def test_the_multiplier_is_between_0_and_1_from_the_first_step_to_the_last(name, horizon, warmup, part):
    plugin = PLUGINS[name]
    for hyperparameters in corners(name):
        bound = plugin.start(horizon=horizon, warmup=warmup, hyperparameters=hyperparameters)
        for step in (0, part * (horizon - 1), horizon - 1):
            checked_multiplier(plugin, bound.multiplier(step), step)


@pytest.mark.parametrize("name", PURE)
def test_the_multiplier_reaches_the_peak_and_depends_on_nothing_but_its_arguments(name):
    values = curve(name, 1000, warmup=50)
    assert max(values) == pytest.approx(1, abs=1e-5)
    bound = PLUGINS[name].start(horizon=1000, warmup=50)
    steps = list(range(1000))
    random.Random(0).shuffle(steps)
    assert {step: bound.multiplier(step) for step in steps} == dict(enumerate(values))


@pytest.mark.parametrize("name", PURE)
def test_an_anytime_schedule_ignores_the_horizon_and_every_other_one_follows_it(name):
    same = curve(name, 200, warmup=20) == curve(name, 400, warmup=20)[:200]
    assert same == PLUGINS[name].anytime
    if not same:
        stretched = curve(name, 8000)
        assert all(
            abs(a - b) < 0.02 or name in ("step", "onecycle") for a, b in zip(curve(name, 4000), stretched[::2], strict=True)
        )


@pytest.mark.parametrize("name", PURE)
def test_a_schedule_depends_on_the_share_of_the_horizon_only(name):
    if name in ("onecycle", "warmup"):
        pytest.skip("it counts in steps: its first or last one is a step, not a share of the horizon")
    whole, half = (PLUGINS[name].start(horizon=horizon, warmup=horizon / 20) for horizon in (1000, 500))
    if PLUGINS[name].anytime and name != "constant":  # scale-free in step over warm-up
        assert half.multiplier(123.5) == pytest.approx(whole.multiplier(247), abs=EXACT)
        return
    for step in range(1000):
        assert half.multiplier(step / 2) == pytest.approx(whole.multiplier(step), abs=1e-9), step


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_resumes_exactly_at_any_step(name):
    plugin, generator = PLUGINS[name], random.Random(7)

    def start():
        return plugin.start(horizon=60, warmup=5, batch_size=16)

    def hear(loop, step, signals):
        loop.observe(Feedback(step=step, examples=16 * (step + 6), **{key: signals[key] for key in plugin.listens}))
        return checked_multiplier(plugin, loop.multiplier(step + 1), step + 1)

    heard = [dict(zip(SIGNALS, (generator.uniform(0.5, 1) for _ in SIGNALS), strict=True)) for _ in range(59)]
    for cut in (0, 1, 23, 58):
        straight = start()
        for step in range(cut):
            hear(straight, step, heard[step])
        resumed = start()
        if plugin.closed_loop:  # the harness saves the attributes of a closed-loop schedule
            vars(resumed).update(copy.deepcopy(vars(straight)))
        assert resumed.multiplier(cut) == straight.multiplier(cut)
        for step in range(cut, 59):
            assert hear(resumed, step, heard[step]) == hear(straight, step, heard[step])


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_trains_and_every_rate_of_the_trial_is_peak_times_multiplier(name):
    """Warm-up does not cut off the end: the last step of the trial is the last step of the schedule."""
    plan = make_plan(Request(suite="smoke", submissions=(name,), workloads=("digits_mlp",), studies=1))
    spec, workload = plan.trials[0], plan.workloads["digits_mlp"]
    data = workload.load(data_directory())
    record = run_record(spec, workload, find_submission(name), data, run_to_end=True)
    assert record.status in ("reached", "missed") and record.complete, record.reason
    assert min(evaluation["metric"] for evaluation in record.evaluations) < 0.6 * math.log(10)  # log 10: uniform predictions
    if PLUGINS[name].closed_loop:
        assert all(math.isfinite(rate) and rate >= 0 for _, _, rate in record.learning_rates)
        return
    peak, batch = spec.hyperparameters["learning_rate"], workload.size.batch_size
    steps, warmup = spec.horizon // batch, spec.warmup // batch
    shape = PLUGINS[name].curve(steps - warmup, warmup=warmup)
    expected = [shape[0] * (step + 1) / warmup for step in range(warmup)] + shape
    rates = [(round(step), rate / peak) for step, _, rate in record.learning_rates]
    assert rates[-1][0] == steps
    for step, rate in rates:
        assert rate == pytest.approx(expected[step - 1], abs=1e-9), step


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_goes_with_every_optimizer(name):
    """No hyperparameter of one has the name of one of the other, so that all can be drawn together."""
    for optimizer in OPTIMIZERS:
        pair = find_submission(f"{optimizer}+{name}")
        assert set(PLUGINS[name].space) <= set(pair.space)


@pytest.mark.parametrize("name", PURE)
def test_a_misspelt_hyperparameter_is_an_error(name):
    with pytest.raises(ContractError, match="no hyperparameter 'hieght'"):
        curve(name, 10, hieght=1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_an_unknown_option_is_an_error_that_names_the_options(name):
    for key, item in PLUGINS[name].space.items():
        if isinstance(item, Choice) and isinstance(item.options[0], str):
            with pytest.raises(ContractError, match=f"has no {key} 'zzz'; known: "):
                PLUGINS[name].start(horizon=10, hyperparameters={key: "zzz"})


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_examples_in_the_docstring_hold(name):
    function = PLUGINS[name].function
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner()
    for example in finder.find(function, name, globs={name: function}):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_states_its_facts(name):
    plugin = PLUGINS[name]
    assert plugin.summary and set(plugin.space) <= set(plugin.defaults)
    assert sys.modules[plugin.function.__module__].__doc__
    facts = find_submission(name).facts
    assert {"paper", "anytime", "cost", "hyperparameters", "deviation"} <= set(facts)
    assert facts["paper"] and facts["anytime"] == plugin.anytime and facts["cost"] == plugin.cost
    assert set(facts["hyperparameters"]) == set(plugin.defaults)
    for key in plugin.defaults:
        assert re.search(rf"^ +[\w, ]*\b{key}\b[\w, ]*: ", plugin.function.__doc__, re.M), (
            f"{key}: a default without a word on it"
        )


@pytest.mark.parametrize(
    ("name", "hyperparameters", "expected"),
    [
        # REX: recomputed from the formula of arXiv:2107.04197
        ("rex", {}, {250: 6 / 7, 500: 2 / 3, 750: 0.4, 900: 2 / 11, 999: 0.001 / 0.5005}),
        ("linear", {}, {0: 1, 250: 0.75, 999: 0.001}),
        ("cosine", {}, {0: 1, 250: (2 + math.sqrt(2)) / 4, 500: 0.5}),
        ("cosine", {"floor": 0.1}, {0: 1, 500: 0.55}),
        ("step", {}, {0: 1, 299: 1, 300: 0.1, 599: 0.1, 600: 0.01, 899: 0.01, 900: 0.001, 999: 0.001}),
        ("step", {"boundaries": "50-75"}, {499: 1, 500: 0.1, 749: 0.1, 750: 0.01}),
        ("exponential", {"final_ratio": 0.01}, {0: 1, 500: 0.1, 750: 0.01**0.75}),
        ("polynomial", {"power": 2}, {500: 0.25, 900: 0.01}),
        ("polynomial", {"power": 0.5}, {750: 0.5}),
        ("wsd", {}, {0: 1, 900: 1, 950: 0.5, 999: 0.01}),
        ("wsd", {"decay": "square"}, {950: 0.25}),
        ("wsd", {"decay": "cosine"}, {925: (2 + math.sqrt(2)) / 4, 950: 0.5}),
        ("wsd", {"decay": "one_minus_sqrt"}, {925: 0.5}),
        ("wsd", {"decay": "half_life"}, {910: 0.5, 920: 0.25, 950: 1 / 32}),
        ("wsd", {"decay": "linear", "decay_fraction": 0.2}, {800: 1, 900: 0.5}),
        ("onecycle", {}, {0: 0.04, 299: 1, 999: 0.04 / 1e4}),
        ("constant", {}, {0: 1, 999: 1}),
        # recomputed from the formulas in the docstrings
        ("inverse_time", {}, {0: 1, 100: 1 / 2, 900: 1 / 10}),
        ("inverse_time", {"scale": 1.0}, {500: 2 / 3}),
        ("cyclic", {"cycles": 2, "low": 0.2}, {0: 0.2, 125: 0.6, 250: 1, 500: 0.2, 750: 1}),
        ("cyclic", {"cycles": 2, "low": 0.2, "mode": "triangular2"}, {250: 1, 500: 0.2, 750: 0.6}),
        ("cyclic", {"cycles": 1, "low": 0.0, "mode": "exp_range", "remaining": 0.01}, {250: 0.5 * 0.01**0.25, 500: 0.1}),
        ("sgdr", {"cycles": 2, "growth": 3.0}, {0: 1, 125: 0.5, 250: 1, 625: 0.5}),
        ("sgdr", {"cycles": 4, "growth": 1.0, "floor": 0.1}, {0: 1, 125: 0.55, 250: 1, 500: 1, 875: 0.55}),
        ("uba", {"phi": 0.5}, {0: 1, 500: 0.8}),
        ("uba", {"phi": 5, "floor": 0.1}, {0: 1, 500: 0.1 + 0.9 * 2 / 7}),
        ("cosine_power", {}, {0: 1, 500: 1e-4 + (1 - 1e-4) * (math.sqrt(10) - 1) / 9}),
        ("trapezoidal", {}, {0: 1, 800: 1, 900: 0.5, 999: 0.005}),
        ("wsd_s", {"floor": 0.25}, {0: 1, 225: 1, 250: 1, 475: 1 / 2.5, 499: 1 / (0.02 + 0.98 * 4), 500: 1, 950: 0.4}),
        ("wsd_s", {"decay": "linear", "floor": 0.0}, {237: 1 - 12 / 25, 249: 0.04, 450: 1, 475: 0.5, 950: 0.5, 999: 0.01}),
        ("wsd_s", {"budgets": (0.1, 1.0), "decay_fraction": 0.95, "decay": "linear"}, {0: 1, 100: 1, 550: 0.55}),
        ("wsdc", {}, {0: 1, 650: 1, 750: 0.55, 850: 0.1, 999: 0.1}),
        ("infinite", {}, {0: 1, 125: 0.675, 250: 0.35, 900: 0.35, 950: math.sqrt(0.35 * 0.01)}),
        (
            "infinite",
            {"cooldown": "inverse_sqrt", "alpha": 8.0, "constant": 0.5, "cooldown_fraction": 0.4},
            {150: 0.625, 400: 0.5},
        ),
        ("rewarm", {}, {0: 1, 250: 0.55, 500: 0.1, 505: 1}),
        ("rewarm", {"segments": 4, "ramp": 0.2, "floor": 0.2}, {250: 0.2, 275: 0.6, 300: 1, 400: 0.6, 500: 0.2, 550: 1}),
    ],
)
def test_the_curve_goes_through_the_values_of_its_formula(name, hyperparameters, expected):
    values = curve(name, 1000, **hyperparameters)
    assert {step: values[step] for step in expected} == pytest.approx(expected, abs=1e-9)


def test_inverse_sqrt_counts_from_the_first_step_and_works_without_warm_up():
    values = curve("inverse_sqrt", 1000, warmup=100)
    assert [values[step] for step in (0, 300, 800)] == pytest.approx([1, 1 / 2, 1 / 3], abs=EXACT)
    assert curve("inverse_sqrt", 5) == pytest.approx([1, 2**-0.5, 3**-0.5, 0.5, 5**-0.5], abs=EXACT)


def test_schedules_that_end_at_zero_are_near_it_at_the_last_step():
    for name in ("linear", "cosine", "cosine_power", "polynomial", "rex", "onecycle", "sgdr", "trapezoidal", "uba", "warmup"):
        assert curve(name, 1000)[-1] < 0.0051, name
    for decay in ("linear", "half_life", "cosine", "square"):
        assert curve("wsd", 1000, decay=decay)[-1] < 0.0101, decay


def test_mean_multipliers_are_the_known_ones():
    known = {"linear": 0.5, "cosine": 0.5, "rex": 2 - 2 * math.log(2), "polynomial": 1 / 3, "constant": 1}
    means = {name: sum(curve(name, 20000)) / 20000 for name in known}
    assert means == pytest.approx(known, abs=1e-4)
    assert round(means["rex"], 3) == 0.614


def test_polynomial_of_power_one_is_linear_and_rex_lies_above_linear():
    assert curve("polynomial", 97, power=1) == pytest.approx(curve("linear", 97), abs=EXACT)
    assert all(a > b for a, b in zip(curve("rex", 97)[1:], curve("linear", 97)[1:], strict=True))


def test_where_torch_has_the_same_schedule_the_values_are_the_same():
    for ours, theirs, hyperparameters in (
        ("cosine", "CosineAnnealingLR", {}),
        ("onecycle", "OneCycleLR", {}),
        ("linear", "PolynomialLR", {}),
    ):
        for horizon in (10, 101, 300):
            expected = find_schedule(f"torch.optim.lr_scheduler.{theirs}").curve(horizon)
            assert curve(ours, horizon, **hyperparameters) == pytest.approx(expected, abs=1e-9), (ours, horizon)


def test_step_and_exponential_are_torch_s_with_the_same_milestones_and_rate():
    def tabulate(kind, **arguments):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = kind(optimizer, **arguments)
        values = []
        for _ in range(100):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return values

    milestones = tabulate(torch.optim.lr_scheduler.MultiStepLR, milestones=[30, 60, 90], gamma=0.1)
    assert curve("step", 100) == pytest.approx(milestones, abs=EXACT)
    decay = tabulate(torch.optim.lr_scheduler.ExponentialLR, gamma=0.01 ** (1 / 100))
    assert curve("exponential", 100) == pytest.approx(decay, abs=EXACT)


def hear(loop, metrics):
    answers = []
    for step, metric in enumerate(metrics):
        loop.observe(Feedback(step=step, examples=step, validation_metric=metric))
        answers.append(loop.multiplier(step + 1))
    return answers


def test_plateau_reduces_once_patience_is_used_up_and_then_counts_again():
    loop = PLUGINS["plateau"].start(horizon=100, hyperparameters={"factor": 0.5, "patience": 2})
    assert loop.multiplier(0) == 1
    assert hear(loop, [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    assert hear(loop, [None, 0.5, 0.5, 0.5, 0.4]) == [0.25] * 5


def test_plateau_counts_an_improvement_below_the_threshold_as_none_for_negative_metrics_too():
    for sign in (1, -1):
        loop = PLUGINS["plateau"].start(horizon=100, hyperparameters={"factor": 0.5, "patience": 0, "threshold": 0.01})
        assert hear(loop, [sign * 1.0, sign * 1.0 - 0.005, sign * 1.0 - 0.02]) == [1, 0.5, 0.5]


def test_plateau_does_not_count_nan_as_an_improvement():
    loop = PLUGINS["plateau"].start(horizon=100, hyperparameters={"factor": 0.5, "patience": 1})
    assert hear(loop, [1.0, math.nan, math.nan]) == [1, 1, 0.5]
    assert hear(loop, [0.9]) == [0.5]


@pytest.mark.parametrize(
    "arguments", [{"factor": 0.3, "patience": 1, "cooldown": 0}, {"factor": 0.1, "patience": 2, "cooldown": 3}]
)
def test_plateau_agrees_with_torch_on_a_random_response(arguments):
    generator = random.Random(3)
    metrics = [1 / (1 + 0.3 * min(i, 8)) + generator.uniform(0, 0.05) for i in range(60)]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **arguments, eps=0)
    expected = []
    for metric in metrics:
        scheduler.step(metric)
        expected.append(optimizer.param_groups[0]["lr"])
    assert expected[-1] < 0.1
    loop = PLUGINS["plateau"].start(horizon=100, hyperparameters=arguments)
    assert hear(loop, metrics) == pytest.approx(expected, rel=1e-9)


def test_a_listening_class_with_a_misspelt_hook_is_an_error():
    with pytest.raises(ContractError, match="did you mean 'observe'"):

        @schedule(listens="training_loss", anytime=True)
        class deaf:
            def obsrve(self, feedback): ...

            def multiplier(self, step): ...
