import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness import BadInput
from harness.rules import Reading, ruleset
from harness.scoring import LOOKS, compare, compare_both, comparison_json, look, look_sentence, score_board
from harness.scoring.rules import ScoringRules
from tests.scoring.compute_saved.gained import on_a_board, race
from tests.scoring.frames import from_times, row

INF = math.inf


def test_a_speed_up_is_the_geometric_mean_of_time_ratios_and_does_not_depend_on_other_submissions() -> None:
    table = {"base": {"w": [100, 200, 400], "v": [100] * 3}, "a": {"w": [50, 100, 200], "v": [400] * 3}}
    rows = {r.name: r for r in score_board(from_times(table), ScoringRules(baseline="base")).rows}
    assert rows["a"].speedup == pytest.approx(math.sqrt(2 * 0.25))
    more = {
        r.name: r
        for r in score_board(from_times({**table, "c": {"w": [1] * 3, "v": [1] * 3}}), ScoringRules(baseline="base")).rows
    }
    assert (more["a"].speedup, more["a"].speedup_low) == (rows["a"].speedup, rows["a"].speedup_low)
    assert more["a"].score < rows["a"].score


@pytest.mark.parametrize(
    ("mine", "theirs", "bound"),
    [
        ([100, 100, 100], [200, 200, 200], ""),
        ([100, 100, INF], [200, 200, 200], "≤"),
        ([100, 100, 100], [200, INF, 200], "≥"),
        ([100, 100, INF], [200, INF, 200], "~"),
        ([100, 100, INF], [200, 200, INF], ""),
    ],
)
def test_a_miss_is_charged_the_budget_and_marked_as_a_bound(mine: list[float], theirs: list[float], bound: str) -> None:
    rows = {r.name: r for r in score_board(from_times({"a": {"w": mine}, "b": {"w": theirs}}), ScoringRules(baseline="b")).rows}
    d = [math.log(min(y, 1000) / min(x, 1000)) for x, y in zip(mine, theirs, strict=True)]
    assert rows["a"].speedup == pytest.approx(math.exp(sum(d) / 3))
    assert rows["a"].speedup_bound == bound


def test_equal_ratios_have_an_interval_as_wide_as_the_evaluation_grid() -> None:
    trials = pd.DataFrame([row(s, "w", j, 0, [2] * k + [0.5]) for s, k in (("a", 3), ("b", 7)) for j in range(3)])
    a = next(r for r in score_board(trials, ScoringRules(baseline="b")).rows if r.name == "a")
    steps = math.log(400 / 300) ** 2 + math.log(800 / 700) ** 2
    half = float(stats.t.ppf(0.975, 2)) * math.sqrt(steps / 12 / 3)
    assert a.speedup == pytest.approx(2)
    assert (a.speedup_low, a.speedup_high) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))


def test_a_pair_is_the_paired_t_test_on_log_times() -> None:
    x, y = [110.0, 300.0, 170.0, 240.0, 205.0], [250.0, 420.0, 330.0, 410.0, 300.0]
    found = compare(from_times({"a": {"w": x}, "b": {"w": y}}), "a", "b")
    theirs = stats.ttest_rel(np.log(y), np.log(x))
    assert found.pair.p == pytest.approx(theirs.pvalue)
    assert "not adjusted" in found.notes[0] and "a is" in found.sentence
    back = compare(from_times({"a": {"w": x}, "b": {"w": y}}), "b", "a")
    assert back.pair.ratio == pytest.approx(1 / (found.pair.ratio or 0)) and back.sentence == found.sentence


def test_unpaired_studies_add_their_variances() -> None:
    x, y = [110.0, 300.0, 170.0, 240.0, 205.0], [250.0, 420.0, 330.0, 410.0, 300.0]
    found = compare(from_times({"a": {"w": x}, "b": {"w": y}}, paired=False), "a", "b")
    assert found.pair.p == pytest.approx(stats.ttest_ind(np.log(x), np.log(y), equal_var=False).pvalue)
    assert found.pair.faster == pytest.approx(1 - stats.mannwhitneyu(x, y).statistic / 25)


def test_the_share_of_faster_studies_counts_ties_and_common_misses_half() -> None:
    found = compare(from_times({"a": {"w": [1, 5, INF, 7]}, "b": {"w": [2, 5, INF, 6]}}), "a", "b").pair
    assert found.faster == 0.5
    assert found.workloads["w"].wins == 1 and found.workloads["w"].ties == 2


def test_pairs_of_a_board_are_adjusted_and_a_comparison_is_not() -> None:
    generator = np.random.default_rng(0)
    table = {f"s{i}": {"w": (300 * np.exp(0.2 * i + generator.normal(0, 0.1, 5))).tolist()} for i in range(4)}
    board = score_board(from_times(table), ScoringRules(baseline="s0"))
    alone = compare(from_times(table), "s0", "s3").pair
    together = next(p for p in board.pairs if (p.a, p.b) == ("s0", "s3"))
    assert together.p == alone.p and (together.p_holm or 0) > (alone.p or 1)


def test_strict_json_of_a_comparison_has_no_infinity() -> None:
    value = comparison_json(compare_both(from_times({"a": {"w": [INF] * 3}, "b": {"w": [1] * 3}}), "a", "b"))
    assert value["times"]["w"][0] == [None] * 3


def test_an_unknown_name_is_an_error_that_suggests_the_nearest_one() -> None:
    trials = from_times({"cosine": {"w": [1] * 3}, "rex": {"w": [1] * 3}})
    with pytest.raises(BadInput, match="did you mean 'cosine'"):
        compare(trials, "cosin", "rex")
    with pytest.raises(BadInput, match="with itself"):
        compare(trials, "rex", "rex")
    with pytest.raises(BadInput, match="no clock 'hours'"):
        compare(trials, "cosine", "rex", clock="hours")


def looks(ratio: float, studies: int) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    times = 300 * np.exp(generator.normal(0, 0.1, (2, 20)))
    return from_times({"a": {"w": times[0, :studies].tolist()}, "b": {"w": (ratio * times[1, :studies]).tolist()}})


def test_looks_stop_at_the_first_separable_one() -> None:
    first = next(n for n in (3, 5, 7, 10, 15, 20) if look(looks(1.3, n), "a", "b").separable)
    later = look(looks(1.3, 20), "a", "b")
    assert later.separable and later.look == first and later.next_look is None
    assert (later.ratio, later.p) == (look(looks(1.3, first), "a", "b").ratio, look(looks(1.3, first), "a", "b").p)
    assert later.reading is Reading.TIME_TO_TARGET and "times as fast as b" in look_sentence(later)
    assert f"separable at {first} studies." in look_sentence(later)


def test_a_look_names_the_next_number_of_studies_and_the_last_one_a_detectable_ratio() -> None:
    assert look(looks(1.0, 2), "a", "b").next_look == 3
    assert look(looks(1.0, 6), "a", "b").next_look == 7
    last = look(looks(1.0, 20), "a", "b")
    assert last.next_look is None and not last.separable and last.detectable is not None and last.detectable > 1
    assert "not separable by times to the target at 20 studies; a ratio of" in look_sentence(last)
    assert "80 % power" in look_sentence(last)


def saved_looks(gain: float, studies: int, workloads: int = 2, track: str = "schedule") -> pd.DataFrame:
    generator = np.random.default_rng(3)
    noise = generator.normal(0, 0.1, (workloads, 2, 20))
    values = {
        name: {f"w{k}": (shift + noise[k, i, :studies]).tolist() for k in range(workloads)}
        for i, (name, shift) in enumerate({"a": gain, "b": 0.0}.items())
    }
    horizons = ruleset(track).horizons
    frames = [race(values, horizon=h, status="missed").assign(trial=i) for i, h in enumerate(horizons)]
    return on_a_board(pd.concat(frames, ignore_index=True), track=track)


@pytest.mark.parametrize("track", ["schedule", "budget"])
def test_records_with_rulers_are_looked_at_by_compute_saved_with_or_without_a_target(track: str) -> None:
    first = next(n for n in LOOKS if look(saved_looks(0.2, n, track=track), "a", "b").separable)
    later, then = (look(saved_looks(0.2, n, track=track), "a", "b") for n in (20, first))
    assert 3 < first < 20 and (later.look, later.studies, later.next_look) == (first, 20, None)
    assert (later.ratio, later.low, later.high, later.p) == (then.ratio, then.low, then.high, then.p)
    assert later.p is not None and later.p <= 0.05 / 6
    pair = compare_both(saved_looks(0.2, first, track=track), "a", "b").saved.pair
    assert (later.ratio, later.p) == (pytest.approx(pair.ratio), pytest.approx(pair.p))
    assert later.low is not None and later.low < pair.low < pair.high < (later.high or 0)
    assert later.reading is Reading.COMPUTE_SAVED
    assert look_sentence(later).startswith(f"a has a speed-up of {later.ratio:.2f} over b [")
    assert look_sentence(look(saved_looks(-0.2, 20, track=track), "a", "b")).startswith("b has a speed-up of ")


def test_a_look_by_compute_saved_that_does_not_separate_says_what_it_would_have_found() -> None:
    assert look(saved_looks(0.0, 2), "a", "b").next_look == 3
    waiting = look(saved_looks(0.0, 6), "a", "b")
    assert (waiting.look, waiting.next_look) == (5, 7)
    assert "not separable by compute saved at 6 studies; the next look is at 7" in look_sentence(waiting)
    last = look(saved_looks(0.0, 20), "a", "b")
    assert last.next_look is None and last.detectable is not None and last.detectable > 1
    assert f"at 20 studies; a speed-up of {last.detectable:.2f} would have been found with 80 % power" in look_sentence(last)


def test_a_look_by_compute_saved_needs_four_workloads_on_which_the_two_differ() -> None:
    trials = saved_looks(0.5, 7, workloads=5)
    assert look(trials, "a", "b").separable
    same = trials["workload"].isin(["w0", "w1"]) & (trials["submission"] == "a")
    trials.loc[same, "curve"] = trials.loc[
        trials["workload"].isin(["w0", "w1"]) & (trials["submission"] == "b"), "curve"
    ].tolist()
    apart = look(trials, "a", "b")
    assert apart.p is not None and apart.p <= 0.05 / 6 and not apart.separable


def test_on_seconds_a_look_uses_the_costs_of_its_own_studies_alone() -> None:
    trials = saved_looks(0.1, 20)
    failed = (trials["submission"] == "a") & (trials["study"] == 1)
    trials.loc[failed, ["status", "complete"]] = ["failed", False]
    trials.loc[trials["study"] >= 3, "end_seconds"] *= 9
    early = look(trials[trials["study"] < 3], "a", "b", clock="seconds")
    assert early.look == 3 and early.ratio is not None
    with_next = look(trials[trials["study"] < 4], "a", "b", clock="seconds")
    assert (with_next.studies, with_next.ratio, with_next.p) == (4, early.ratio, early.p)


def test_pruned_trials_are_looked_at_by_times_and_without_a_target_not_at_all() -> None:
    trials = saved_looks(0.2, 3)
    trials.loc[0, "status"] = "pruned"
    assert look(trials, "a", "b").reading is Reading.TIME_TO_TARGET
    bare = saved_looks(0.2, 3, track="budget")
    with pytest.raises(BadInput, match="has no target, and these records carry no ruler"):
        look(bare.assign(facts=[{}] * len(bare)), "a", "b")
    with pytest.raises(BadInput, match="no clock 'hours'"):
        look(saved_looks(0.2, 3), "a", "b", clock="hours")
