import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.ruler import Ruler, improving, interpolated, low_limit, read_gains, ruler_of
from harness.scoring.ruler_checks import acceptance, median_draws, resolution, standard_errors

HORIZONS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1, 3 / 2, 2, 3)

metrics = st.floats(-1e6, 1e6, allow_subnormal=False)
seeds = st.lists(st.one_of(metrics, st.sampled_from([math.nan, math.inf, -math.inf])), min_size=1, max_size=5)


@st.composite
def rulers(draw: st.DrawFn) -> Ruler:
    finals = draw(st.dictionaries(st.sampled_from(HORIZONS), seeds, min_size=1))
    # One finite point at least, so that there is a ruler.
    finals[draw(st.sampled_from(HORIZONS))] = [draw(metrics)]
    return ruler_of("w", finals, lower_is_better=draw(st.booleans()))


@given(rulers(), metrics, metrics)
def test_a_better_quality_is_never_worth_less(ruler: Ruler, a: float, b: float) -> None:
    better, worse = (a, b) if (a < b) == ruler.lower_is_better else (b, a)
    log, beyond = ruler.log_equivalent([better, worse])
    assert log[0] >= log[1] and beyond[0] >= beyond[1]


@given(rulers())
def test_a_kept_point_is_worth_exactly_its_horizon(ruler: Ruler) -> None:
    for h, loss in ruler.points:
        log, beyond = ruler.log_equivalent(loss if ruler.lower_is_better else -loss)
        assert log == np.log(h) and not beyond


@given(rulers())
def test_kept_points_strictly_improve_and_start_at_the_first_finite_median(ruler: Ruler) -> None:
    h, loss = zip(*ruler.points, strict=True)
    assert list(h) == sorted(set(h)) and list(loss) == sorted(set(loss), reverse=True)
    medians = [float(np.median(values)) for values in ruler.losses]
    first = next(i for i, m in enumerate(medians) if math.isfinite(m))
    assert ruler.points[0] == (ruler.horizons[first], medians[first])
    assert ruler.points[-1][1] == min(medians)


@given(rulers(), st.one_of(metrics, st.sampled_from([math.nan, math.inf, -math.inf])))
def test_values_off_the_ruler_are_marked_as_such(ruler: Ruler, metric: float) -> None:
    value, mark = ruler.equivalent(metric)
    first, last = ruler.points[0], ruler.points[-1]
    loss = float(ruler.loss(metric))
    if loss > first[1]:
        assert (value, mark) == (0.0, "≤")
    elif loss < last[1]:
        assert mark == "≥" and value == pytest.approx(last[0])
    else:
        assert mark == "" and first[0] * 0.999 <= value <= last[0] * 1.001


@given(rulers(), metrics)
def test_negating_a_metric_and_its_direction_changes_nothing(ruler: Ruler, metric: float) -> None:
    finals = {examples: [-v for v in values] for examples, values in ruler.finals}
    turned = ruler_of("w", finals, lower_is_better=not ruler.lower_is_better)
    assert turned.points == ruler.points and turned.equivalent(-metric) == ruler.equivalent(metric)


@given(rulers())
def test_a_ruler_survives_json_to_the_last_digit(ruler: Ruler) -> None:
    back = Ruler.from_json(json.loads(json.dumps(ruler.to_json(), allow_nan=False)))
    assert back == ruler and back.points == ruler.points


def test_interpolation_is_linear_in_the_metric_and_the_log_of_the_horizon() -> None:
    ruler = ruler_of("w", {100: [3.0], 400: [1.0]}, budget=100)
    assert ruler.equivalent(2.5)[0] == pytest.approx(4**0.25)
    assert ruler.equivalent(2.0)[0] == pytest.approx(2.0)


def test_a_metric_where_higher_is_better_is_read_upwards() -> None:
    ruler = ruler_of("w", {1: [0.6], 2: [0.7], 3: [0.65]}, lower_is_better=False)
    assert ruler.points == ((1.0, -0.6), (2.0, -0.7))
    assert ruler.equivalent(0.65)[0] == pytest.approx(math.sqrt(2)) and ruler.equivalent(0.71) == (2.0, "≥")


def test_a_point_that_does_not_improve_is_left_out_and_read_over() -> None:
    assert improving(np.array([1.0, 2.0, 4.0]), np.array([3.0, 3.5, 1.0])) == ((1.0, 3.0), (4.0, 1.0))


def test_seeds_that_are_not_finite_count_as_the_worst() -> None:
    ruler = ruler_of("w", {1: [math.nan, 0.5, 0.4], 2: [math.inf, math.nan, 0.1], 3: [0.2, math.nan, 0.1]})
    assert ruler.points == ((1.0, 0.5), (3.0, 0.2))


def test_the_horizon_of_a_point_is_what_was_charged_over_the_budget() -> None:
    assert ruler_of("w", {31: [2.0], 1000: [1.0]}, budget=1000).points == ((0.031, 2.0), (1.0, 1.0))


@pytest.mark.parametrize("finals", [{}, {1: [math.nan]}, {0: [1.0]}, {-1: [1.0]}])
def test_a_ruler_that_reads_nothing_is_refused(finals: dict[float, list[float]]) -> None:
    with pytest.raises(ValueError, match="the ruler of w"):
        ruler_of("w", finals)


def test_a_damaged_ruler_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="budget"):
        Ruler.from_json({"workload": "w", "version": 1, "lower_is_better": True, "finals": []})


@pytest.mark.parametrize(("h", "least"), [(1.0, 1 / 8), (1.5, 1 / 8), (1 / 4, 1 / 8), (1 / 8, 1 / 4), (1 / 32, 1.0)])
def test_the_low_limit_is_an_eighth_of_the_budget_spent_but_no_less_than_a_32nd_budget(h: float, least: float) -> None:
    assert math.exp(low_limit(np.log(h))) == pytest.approx(least)


def test_gains_are_cut_at_their_limit_and_marked() -> None:
    points = ((1 / 32, 5.0), (1 / 8, 3.0), (1.0, 0.0), (3.0, -1.0))
    losses = np.array([np.inf, 6.0, 4.0, 3.0, 0.0, -1.0, -2.0])
    gains, low, high = read_gains(points, losses, np.zeros(7))
    assert gains == pytest.approx([-math.log(8)] * 4 + [0.0, math.log(3), math.log(3)])
    assert low.tolist() == [True, True, True, False, False, False, False]
    assert high.tolist() == [False] * 6 + [True]


def test_a_single_point_reads_at_most_at_least_or_itself() -> None:
    log, beyond = interpolated(((0.5, 1.0),), np.array([2.0, 1.0, 0.5]))
    assert log.tolist() == [-math.inf, math.log(0.5), math.log(0.5)] and beyond.tolist() == [False, False, True]


def noisy(spread: float, slope: float = 1.0) -> Ruler:
    generator = np.random.default_rng(0)
    return ruler_of("w", {h: (-slope * math.log(h) + generator.normal(0, spread, 20)).tolist() for h in HORIZONS})


def test_the_resolution_is_the_spread_of_log_equivalent_budgets_at_the_budget() -> None:
    ruler = ruler_of("w", {h: [-math.log(h) + d for d in (-0.1, 0.0, 0.1)] for h in HORIZONS})
    assert resolution(ruler) == pytest.approx(0.1)
    lost = ruler_of("w", {h: [-math.log(h)] * 2 + [math.nan] * (h == 1) for h in HORIZONS})
    assert resolution(lost) == pytest.approx(np.std([0, 0, -math.log(8)], ddof=1))


def test_the_bootstrap_error_of_a_median_is_about_that_of_theory() -> None:
    errors = [standard_errors(noisy(0.1))[k] for k in range(len(HORIZONS))]
    assert np.mean(errors) == pytest.approx(1.2533 * 0.1 / math.sqrt(20), rel=0.15)
    assert (median_draws(noisy(0.1), 50) == median_draws(noisy(0.1), 50)).all()


def test_a_fine_ruler_is_accepted_and_says_its_resolution() -> None:
    found = acceptance(noisy(0.1))
    assert found.accepted and "accepted: its resolution is 0." in found.sentence("w")


@pytest.mark.parametrize(
    ("ruler", "words"),
    [
        (noisy(0.4), "over 0.25"),
        (
            ruler_of("w", {0.5: [1.0] * 5, 1: [0.5] * 5, 2: [0.5] * 5}),
            "from h = 1 to 2 it improves by 0, not by more than 3",
        ),
        (ruler_of("w", {0.5: [1.0, 1.1], 1: [1.0, 1.05], 2: [0.0, 0.1]}), "from h = 0.5 to 1 it improves by"),
        (ruler_of("w", {0.5: [1.0] * 5, 1: [0.9] * 5, 3: [0.5] * 5}), "no finite median at both h = 1 and h = 2"),
        (ruler_of("w", {0.5: [1.0] * 5, 1: [0.9], 2: [0.5] * 5}), "resolution at h = 1 is unknown"),
    ],
)
def test_a_ruler_that_is_not_accepted_says_why(ruler: Ruler, words: str) -> None:
    found = acceptance(ruler)
    assert not found.accepted and "not accepted" in found.sentence("w") and words in found.sentence("w")
