import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.scoring.compute_saved.equivalent import equivalents
from harness.scoring.compute_saved.gains import Gains, gains, sides
from harness.scoring.compute_saved.limits import limited_studies
from harness.scoring.compute_saved.ruler_error import ruler_errors
from harness.scoring.compute_saved.speedup import SpeedUp, speed_ups
from harness.scoring.ruler import Ruler, ruler_of
from tests.scoring.compute_saved.gained import BUDGET, HORIZONS, SECONDS, race, random_race, rulers_of, trial


def found(trials: pd.DataFrame, *, clock: str = "examples", horizons: tuple[float, ...] = (1.0,), baseline: str = "b") -> Gains:
    return gains(equivalents(trials, rulers_of(trials), horizons), clock, baseline)


def rows(trials: pd.DataFrame, *, baseline: str = "b", **how: Any) -> dict[str, SpeedUp]:
    return {row.submission: row for row in speed_ups(found(trials, baseline=baseline, **how), baseline)}


THREE_BY_THREE = race(
    {
        "a": {"u": [0.30, 0.20, 0.10], "v": [0.10, 0.10, 0.40], "w": [0.05, 0.05, 0.05]},
        "b": {"u": [0.10, 0.00, -0.10], "v": [0.00, 0.10, 0.20], "w": [0.00, 0.00, 0.00]},
    }
)
"""Differences: u .2 .2 .2, v .1 0 .2, w .05 .05 .05; means .2, .1, .05; only v varies: variance .01, over 3 studies."""


def test_a_board_of_three_workloads_and_three_studies_by_hand() -> None:
    a = rows(THREE_BY_THREE)["a"]
    mean, error = 0.35 / 3, math.sqrt(0.01 / 3) / 3
    assert a.estimate.value == pytest.approx(mean) and a.ratio == pytest.approx(1.12375, abs=1e-5)
    # Satterthwaite with one part that varies: its own 2 degrees of freedom; t(.975, 2) = 4.3027.
    assert a.estimate.error == pytest.approx(error) and a.estimate.freedom == pytest.approx(2)
    assert a.interval == pytest.approx((math.exp(mean - 4.30265 * error), math.exp(mean + 4.30265 * error)), rel=1e-6)
    assert {w: part.ratio for w, part in a.workloads.items()} == pytest.approx(
        {"u": math.exp(0.2), "v": math.exp(0.1), "w": math.exp(0.05)}
    )
    assert (a.width, a.studies, a.limited, a.mark, a.like_these) == (3, 9, 0, "", None)


def test_degrees_of_freedom_are_satterthwaites() -> None:
    a = rows(race({"a": {"u": [0.1, 0.2, 0.3], "v": [0.0, 0.4, 0.0]}, "b": {"u": [0.0] * 3, "v": [0.0] * 3}}))["a"]
    v = np.array([0.01, 0.16 / 3]) / 3
    assert a.estimate.error == pytest.approx(math.sqrt(v.sum()) / 2)
    assert a.estimate.freedom == pytest.approx(v.sum() ** 2 / (v**2 / 2).sum())


def test_a_submission_against_itself_is_exactly_one_without_an_interval() -> None:
    b = rows(THREE_BY_THREE)["b"]
    assert b.ratio == 1.0 and b.interval is None and b.estimate.p is None


def test_differences_that_are_all_equal_have_no_interval() -> None:
    a = rows(race({"a": {"u": [0.3, 0.2, 0.1]}, "b": {"u": [0.2, 0.1, 0.0]}}))["a"]
    assert a.ratio == pytest.approx(math.exp(0.1)) and a.interval is None


def test_only_common_studies_count_and_workloads_with_fewer_than_two_leave() -> None:
    trials = race({"a": {"u": [0.1, 0.2, 0.4], "v": [0.5, 0.5, 0.5]}, "b": {"u": [0.0, 0.0, 0.0], "v": [0.0, 0.0, 0.0]}})
    keep = ~((trials.submission == "b") & (trials.workload == "v") & (trials.study > 0))
    a = rows(trials[keep])["a"]
    assert a.ratio == pytest.approx(math.exp(0.7 / 3)) and a.width == 1 and a.studies == 3
    assert (
        a.workloads["v"].studies == 1 and not a.workloads["v"].used and a.workloads["v"].ratio == pytest.approx(math.exp(0.5))
    )


@pytest.mark.parametrize("studies", [1, 2])
def test_with_one_or_two_studies_there_is_a_speed_up_but_no_interval(studies: int) -> None:
    gain = [0.1, 0.2][:studies]
    a = rows(race({"a": {"u": gain, "v": gain}, "b": {"u": [0.0] * studies, "v": [0.0] * studies}}))["a"]
    assert a.ratio == pytest.approx(math.exp(np.mean(gain))) and a.interval is None


def test_a_workload_with_two_studies_takes_part_where_another_has_three() -> None:
    trials = race({"a": {"u": [0.1, 0.2, 0.3], "v": [0.1, 0.3]}, "b": {"u": [0.0] * 3, "v": [0.0] * 2}})
    a = rows(trials)["a"]
    assert a.width == 2 and a.interval is not None
    v = np.array([0.01 / 3, 0.02 / 2])
    assert a.estimate.freedom == pytest.approx(v.sum() ** 2 / (v[0] ** 2 / 2 + v[1] ** 2 / 1))


def test_without_a_common_workload_there_is_no_speed_up() -> None:
    a = rows(race({"a": {"u": [0.1, 0.2, 0.3]}, "b": {"v": [0.1, 0.2, 0.3]}}))["a"]
    assert a.ratio is None and a.interval is None and a.width == 0


def test_a_baseline_that_did_not_run_is_refused() -> None:
    with pytest.raises(ValueError, match="no trial of the baseline cosine"):
        rows(THREE_BY_THREE, baseline="cosine")


def test_horizons_are_averaged_and_shown_one_by_one() -> None:
    trials = pd.DataFrame(
        trial(name, w, j, i, gain + 0.01 * j, horizon=(0.5, 1.0)[i])
        for name, pair in (("a", (0.3, 0.1)), ("b", (0.0, 0.0)))
        for w in "uv"
        for j in range(3)
        for i, gain in enumerate(pair)
    )
    a = rows(trials, horizons=(0.5, 1.0))["a"]
    assert a.ratio == pytest.approx(math.exp(0.2))
    assert {h: e.value for h, e in a.horizons.items()} == pytest.approx({0.5: 0.3, 1.0: 0.1})


def test_submissions_are_compared_at_equal_numbers_of_trials() -> None:
    own = [trial("a", "u", j, i, gain) for j in range(3) for i, gain in enumerate((0.1, 0.9))]
    a = rows(pd.DataFrame([*own, *(trial("b", "u", j, 0, 0.0) for j in range(3))]))["a"]
    assert a.ratio == pytest.approx(math.exp(0.1))
    both = [trial("b", "u", j, i, gain) for j in range(3) for i, gain in enumerate((0.0, 0.2))]
    assert rows(pd.DataFrame([*own, *both]))["a"].ratio == pytest.approx(math.exp(0.7))


def test_on_seconds_the_cost_of_an_example_counts() -> None:
    trials = race({"a": {"u": [0.1, 0.2, 0.3]}, "b": {"u": [0.0, 0.0, 0.0]}})
    trials.loc[trials.submission == "a", "end_seconds"] *= 2
    assert rows(trials, clock="seconds")["a"].ratio == pytest.approx(math.exp(0.2) / 2)
    assert rows(trials, clock="examples")["a"].ratio == pytest.approx(math.exp(0.2))


@pytest.mark.parametrize(
    ("own", "other", "mark"),
    [
        (-9.0, 0.0, "≤"),
        (9.0, 0.0, "≥"),
        (0.0, -9.0, "≥"),
        (0.0, 9.0, "≤"),
        (-9.0, -9.0, "~"),
        (-9.0, 9.0, "~"),
        (0.0, 0.0, ""),
    ],
)
def test_marks_say_on_which_side_a_difference_is_limited(own: float, other: float, mark: str) -> None:
    a = rows(race({"a": {"u": [own, 0.1, 0.2]}, "b": {"u": [other, 0.0, 0.0]}}))["a"]
    assert a.mark == a.workloads["u"].mark == mark
    assert a.limited == a.workloads["u"].limited == (mark != "")


@pytest.mark.parametrize(("paired", "both"), [(True, [False, False, True]), (False, [True, False, False])])
def test_studies_limited_on_each_side_are_set_against_each_other_like_the_values(paired: bool, both: list[bool]) -> None:
    trials = race({"a": {"u": [-9.0, 0.0, 9.0, math.nan]}, "b": {"u": [0.0, -9.0, -9.0, 0.0]}})
    absent = ((trials["submission"] == "b") & (trials["study"] == 0)) | ((trials["submission"] == "a") & (trials["study"] == 3))
    read = found(trials.assign(status=trials["status"].where(~absent, "killed")))
    first, second, there = limited_studies(*sides(read, np.array([0]), np.array([1])), np.array([[paired]]))
    assert (first & second & there)[0, 0, :3].tolist() == both


def test_a_row_carries_the_mark_only_where_more_than_a_tenth_is_limited() -> None:
    def board(limited: int) -> SpeedUp:
        gain = [-9.0] * limited + [0.1] * (10 - limited)
        return rows(race({"a": {"u": gain}, "b": {"u": [0.0] * 10}}))["a"]

    assert (board(1).mark, board(1).limited, board(1).studies) == ("", 1, 10)
    assert (board(2).mark, board(2).limited) == ("≤", 2)


def test_marks_of_several_directions_say_that_neither_is_known() -> None:
    assert rows(race({"a": {"u": [-9.0, 9.0, 0.0]}, "b": {"u": [0.0] * 3}}))["a"].mark == "~"


def test_limits_count_on_the_workloads_that_take_part_alone() -> None:
    trials = race({"a": {"u": [0.1, 0.2, 0.3], "v": [-9.0]}, "b": {"u": [0.0] * 3, "v": [0.0]}})
    assert rows(trials)["a"].limited == 0


def test_workloads_like_these_takes_the_workloads_for_a_sample() -> None:
    means = np.linspace(-0.2, 0.5, 8)
    trials = race(
        {"a": {f"w{k}": [m, m + 0.1, m - 0.1] for k, m in enumerate(means)}, "b": {f"w{k}": [0.0] * 3 for k in range(8)}}
    )
    interval = stats.t.interval(0.95, 7, loc=means.mean(), scale=means.std(ddof=1) / math.sqrt(8))
    assert rows(trials)["a"].like_these == pytest.approx(tuple(np.exp(interval)))


def on_machines(**kinds: str) -> pd.DataFrame:
    trials = race({"a": {"u": [0.3, 0.5, 0.7], "v": [0.1, 0.2, 0.6]}, "b": {"u": [0.0, 0.2, 0.4], "v": [0.0, 0.1, 0.5]}})
    return trials.assign(machine_type=[kinds[name] for name in trials.submission])


def test_studies_of_different_machine_types_are_not_paired() -> None:
    a = rows(on_machines(a="x", b="y"))["a"]
    v = np.array([0.04, 0.04, 0.07, 0.07]) / 3
    assert a.ratio == pytest.approx(math.exp(0.2))
    assert a.estimate.error == pytest.approx(math.sqrt(v.sum()) / 2)
    assert a.estimate.freedom == pytest.approx(v.sum() ** 2 / (v**2 / 2).sum())


def test_studies_of_one_machine_type_are_paired() -> None:
    assert rows(on_machines(a="x", b="x"))["a"].interval is None


def test_unpaired_sides_keep_studies_that_the_other_lacks() -> None:
    trials = on_machines(a="x", b="y")
    trials = trials[(trials.submission == "a") | (trials.study > 0)]
    a = rows(trials)["a"]
    assert a.workloads["u"].ratio == pytest.approx(math.exp(0.5 - 0.3)) and a.studies == 4


def test_imported_studies_without_common_seeds_are_not_paired() -> None:
    a = rows(on_machines(a="x", b="x").assign(paired=False))["a"]
    assert a.interval is not None


race_shapes = st.tuples(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=25, deadline=None)
@given(race_shapes, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(shape: tuple[int, int, int, int], shuffle: Any) -> None:
    trials = random_race(np.random.default_rng(shape[0]), *shape[1:])
    order = list(range(len(trials)))
    shuffle.shuffle(order)
    how: dict[str, Any] = {"clock": "seconds", "horizons": (0.5, 1.0), "baseline": "s0"}
    assert repr(rows(trials, **how)) == repr(rows(trials.iloc[order], **how))


def same(one: SpeedUp, other: SpeedUp) -> bool:
    """Equal but for rounding in the last digit."""
    numbers = [(r.estimate.value, r.estimate.error, *(e.value for e in r.horizons.values())) for r in (one, other)]
    facts = [
        (r.mark, r.limited, r.studies, r.width, [w.studies for w in r.workloads.values() if w.studies]) for r in (one, other)
    ]
    return np.allclose(*numbers, rtol=1e-9, atol=1e-12, equal_nan=True) and facts[0] == facts[1]


@settings(max_examples=25, deadline=None)
@given(race_shapes, st.sampled_from(["examples", "seconds", "steps"]))
def test_another_submission_changes_no_speed_up(shape: tuple[int, int, int, int], clock: str) -> None:
    generator = np.random.default_rng(shape[0])
    trials = random_race(generator, *shape[1:])
    # It has more studies, more trials and a workload of its own.
    more = random_race(generator, 1, shape[2] + 1, shape[3] + 1, trials=3).assign(submission="new")
    how: dict[str, Any] = {"clock": clock, "horizons": (0.5, 1.0), "baseline": "s0"}
    before, after = rows(trials, **how), rows(pd.concat([trials, more]), **how)
    assert all(same(before[name], after[name]) for name in before)


@settings(max_examples=25, deadline=None)
@given(race_shapes, st.floats(1e-3, 1e3))
def test_the_unit_of_seconds_does_not_matter(shape: tuple[int, int, int, int], unit: float) -> None:
    trials = random_race(np.random.default_rng(shape[0]), *shape[1:])
    how: dict[str, Any] = {"clock": "seconds", "horizons": (0.5, 1.0), "baseline": "s0"}
    before, after = rows(trials, **how), rows(trials.assign(end_seconds=trials.end_seconds * unit), **how)
    assert all(same(before[name], after[name]) for name in before)


@settings(max_examples=25, deadline=None)
@given(race_shapes)
def test_swapping_the_two_turns_the_ratio_round(shape: tuple[int, int, int, int]) -> None:
    trials = random_race(np.random.default_rng(shape[0]), *shape[1:])
    how: dict[str, Any] = {"horizons": (0.5, 1.0)}
    one, other = rows(trials, baseline="s0", **how)["s1"], rows(trials, baseline="s1", **how)["s0"]
    assert np.allclose(one.estimate.value, -other.estimate.value, equal_nan=True)
    assert np.allclose(one.estimate.error, other.estimate.error, equal_nan=True)
    turned = {"": "", "~": "~", "≤": "≥", "≥": "≤"}
    assert one.mark == turned[other.mark]


def noisy_ruler(label: str) -> Ruler:
    generator = np.random.default_rng(3)
    return ruler_of(
        label, {h * BUDGET: (-math.log(h) + generator.normal(0, 0.05, 20)).tolist() for h in HORIZONS}, budget=BUDGET
    )


def test_the_rulers_own_error_is_nil_between_equals_and_small_between_others() -> None:
    trials = race({"a": {"u": [0.3, 0.2, 0.1]}, "b": {"u": [0.0, 0.1, 0.2]}, "c": {"u": [0.0, 0.1, 0.2]}})
    rulers = {"u": noisy_ruler("u")}
    errors = ruler_errors(equivalents(trials, rulers, (1.0,)), rulers, "b")
    assert errors["b"] == errors["c"] == 0
    assert 0 < errors["a"] < 0.05
    again = ruler_errors(equivalents(trials, rulers, (1.0,)), rulers, "b")
    assert errors == again


def test_seconds_are_taken_per_example_so_that_a_shorter_horizon_is_no_gain() -> None:
    trials = pd.DataFrame(
        trial(name, "u", j, 0, 0.1 * j, horizon=0.5, end_seconds=BUDGET / 2 * SECONDS) for name in "ab" for j in range(3)
    )
    assert rows(trials, clock="seconds", horizons=(0.5,))["a"].ratio == 1.0
