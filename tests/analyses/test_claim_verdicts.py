"""The rule on claims (cases, margins, parts, Holm) and the measurements that it is applied to."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from analyses.claim_measurements import measure_regret, measure_times
from analyses.claim_savings import measure_saved_alone, measure_savings, reads_savings
from analyses.claim_table import table as claim_table
from analyses.claim_verdicts import (
    CONFIRMED,
    CONTRADICTED,
    NOT_RUN,
    NOT_TESTED,
    OPEN,
    RATIO_MARGIN,
    REGRET_MARGIN,
    Measured,
    compound,
    judge,
    step_levels,
    verdict,
)
from analyses.comparisons import PlannedComparison
from analyses.study_regrets import study_regrets
from harness.rules import Reading
from harness.scoring import compare, compare_both
from harness.scoring.intervals import Estimate, holm
from tests.scoring.compute_saved.gained import on_a_board, race
from tests.scoring.frames import from_times, row

TIMED = PlannedComparison(1, "a", "b", "schedule", "better")
BUDGET = PlannedComparison(4, "a", "b", "budget", "better", (0.1, 1.0))
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
    assert verdict(low, high, relation, RATIO_MARGIN) == expected


def test_the_margins_are_two_per_cent_of_time_and_a_hundredth_of_regret():
    assert math.exp(RATIO_MARGIN) == pytest.approx(1.02)
    assert verdict(-0.011, 0.5, "at least as good", REGRET_MARGIN, ratio=False) == OPEN
    assert verdict(-0.009, 0.5, "at least as good", REGRET_MARGIN, ratio=False) == CONFIRMED
    assert verdict(-0.009, 0.009, "better", REGRET_MARGIN, ratio=False) == f"{OPEN} (equal within 0.01 of regret)"


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
    return Measured(TIMED, Estimate(value, error, freedom), RATIO_MARGIN, 3, 12, Reading.TIME_TO_TARGET)


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
    absent = Measured(TIMED, None, RATIO_MARGIN, reason="no run of a")
    found = judge([absent, measured(2.5), *[absent] * 3])
    assert found[0].verdict == NOT_RUN and found[0].p is None
    assert found[1].level == pytest.approx(0.05 / 5) and found[1].verdict == OPEN
    assert step_levels([None, 0.5]) == [None, 0.025]


def budget_frame(finals: dict, horizon: float = 1000.0) -> pd.DataFrame:
    rows = [
        {
            **row(name, w, study, 0, [9.0, last], target=-1.0, horizon=horizon, complete=True),
            "track": "budget",
            "id": f"{name}{w}{study}{horizon}",
            "trial": int(horizon),
        }
        for name, workloads in finals.items()
        for w, studies in workloads.items()
        for study, last in enumerate(studies)
    ]
    return pd.DataFrame(rows)


FINALS = {"a": {"v": [1.0, 1.1, 1.2], "w": [0.5, 0.5, 0.5]}, "b": {"v": [1.3, 1.3, 1.6], "w": [0.4, 0.5, 0.6]}}
TRIVIAL = {"v": 2.0, "w": 2.5}
WHOLE = PlannedComparison(8, "a", "b", "budget", "better", (1.0,))


def test_two_workloads_of_three_studies_by_hand():
    # v: best median 1.1, so regrets are over 0.9: d = .3/.9, .2/.9, .4/.9; w: best .5, over 2: d = -.05, 0, .05.
    found = measure_regret(study_regrets(budget_frame(FINALS), TRIVIAL), WHOLE, ["v", "w"])
    first, second = 0.01 / 0.81 / 3, 0.0025 / 3  # variances of the two means
    assert found.estimate.value == pytest.approx(1 / 6)
    assert found.estimate.error == pytest.approx(math.sqrt(first + second) / 2) == pytest.approx(0.03517, abs=1e-5)
    assert found.estimate.freedom == pytest.approx((first + second) ** 2 / ((first**2 + second**2) / 2))
    assert (found.studies, found.workloads, found.limited, found.margin) == (3, 2, (0, 0), 0.01)
    assert (found.reading, found.ratio, found.both_limited, found.cells) == (Reading.QUALITY, False, 0, 6)


def test_swapped_sides_give_the_negated_difference():
    table = study_regrets(budget_frame(FINALS), TRIVIAL)
    other = measure_regret(table, PlannedComparison(8, "b", "a", "budget", "better", (1.0,)), ["v", "w"])
    assert other.estimate.value == pytest.approx(-1 / 6)


def test_shares_are_averaged_within_a_study_and_must_all_be_there():
    low = {"a": FINALS["b"], "b": FINALS["a"]}  # the other way round, at 10 %
    both = pd.concat([budget_frame(FINALS), budget_frame(low, 100.0)])
    found = measure_regret(study_regrets(both, TRIVIAL), BUDGET, ["v", "w"])
    assert found.estimate.value == pytest.approx(0, abs=1e-12) and found.estimate.error == pytest.approx(0, abs=1e-12)
    alone = measure_regret(study_regrets(budget_frame(FINALS), TRIVIAL), BUDGET, ["v", "w"])
    assert alone.estimate is None and "v (0 of 3)" in alone.reason


def test_a_third_submission_changes_the_best_quality():
    finals = {**FINALS, "c": {"v": [0.2] * 3, "w": [0.5] * 3}}
    found = measure_regret(study_regrets(budget_frame(finals), TRIVIAL), WHOLE, ["v", "w"])
    assert found.estimate.value == pytest.approx(0.3 / 1.8 / 2)


def test_no_regret_is_known_until_the_full_pool_has_run_everywhere():
    table = study_regrets(budget_frame(FINALS), TRIVIAL)
    assert measure_regret(table, WHOLE, ["v", "w"], pool=["a", "b"]).estimate is not None
    absent = measure_regret(table, WHOLE, ["v", "w"], pool=["a", "b", "c"])
    assert absent.estimate is None and absent.reason == "the pool lacks studies of c"
    for partly in ({"v": [0.2] * 3}, {"v": [0.2] * 3, "w": [0.5] * 2}):
        table = study_regrets(budget_frame({**FINALS, "c": partly}), TRIVIAL)
        assert measure_regret(table, WHOLE, ["v", "w"], pool=["a", "b", "c"]).reason == absent.reason


def test_a_study_no_better_than_an_untrained_model_is_a_miss_and_two_such_submissions_are_not_level():
    nothing = {name: {"w": [2.5, 2.5, 2.5]} for name in "ab"} | {"c": {"w": [1.0, 1.0, 1.0]}}
    found = measure_regret(study_regrets(budget_frame(nothing), TRIVIAL), WHOLE, ["w"])
    assert (found.limited, found.both_limited, found.cells) == ((3, 3), 3, 3)
    assert judge([found])[0].verdict == NOT_TESTED


def test_a_study_that_learnt_something_at_one_share_is_not_limited():
    nothing, something = ({name: {"w": [last, last - tail, last]} for name in "ab"} for last, tail in ((2.5, 0), (1.0, 0.1)))
    both = pd.concat([budget_frame(something), budget_frame(nothing, 100.0)])
    found = measure_regret(study_regrets(both, TRIVIAL), BUDGET, ["w"])
    assert (found.limited, found.both_limited, found.cells) == ((0, 0), 0, 3)


def test_a_share_is_met_by_the_nearest_whole_number_of_steps_and_by_no_other_share():
    steps = measure_regret(
        study_regrets(pd.concat([budget_frame(FINALS), budget_frame(FINALS, 103.0)]), TRIVIAL), BUDGET, ["v", "w"]
    )
    exact = measure_regret(
        study_regrets(pd.concat([budget_frame(FINALS), budget_frame(FINALS, 100.0)]), TRIVIAL), BUDGET, ["v", "w"]
    )
    assert steps.estimate == exact.estimate and steps.estimate is not None
    eighth = pd.concat([budget_frame(FINALS), budget_frame(FINALS, 125.0)])
    assert measure_regret(study_regrets(eighth, TRIVIAL), BUDGET, ["v", "w"]).estimate is None


TIMES = {
    "a": {"v": [100.0, 200.0, 400.0], "w": [100.0, 100.0, 100.0]},
    "b": {"v": [200.0, 400.0, 800.0], "w": [100.0, 200.0, math.inf]},
    "c": {"v": [300.0, 300.0, 300.0], "w": [math.inf] * 3},
}


@pytest.mark.parametrize(("a", "b"), [("a", "b"), ("b", "a"), ("a", "c"), ("b", "c")])
def test_the_unadjusted_numbers_are_those_of_compare(a, b):
    trials = from_times(TIMES)
    found = measure_times(trials, PlannedComparison(1, a, b, "schedule", "better"), ["v", "w"])
    pair = compare(trials, a, b).pair
    assert math.exp(found.estimate.value) == pytest.approx(pair.ratio)
    assert [math.exp(end) for end in found.estimate.interval()] == pytest.approx([pair.low, pair.high])
    assert (found.estimate.p, found.bound) == (pytest.approx(pair.p), pair.bound)


def test_a_comparison_of_times_by_hand_is_above_zero_where_a_is_faster():
    found = measure_times(from_times(TIMES), TIMED, ["v", "w"])
    # v: log 2 thrice; w: 0, log 2, and a miss that is charged the budget of 1000: log 10.
    assert found.estimate.value == pytest.approx((math.log(2) + (math.log(2) + math.log(10)) / 3) / 2)
    assert (found.limited, found.bound, found.studies, found.workloads) == ((0, 1), "≥", 3, 2)
    assert (found.reading, found.both_limited, found.cells) == (Reading.TIME_TO_TARGET, 0, 6)


def test_times_are_compared_in_examples_whatever_a_step_costs():
    trials = from_times(TIMES)
    dear = trials["submission"] == "a"
    for name in ("hit_steps", "end_steps"):
        trials.loc[dear, name] *= 3 + trials.loc[dear, "study"]
    trials["curve"] = [
        {**curve, "steps": curve["steps"] * (3 + study if mine else 1)}
        for curve, mine, study in zip(trials["curve"], dear, trials["study"], strict=True)
    ]
    assert compare(trials, "a", "b", clock="steps").pair.ratio < compare(trials, "a", "b").pair.ratio
    found = measure_times(trials, TIMED, ["v", "w"])
    assert math.exp(found.estimate.value) == pytest.approx(compare(trials, "a", "b", clock="examples").pair.ratio)


def test_two_that_never_reach_a_target_are_not_tested_and_not_level():
    trials = from_times({name: {"w": [math.inf] * 3} for name in "ab"})
    found = measure_times(trials, PlannedComparison(1, "a", "b", "schedule", "at least as good"), ["w"])
    assert (found.limited, found.both_limited, found.cells) == ((3, 3), 3, 3) and "neither" in found.reason
    assert judge([found])[0].verdict == NOT_TESTED


@pytest.mark.parametrize("machines", [("one", "one"), ("one", "other")])
def test_studies_that_both_missed_are_counted_on_one_machine_type_and_across_two(machines):
    never = math.inf
    times = {"a": {"v": [never, never, 200.0], "w": [never] * 3}, "b": {"v": [never, 300.0, never], "w": [never, 100.0, never]}}
    trials = from_times(times)
    trials["machine_type"] = [machines[name == "b"] for name in trials["submission"]]
    found = measure_times(trials, TIMED, ["v", "w"])
    assert (found.limited, found.both_limited, found.cells) == ((5, 4), 3, 6)
    assert judge([found])[0].verdict != NOT_TESTED
    assert judge([measure_times(trials[trials["workload"] == "w"], TIMED, ["w"])])[0].verdict == NOT_TESTED


GAINS = {"a": {"v": [0.3, 0.2, 0.4], "w": [0.1, 0.2, 0.1]}, "b": {"v": [0.1, 0.1, 0.1], "w": [0.0, 0.0, 0.1]}}


def with_rulers(gains: dict, track: str = "schedule", horizons: tuple[float, ...] = (0.5, 1.0)) -> pd.DataFrame:
    frames = [race(gains, horizon=h).assign(trial=i) for i, h in enumerate(horizons)]
    return on_a_board(pd.concat(frames, ignore_index=True), track=track)


def test_records_with_rulers_are_read_by_compute_saved_as_compare_reads_them():
    trials = with_rulers(GAINS)
    assert reads_savings(trials, TIMED, ["v", "w"])
    found = measure_savings(trials, TIMED, ["v", "w"])
    # v: .2, .1, .3; w: .1, .2, 0: theta is the mean of .2 and .1, by hand.
    assert found.estimate.value == pytest.approx(0.15)
    pair = compare_both(trials, "a", "b").saved.pair
    assert math.exp(found.estimate.value) == pytest.approx(pair.ratio) and found.estimate.p == pytest.approx(pair.p)
    assert [math.exp(end) for end in found.estimate.interval()] == pytest.approx([pair.low, pair.high])
    assert (found.reading, found.margin, found.studies, found.workloads) == (Reading.COMPUTE_SAVED, RATIO_MARGIN, 3, 2)
    assert (found.limited, found.both_limited, found.cells, found.bound) == ((0, 0), 0, 6, "")
    line = claim_table(judge([found]), "command", 1)
    assert "`a` better than `b` (schedule, by compute saved) | 1.162 |" in line


def test_a_claim_that_names_a_factor_is_judged_from_it_and_its_table_shows_the_speed_up():
    limit = PlannedComparison(17, "a", "b", "schedule", "at most as good", factor=1.4)
    found = measure_saved_alone(with_rulers(GAINS), limit, ["v", "w"])
    assert found.estimate.value == pytest.approx(0.15 - math.log(1.4))
    line = claim_table(judge([found]), "command", 17)
    assert "`a` at most 1.4 times `b` (schedule, by compute saved) | 1.162 |" in line and f"**{CONFIRMED}**" in line


def test_where_only_compute_saved_counts_other_records_are_none_and_the_reason_is_told():
    trials = with_rulers(GAINS)
    assert measure_saved_alone(trials[trials["submission"] == "a"], TIMED, ["v", "w"]) == Measured(TIMED, None, RATIO_MARGIN)
    pruned = measure_saved_alone(trials.assign(status=["pruned", *trials["status"][1:]]), TIMED, ["v", "w"])
    assert pruned.estimate is None and "pruned" in pruned.reason


def test_without_rulers_for_all_workloads_and_complete_trials_there_is_no_reading_by_compute_saved():
    trials = with_rulers(GAINS)
    assert not reads_savings(trials.assign(facts=[{}] * len(trials)), TIMED, ["v", "w"])
    assert not reads_savings(trials.assign(facts=trials["facts"].where(trials["workload"] == "v")), TIMED, ["v", "w"])
    assert not reads_savings(trials.assign(status=["pruned", *trials["status"][1:]]), TIMED, ["v", "w"])
    assert not reads_savings(trials[trials["submission"] == "a"], TIMED, ["v", "w"])
    assert not reads_savings(pd.DataFrame(), TIMED, ["v", "w"])
    lost = measure_savings(trials.assign(status=["killed", *trials["status"][1:]]), TIMED, ["v", "w"])
    assert lost.estimate is None and lost.reason == "too few common studies on v (2 of 3)"


def test_in_the_budget_track_gains_are_averaged_over_the_shares_that_the_comparison_names():
    low = {"a": GAINS["b"], "b": GAINS["a"]}
    frames = [with_rulers(GAINS, "budget", (1.0,)), with_rulers(low, "budget", (0.5,)).assign(trial=1)]
    trials = pd.concat(frames, ignore_index=True)
    assert reads_savings(trials, WHOLE, ["v", "w"]) and not reads_savings(trials, BUDGET, ["v", "w"])
    assert measure_savings(trials, WHOLE, ["v", "w"]).estimate.value == pytest.approx(0.15)
    halves = measure_savings(trials, replace(WHOLE, shares=(0.5, 1.0)), ["v", "w"])
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
    found = measure_savings(trials, TIMED, ["v", "w"])
    assert (found.limited, found.both_limited, found.cells) == ((4, 3), 3, 6)
    assert judge([found])[0].verdict != NOT_TESTED
    assert judge([measure_savings(trials, TIMED, ["v"])])[0].verdict == NOT_TESTED


@pytest.mark.parametrize(
    ("times", "workloads", "told"),
    [
        ({"b": {"w": [1.0, 2.0, 3.0]}}, ["w"], "no run of a"),
        ({"a": {"w": [1.0, 2.0]}, "b": {"w": [1.0, 2.0]}}, ["w"], "w (2 of 3)"),
        ({"a": {"w": [1.0, 2.0, math.nan]}, "b": {"w": [1.0, 2.0, 3.0]}}, ["w"], "w (2 of 3)"),
        ({"a": {"w": [1.0, 2.0, 3.0]}, "b": {"w": [1.0, 2.0, 3.0]}}, ["v", "w"], "v (0 of 3)"),
        ({"a": {"v": [1.0, 2.0, 3.0]}, "b": {"w": [1.0, 2.0, 3.0]}}, ["v", "w"], "v (0 of 3), w (0 of 3)"),
    ],
)
def test_a_comparison_with_absent_studies_has_not_run(times, workloads, told):
    found = measure_times(from_times(times), TIMED, workloads)
    assert found.estimate is None and told in found.reason
    assert judge([found])[0].verdict == NOT_RUN


def test_without_trials_a_comparison_has_not_run():
    assert measure_times(pd.DataFrame(), TIMED, ["w"]).estimate is None
    assert measure_regret(pd.DataFrame(), WHOLE, ["w"]).estimate is None
