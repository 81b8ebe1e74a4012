"""The rule on claims (cases, margins, parts, Holm) and the measurements that it is applied to."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from analyses.claim_savings import measure_savings
from analyses.claim_table import in_words
from analyses.claim_table import table as claim_table
from analyses.claim_verdicts import (
    CONFIRMED,
    CONTRADICTED,
    MARGIN,
    NOT_RUN,
    NOT_TESTED,
    OPEN,
    Measured,
    compound,
    judge,
    step_levels,
    verdict,
)
from analyses.comparisons import PlannedComparison
from harness.scoring import compare_both
from harness.scoring.intervals import Estimate, holm
from tests.scoring.compute_saved.gained import on_a_board, race

PLANNED = PlannedComparison(1, "a", "b", "schedule", "better")
EQUAL = f"{OPEN} (equal within 2 %)"


@pytest.mark.parametrize(
    ("relation", "low", "high", "expected"),
    [
        ("better", 0.001, 0.002, CONFIRMED),
        ("better", -0.002, -0.001, CONTRADICTED),
        ("better", -0.1, 0.1, OPEN),
        ("better", -0.019, 0.019, EQUAL),
        ("at least as good", -0.019, 0.5, CONFIRMED),
        ("at least as good", -0.020, 0.5, OPEN),
        ("at least as good", -0.5, -0.021, CONTRADICTED),
        ("at least as good", -0.5, -0.019, OPEN),
        ("level", -0.019, 0.019, CONFIRMED),
        ("level", 0.001, 0.019, CONFIRMED),
        ("level", 0.021, 0.5, CONTRADICTED),
        ("level", -0.5, -0.021, CONTRADICTED),
        ("level", -0.019, 0.5, OPEN),
        ("level", 0.001, 0.5, OPEN),
        ("level", -0.5, -0.001, OPEN),
        ("level", -0.5, 0.019, OPEN),
        ("at most as good", -0.5, -0.001, CONFIRMED),
        ("at most as good", -0.5, 0.001, OPEN),
        ("at most as good", 0.001, 0.5, CONTRADICTED),
    ],
)
def test_every_case_of_the_rule(relation, low, high, expected):
    assert verdict(low, high, relation, MARGIN) == expected


def test_the_margin_is_two_per_cent():
    assert math.exp(MARGIN) == pytest.approx(1.02)


def test_a_claim_of_parts_is_confirmed_by_all_and_contradicted_by_one():
    assert compound([CONFIRMED, CONFIRMED]) == CONFIRMED
    assert compound([CONFIRMED, OPEN]) == OPEN
    assert compound([CONFIRMED, EQUAL]) == OPEN
    assert compound([EQUAL, EQUAL]) == EQUAL
    assert compound([CONFIRMED, CONTRADICTED, OPEN]) == CONTRADICTED
    assert compound([NOT_RUN, CONTRADICTED]) == CONTRADICTED
    assert compound([CONFIRMED, NOT_RUN]) == NOT_RUN


def test_a_claim_with_a_part_that_is_not_tested_is_not_tested_unless_another_contradicts_it_or_has_not_run():
    assert compound([CONFIRMED, NOT_TESTED]) == compound([NOT_TESTED, OPEN, EQUAL]) == compound([NOT_TESTED]) == NOT_TESTED
    assert compound([NOT_TESTED, CONTRADICTED]) == CONTRADICTED
    assert compound([NOT_TESTED, NOT_RUN, CONFIRMED]) == NOT_RUN


def measured(value: float, error: float = 1.0, freedom: float = math.inf) -> Measured:
    return Measured(PLANNED, Estimate(value, error, freedom), MARGIN, 3, 12)


def test_the_intervals_step_down_and_exclude_zero_exactly_where_holm_rejects():
    values = (3.2, 2.5, 2.3, 1.0, 2.2)
    found = judge([measured(value) for value in values])
    adjusted = holm([f.p for f in found])
    assert [f.p_holm for f in found] == adjusted
    assert found[0].level == pytest.approx(0.05 / 5)
    assert found[1].level == pytest.approx(0.05 / 4)  # p = .0124: still a step
    assert found[2].level == pytest.approx(0.05 / 3)  # p = .0214 > .0167: the steps end
    assert found[4].level == found[3].level == found[2].level
    for finding, p in zip(found, adjusted, strict=True):
        assert (finding.low > 0) == (p <= 0.05)
    assert found[0].low == pytest.approx(3.2 - 2.5758, abs=1e-4)
    assert [f.verdict for f in found] == [CONFIRMED, CONFIRMED, OPEN, OPEN, OPEN]


def test_a_value_that_is_separable_alone_need_not_be_among_many():
    assert judge([measured(2.5)])[0].verdict == CONFIRMED
    assert judge([measured(2.5), *[measured(0.1)] * 4])[0].verdict == OPEN
    assert judge([measured(-2.5)])[0].verdict == CONTRADICTED


@pytest.mark.parametrize("error", [1.0, math.nan])
@pytest.mark.parametrize(("both", "tested"), [(18, True), (19, False), (36, False)])
def test_a_comparison_limited_on_both_sides_in_most_cells_is_not_tested_whatever_its_interval_says(both, tested, error):
    finding = judge([replace(measured(9.0, error), limited=(both, both), both_limited=both, cells=36)])[0]
    assert finding.measured.tested is tested
    assert finding.verdict == (NOT_TESTED if not tested else OPEN if math.isnan(error) else CONFIRMED)


def test_what_ran_without_an_interval_is_on_the_page_with_its_verdict():
    finding = judge([replace(measured(0.0, math.nan), limited=(36, 36), both_limited=36, cells=36)])[0]
    line = claim_table([finding], "command", 1).splitlines()[2]
    assert [cell.strip() for cell in line.strip("|").split("|")][2:8] == [
        *("1.000", "", "", "3 x 12", "36, 36, 36"),
        "**not tested**",
    ]


def test_a_comparison_that_has_not_run_counts_in_the_adjustment():
    absent = Measured(PLANNED, None, MARGIN, reason="no run of a")
    found = judge([absent, measured(2.5), *[absent] * 3])
    assert found[0].verdict == NOT_RUN and found[0].p is None
    assert found[1].level == pytest.approx(0.05 / 5) and found[1].verdict == OPEN
    assert step_levels([None, 0.5]) == [None, 0.025]


GAINS = {"a": {"v": [0.3, 0.2, 0.4], "w": [0.1, 0.2, 0.1]}, "b": {"v": [0.1, 0.1, 0.1], "w": [0.0, 0.0, 0.1]}}


def with_rulers(gains: dict, track: str = "schedule", horizons: tuple[float, ...] = (0.5, 1.0)) -> pd.DataFrame:
    frames = [race(gains, horizon=h).assign(trial=i) for i, h in enumerate(horizons)]
    return on_a_board(pd.concat(frames, ignore_index=True), track=track)


def test_theta_is_the_log_speed_up_that_compare_prints():
    trials = with_rulers(GAINS)
    found = measure_savings(trials, PLANNED, ["v", "w"])
    # v: .2, .1, .3; w: .1, .2, 0: theta is the mean of .2 and .1, by hand.
    assert found.estimate.value == pytest.approx(0.15)
    pair = compare_both(trials, "a", "b").saved.pair
    assert math.exp(found.estimate.value) == pytest.approx(pair.ratio) and found.estimate.p == pytest.approx(pair.p)
    assert [math.exp(end) for end in found.estimate.interval()] == pytest.approx([pair.low, pair.high])
    assert (found.margin, found.studies, found.workloads) == (MARGIN, 3, 2)
    assert (found.limited, found.both_limited, found.cells, found.bound) == ((0, 0), 0, 6, "")
    assert "`a` better than `b` (schedule) | 1.162 |" in claim_table(judge([found]), "command", 1)
    swapped = measure_savings(trials, replace(PLANNED, a="b", b="a"), ["v", "w"])
    assert swapped.estimate.value == pytest.approx(-0.15) and swapped.estimate.p == pytest.approx(found.estimate.p)


def test_a_claim_that_names_a_factor_is_judged_from_it_and_its_table_shows_the_speed_up():
    limit = PlannedComparison(17, "a", "b", "schedule", "at most as good", factor=1.4)
    found = measure_savings(with_rulers(GAINS), limit, ["v", "w"])
    assert found.estimate.value == pytest.approx(0.15 - math.log(1.4))
    line = claim_table(judge([found]), "command", 17)
    assert "`a` at most 1.4 times `b` (schedule) | 1.162 |" in line and f"**{CONFIRMED}**" in line


def test_the_table_says_every_share_in_full():
    shares = PlannedComparison(4, "a", "b", "budget", "better", (0.125, 0.25))
    assert in_words(shares) == "`a` better than `b` at 12.5, 25 %"


def test_a_difference_that_rests_on_one_workload_is_told_below_the_table():
    gains = {
        "a": {w: [0.3, 0.2, 0.4] if w == "v" else [0.001, -0.001, 0.001] for w in "uvwxy"},
        "b": dict.fromkeys("uvwxy", [0.0] * 3),
    }
    found = measure_savings(with_rulers(gains), PLANNED, list("uvwxy"))
    assert found.estimate.p <= 0.05 and found.reason.startswith("without v p is ")
    assert f"- 1, `a` better than `b`: {found.reason}." in claim_table(judge([found]), "command", 1)
    assert not measure_savings(with_rulers(GAINS), replace(PLANNED, factor=1.4), ["v", "w"]).reason


def test_a_side_without_trials_has_not_run_and_nothing_more_is_said():
    trials = with_rulers(GAINS)
    for given in (trials[trials["submission"] == "a"], pd.DataFrame()):
        found = measure_savings(given, PLANNED, ["v", "w"])
        assert found == Measured(PLANNED, None, MARGIN) and judge([found])[0].verdict == NOT_RUN


def test_trials_that_cannot_be_read_off_rulers_have_no_estimate_and_it_says_why():
    trials = with_rulers(GAINS)
    for given, told in (
        (trials.assign(facts=[{}] * len(trials)), "these records carry no ruler"),
        (trials.assign(facts=trials["facts"].where(trials["workload"] == "v")), "no trial that carries a ruler on w"),
        (trials.assign(status=["pruned", *trials["status"][1:]]), "1 trial was pruned"),
        (trials.assign(status=["killed", *trials["status"][1:]]), "too few common studies on v (2 of 3)"),
        (trials[trials["workload"] == "v"], "no trial that carries a ruler on w"),
        (trials[(trials["workload"] == "v") | (trials["submission"] == "a")], "too few common studies on w (0 of 3)"),
    ):
        found = measure_savings(given, PLANNED, ["v", "w"])
        assert found.estimate is None and told in found.reason
        assert judge([found])[0].verdict == NOT_RUN


def test_in_the_budget_track_gains_are_averaged_over_the_shares_that_the_comparison_names():
    low = {"a": GAINS["b"], "b": GAINS["a"]}
    frames = [with_rulers(GAINS, "budget", (1.0,)), with_rulers(low, "budget", (0.5,)).assign(trial=1)]
    trials = pd.concat(frames, ignore_index=True)
    whole = PlannedComparison(8, "a", "b", "budget", "better", (1.0,))
    assert measure_savings(trials, whole, ["v", "w"]).estimate.value == pytest.approx(0.15)
    halves = measure_savings(trials, replace(whole, shares=(0.5, 1.0)), ["v", "w"])
    assert halves.estimate.value == pytest.approx(0.0, abs=1e-12)


def test_a_study_whose_gain_the_ruler_limits_at_any_horizon_is_limited():
    beyond, below = 9.0, -9.0
    gains = {
        "a": {"v": [beyond, below, beyond], "w": [0.1, 0.2, below]},
        "b": {"v": [below, beyond, 0.1], "w": [0.0, 0.1, below]},
    }
    trials = pd.concat(
        [with_rulers(gains, horizons=(1.0,)), with_rulers(GAINS, horizons=(0.5,)).assign(trial=1)], ignore_index=True
    )
    found = measure_savings(trials, PLANNED, ["v", "w"])
    assert (found.limited, found.both_limited, found.cells) == ((4, 3), 3, 6)
    assert judge([found])[0].verdict != NOT_TESTED
    assert judge([measure_savings(trials, PLANNED, ["v"])])[0].verdict == NOT_TESTED
