"""The loss law: its two sums, and that fitting it finds again what made the curves."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness.forecast.law
from harness.forecast import Curve, Law, annealing, area, choose_decay, fit_law

STEPS = 500
AT = np.arange(50, STEPS + 1, 25)
LAW = Law(floor=1.5, scale=0.6, exponent=0.5, gain=1.0, decay=1 - 24 / STEPS)
SHAPES = {
    "constant": lambda t: np.ones_like(t),
    "cosine": lambda t: (1 + np.cos(np.pi * t)) / 2,
    "linear": lambda t: 1 - t,
    "rex": lambda t: (1 - t) / (0.5 + 0.5 * (1 - t)),
    "wsd": lambda t: np.minimum((1 - t) / 0.1, 1),
    "cyclic": lambda t: 1 - abs(((3 * t) % 1) - 0.5),
}

some_rates = st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=30)
decays = st.floats(0.0, 1.0)


def rates(name, peak=0.01, warmup=25):
    progress = np.arange(STEPS - warmup) / (STEPS - warmup)
    after = SHAPES[name](progress)
    return peak * np.concatenate([np.full(warmup, after[0]), after])


def made(name, law=LAW, noise=0.0, seed=0, peak=0.01):
    wobble = np.exp(noise * np.random.default_rng(seed).normal(size=len(AT)))
    return Curve(rates(name, peak), AT, law.predict(rates(name, peak))[AT - 1] * wobble)


def error(fit, name, law=LAW):
    predicted, true = (some.predict(rates(name))[AT - 1] for some in (fit.law, law))
    return abs(predicted / true - 1)


@given(some_rates, decays)
def test_the_annealing_is_the_sources_recursion_step_by_step(values, decay):
    momentum, total, expected = 0.0, 0.0, []
    for before, now in zip([values[0], *values], values, strict=False):
        momentum = decay * momentum + (before - now)
        total += momentum
        expected.append(total)
    assert annealing(values, decay) == pytest.approx(expected, abs=1e-12)


@given(some_rates)
def test_without_momentum_it_is_the_fall_and_with_full_momentum_the_area_above_the_curve(values):
    steps = np.arange(1, len(values) + 1)
    assert annealing(values, 0.0) == pytest.approx(values[0] - np.array(values), abs=1e-12)
    assert annealing(values, 1.0) == pytest.approx(values[0] * steps - area(values), abs=1e-9)


@given(st.floats(1e-6, 1.0), decays)
def test_a_constant_rate_anneals_nothing(rate, decay):
    assert not annealing([rate] * 20, decay).any()


@given(some_rates, decays, st.integers(1, 29))
def test_what_comes_later_changes_nothing_before(values, decay, cut):
    part = values[:cut]
    assert LAW.predict(values)[: len(part)] == pytest.approx(LAW.predict(part))


@settings(max_examples=12, deadline=None)
@given(
    floor=st.floats(0.3, 3.0),
    scale=st.floats(0.2, 1.5),
    exponent=st.floats(0.25, 1.0),
    gain=st.floats(0.3, 2.0),
    memory=st.sampled_from([12.0, 24.0, 48.0]),
)
def test_parameters_are_recovered_and_a_schedule_that_was_not_fitted_is_predicted(floor, scale, exponent, gain, memory):
    law = Law(floor, scale, exponent, gain, 1 - memory / STEPS)
    lowest = min(float(made(name, law).losses.min()) for name in SHAPES)
    if lowest <= 0.05:
        return
    fit = fit_law([made("cosine", law), made("constant", law)])
    assert fit.law.decay == pytest.approx(law.decay)
    for name in ("floor", "scale", "exponent", "gain"):
        assert getattr(fit.law, name) == pytest.approx(getattr(law, name), rel=1e-3, abs=1e-4)
    for name in ("linear", "rex", "wsd", "cyclic"):
        assert error(fit, name, law).max() < 1e-4


def test_one_annealed_curve_without_noise_is_enough():
    fit = fit_law([made("cosine")])
    assert max(error(fit, name).max() for name in ("linear", "rex", "wsd")) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_noise_on_the_curves_becomes_no_larger_in_the_prediction(seed):
    fit = fit_law([made("cosine", noise=0.01, seed=seed), made("constant", noise=0.01, seed=seed + 100)], decay=LAW.decay)
    assert max(error(fit, name).mean() for name in ("linear", "rex", "wsd")) < 0.01


def test_one_wild_evaluation_hardly_moves_the_prediction():
    curves = [made("cosine"), made("constant")]
    curves[1].losses[9] *= 3
    assert error(fit_law(curves, decay=LAW.decay), "linear").max() < 1e-3


def test_the_unit_of_the_rate_does_not_matter():
    peaks = (0.01, 10.0)
    fits = []
    for peak in peaks:
        curves = [Curve(rates(name, peak), AT, made(name, noise=0.01, seed=3).losses) for name in ("cosine", "constant")]
        fits.append(fit_law(curves).law.predict(rates("wsd", peak))[AT - 1])
    assert fits[0] == pytest.approx(fits[1], rel=1e-5)


def test_the_order_of_the_curves_does_not_matter():
    curves = [made("cosine", noise=0.01), made("constant", noise=0.01, seed=1)]
    here, there = fit_law(curves), fit_law(curves[::-1])
    assert here.law.decay == there.law.decay
    assert error(here, "wsd", there.law).max() < 1e-4


def test_where_no_rate_falls_the_gain_is_zero_and_the_momentum_the_sources():
    fit = fit_law([made("constant")])
    assert fit.law.gain == 0
    assert error(fit, "constant").max() < 1e-6


@pytest.mark.parametrize("memory", [6.0, 24.0, 96.0])
def test_the_momentum_of_clean_curves_is_found(memory):
    law = Law(1.5, 0.6, 0.5, 0.7, 1 - memory / STEPS)
    assert choose_decay([made("cosine", law), made("constant", law)]) == pytest.approx(law.decay)


def test_the_examples_in_docstrings_are_true():
    result = doctest.testmod(harness.forecast.law)
    assert result.attempted >= 3 and not result.failed


def test_before_the_first_rate_above_zero_the_loss_is_infinite():
    assert math.isinf(LAW.predict([0.0, 0.01])[0])
    assert math.isfinite(LAW.predict([0.0, 0.01])[1])
