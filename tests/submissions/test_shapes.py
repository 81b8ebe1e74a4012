"""Identities of single schedules: what one is in terms of another, of a library, or of its paper's numbers."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from harness import ContractError, Hyperparameters
from harness.registry import find_optimizer, find_schedule
from harness.trial.meter import Meter
from harness.trial.scheduled import Scheduled
from harness.trial.task import TrialTask
from submissions.schedules._profiles import PROFILES
from tests.toy import Blobs, spec

EXACT = 1e-12


def curve(name, horizon, warmup=0, **hyperparameters):
    return find_schedule(name).curve(horizon, hyperparameters, warmup=warmup)


def test_uba_is_cosine_at_two_rex_in_cosine_progress_at_one_and_constant_towards_zero():
    assert curve("uba", 97, phi=2) == pytest.approx(curve("cosine", 97), abs=EXACT)
    rex = find_schedule("rex")
    for step, value in enumerate(curve("uba", 97, phi=1)):
        assert value == pytest.approx(rex(1 - (1 + math.cos(math.pi * step / 97)) / 2, 1), abs=EXACT)
    assert curve("uba", 97, phi=1e-9)[:96] == pytest.approx([1.0] * 96, abs=1e-4)


def test_uba_in_its_other_form_is_the_same():
    for phi in (0.25, 0.5, 1, 2, 5):
        for step, value in enumerate(curve("uba", 50, phi=phi)):
            c = math.cos(math.pi * step / 50)
            assert value == pytest.approx(2 * (1 + c) / (2 * phi + (2 - phi) * (1 + c)), abs=EXACT)


def test_mean_multipliers_of_uba_are_the_known_ones():
    # the mean of the formula over p, to three places
    known = {0.25: 0.739, 0.5: 0.667, 1: 0.586, 2: 0.501, 5: 0.388}
    means = {phi: sum(curve("uba", 1000, phi=phi)) / 1000 for phi in known}
    assert means == pytest.approx(known, abs=6e-4)


def test_cosine_power_of_order_one_is_cosine_and_continuous_there():
    expected = curve("cosine", 97, floor=0.1)
    assert curve("cosine_power", 97, order=1.0, floor=0.1) == pytest.approx(expected, abs=EXACT)
    assert curve("cosine_power", 97, order=1 + 1e-6, floor=0.1) == pytest.approx(expected, abs=1e-6)


def test_the_trapezoid_is_warm_up_stable_decay_with_a_longer_linear_decay():
    assert curve("trapezoidal", 97) == curve("wsd", 97, decay="linear", decay_fraction=0.2)


def test_with_one_budget_the_simplified_schedule_is_warm_up_stable_decay():
    simplified = curve("wsd_s", 100, budgets=(1.0,), decay="linear", floor=0.0)
    assert simplified == pytest.approx(curve("wsd", 100, decay="linear"), abs=EXACT)


def test_the_inverse_decay_is_linear_in_one_over_the_rate():
    values = curve("wsd_s", 1000, budgets=(1.0,), floor=0.05)[900:]
    steps = [1 / b - 1 / a for a, b in pairwise(values)]
    assert steps == pytest.approx([19 / 100] * 99, abs=1e-9)


def torch_rates(horizon, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, values = make(optimizer), []
    for _ in range(horizon):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_cyclic_is_torch_s(mode):
    def make(optimizer):
        rates = {"base_lr": 0.25, "max_lr": 1.0, "step_size_up": 20, "cycle_momentum": False}
        return torch.optim.lr_scheduler.CyclicLR(optimizer, mode=mode, gamma=0.1 ** (1 / 120), **rates)

    assert curve("cyclic", 120, mode=mode, cycles=3, low=0.25) == pytest.approx(torch_rates(120, make), abs=1e-9)


@pytest.mark.parametrize(("growth", "horizon"), [(1, 30), (2, 70)])
def test_sgdr_is_torch_s(growth, horizon):
    def make(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=growth, eta_min=0.05)

    assert curve("sgdr", horizon, growth=growth, floor=0.05) == pytest.approx(torch_rates(horizon, make), abs=1e-9)


def test_a_restart_sets_the_learning_rate_and_keeps_momentum():
    workload = Blobs("smoke")
    data = workload.load(None)
    torch.manual_seed(0)
    trial = spec(submission="sgdr", warmup=64)  # 60 steps, 4 of warm-up: cycles of 8, 16 and 32
    task = TrialTask(trial, workload, workload.build_model(), data["train"], Meter(torch.device("cpu")))
    recipe = find_optimizer("sgd")
    hyperparameters = {**recipe.defaults, "learning_rate": 0.05, "weight_decay": 0.0}
    algorithm = Scheduled(
        task, Hyperparameters(hyperparameters), recipe=recipe, schedule=find_schedule("sgdr"), schedule_hyperparameters={}
    )
    weight = next(p for p in task.model.parameters() if p.ndim == 2)
    rates, before = [], None
    for _ in range(60):
        algorithm.update(algorithm.select())
        buffer = algorithm._optimizer.state[weight]["momentum_buffer"]
        if before is not None:
            torch.testing.assert_close(buffer, 0.9 * before + weight.grad)
        before = buffer.clone()
        rates.append(algorithm.learning_rate() / 0.05)
    assert [step for step in range(1, 60) if rates[step] > rates[step - 1]][3:] == [12, 28], "after warm-up two restarts"
    assert rates[12] == rates[28] == 1


def test_the_power_law_gives_the_rates_of_its_paper_s_constants():
    # 4.6 B n^-0.51 under a cap of 0.02, n in tokens (arXiv:2408.13359)
    power = find_schedule("power")
    for sequences, known in ((128, {1e9: 1.5e-2, 1e10: 4.7e-3, 1e11: 1.4e-3}), (1024, {1e9: 0.02, 1e10: 0.02})):
        capped = (0.02 / (4.6 * sequences)) ** (1 / -0.51)  # tokens at which the cap ends
        for tokens, rate in known.items():
            multiplier = power(tokens - capped / 2, warmup=capped / 2)
            assert 0.02 * multiplier == pytest.approx(rate, rel=0.04), (sequences, tokens)


def test_the_refitted_power_law_passes_through_the_tuned_rate_at_the_median_budget():
    power, warmup, cap, median, tuned = find_schedule("power"), 50, 2.0, 800, 0.03
    peak = tuned * (median / (cap * warmup)) ** 0.51
    assert peak * power(median - warmup, warmup=warmup, cap=cap) == pytest.approx(tuned, rel=1e-12)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_sampled_at_every_step_is_itself_and_is_constant_between_rarer_points(profile):
    whole = curve(profile, 100, warmup=10)
    assert curve("sampled", 100, warmup=10, profile=profile, sampling="every step") == whole
    for sampling, points in (
        ("1%", range(100)),
        ("10%", range(0, 100, 10)),
        ("25-50-75", (0, 25, 50, 75)),
        ("50-75", (0, 50, 75)),
    ):
        held = curve("sampled", 100, warmup=10, profile=profile, sampling=sampling)
        expected = [whole[max(point for point in points if point <= step)] for step in range(100)]
        assert held == pytest.approx(expected, abs=EXACT), sampling


def test_step_decay_is_an_exponential_profile_sampled_rarely():
    held = curve("sampled", 90, profile="exponential", sampling="33-66")
    ratio = 0.01 ** (1 / 3)
    assert held == pytest.approx(curve("step", 90, boundaries="33-66", factor=ratio), abs=1e-9)


def test_every_pure_schedule_is_a_profile_except_those_that_take_a_profile():
    from harness.registry import all_submissions

    pure = {s.name for s in all_submissions() if s.kind == "schedule" and not s.schedule.closed_loop}
    assert set(PROFILES) | {"sampled", "warmup"} >= {n for n in pure if not n.startswith("_")}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_after_a_longer_warm_up_keeps_its_end(profile):
    behind = curve("warmup", 100, warmup=10, profile=profile, fraction=0.25)
    assert behind[25:] == curve(profile, 75, warmup=35)
    ramp = [behind[25] * (10 + step + 1) / 35 for step in range(25)]
    assert behind[:25] == pytest.approx(ramp, abs=EXACT)


def test_the_harness_s_warm_up_and_a_longer_one_are_one_straight_line():
    """The harness warms up to the schedule's first value; the straight line continues from there."""
    first = curve("warmup", 100, warmup=10, fraction=0.2)
    whole = [first[0] * (step + 1) / 10 for step in range(10)] + first[:20]
    assert whole[9] == whole[10], "where the two meet a value comes twice: the line is off by at most one of its steps"
    assert whole == pytest.approx([(step + 1) / 30 for step in range(30)], abs=1 / 30 + EXACT)
    assert [b - a for a, b in pairwise(whole[10:])] == pytest.approx([1 / 30] * 19, abs=EXACT)
    assert curve("warmup", 100, fraction=0.2)[:20] == pytest.approx([(step + 1) / 20 for step in range(20)], abs=EXACT)


def test_an_unknown_profile_is_named_with_the_nearest():
    with pytest.raises(ContractError, match="schedule 'warmup' has no profile 'cosin'; did you mean 'cosine'"):
        curve("warmup", 10, profile="cosin")
