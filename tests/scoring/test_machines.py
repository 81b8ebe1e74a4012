"""Studies are paired only within one machine type, and resampled apart across them."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.scoring import compare, score_board
from harness.scoring.canonical import canonical_studies
from harness.scoring.resampling import can_enumerate, random_resample
from harness.scoring.rules import ScoringRules
from harness.scoring.study_times import StudyTimes, build_study_times
from harness.scoring.trial_table import checked
from tests.scoring.frames import from_times

X, Y = [110.0, 300.0, 170.0, 240.0, 205.0], [250.0, 420.0, 330.0, 410.0, 300.0]
TABLE = {"a": {"w": X}, "b": {"w": Y}, "c": {"w": [2 * x for x in X]}}


def on(trials: pd.DataFrame, machines: dict[str, str]) -> pd.DataFrame:
    return trials.assign(machine_type=trials["submission"].map(machines))


def times_of(trials: pd.DataFrame) -> StudyTimes:
    trials, rules = checked(trials), ScoringRules(baseline="a")
    return build_study_times(trials, canonical_studies(trials, rules), rules)


def test_two_submissions_of_different_machine_types_are_compared_unpaired_and_it_says_so() -> None:
    trials = on(from_times(TABLE), {"a": "epyc", "b": "xeon", "c": "epyc"})
    apart, together = compare(trials, "a", "b"), compare(trials, "a", "c")
    assert apart.pair.p == pytest.approx(stats.ttest_ind(np.log(X), np.log(Y), equal_var=False).pvalue)
    assert apart.pair.faster == pytest.approx(1 - stats.mannwhitneyu(X, Y).statistic / 25)
    assert any("different machine types" in note for note in apart.notes)
    assert together.pair.ratio == pytest.approx(2) and together.pair.faster == 1
    assert together.pair.p == compare(from_times(TABLE), "a", "c").pair.p
    assert not any("machine type" in note for note in together.notes)
    board = score_board(trials, ScoringRules(baseline="a"))
    assert {(p.a, p.b): p.p for p in board.pairs}["a", "b"] == apart.pair.p
    assert any("several machine types (epyc and xeon)" in note for note in board.notes)
    assert not any("machine type" in note for note in score_board(from_times(TABLE), ScoringRules(baseline="a")).notes)


def test_types_that_are_not_stated_count_as_one() -> None:
    trials = from_times(TABLE)
    plain = compare(trials, "a", "b").pair
    for unknown in ("", None):
        assert compare(trials.assign(machine_type=unknown), "a", "b").pair == plain


def test_workloads_are_paired_each_on_its_own() -> None:
    trials = from_times({"a": {"v": X, "w": X}, "b": {"v": Y, "w": Y}})
    elsewhere = (trials["submission"] == "b") & (trials["workload"] == "w")
    found = compare(trials.assign(machine_type=elsewhere.map({True: "xeon", False: "epyc"})), "a", "b")
    x, y = np.log(X), np.log(Y)
    paired, summed = np.var(y - x, ddof=1) / 5, (np.var(x, ddof=1) + np.var(y, ddof=1)) / 5
    assert paired < summed
    freedom = (paired + summed) ** 2 / ((paired**2 + np.var(x, ddof=1) ** 2 / 25 + np.var(y, ddof=1) ** 2 / 25) / 4)
    p = 2 * stats.t.sf(abs((y - x).mean()) / (math.sqrt(paired + summed) / 2), freedom)
    assert found.pair.p == pytest.approx(p, rel=1e-6)
    assert next(note for note in found.notes if "machine types" in note).startswith("Studies of w ran")
    wins = found.pair.workloads["v"], found.pair.workloads["w"]
    assert [w.wins + w.losses + w.ties for w in wins] == [5, 25]
    shares = [(w.wins + w.ties / 2) / (w.wins + w.losses + w.ties) for w in wins]
    assert found.pair.faster == pytest.approx(sum(shares) / 2)


def test_submissions_of_one_type_are_resampled_together_and_those_of_another_apart() -> None:
    mixed = times_of(on(from_times(TABLE), {"a": "epyc", "b": "xeon", "c": "epyc"}))
    one = times_of(from_times(TABLE))
    assert can_enumerate(one, "w") and not can_enumerate(mixed, "w")
    assert mixed.groups("w") == {"epyc": [0, 2], "xeon": [1]}
    drawn = random_resample(mixed, "w").times
    assert (drawn[2] == 2 * drawn[0]).all()
    together, apart = (np.corrcoef(random_resample(times, "w").times[:2])[0, 1] for times in (one, mixed))
    assert together > 0.7 and abs(apart) < 0.1
    own = np.sort(random_resample(one, "w").times[0])
    assert np.quantile(drawn[0], [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(own, [0.1, 0.5, 0.9]))


def test_a_missing_study_takes_nobody_out_of_its_group() -> None:
    trials = on(from_times({"a": {"w": X}, "b": {"w": [math.nan, *Y[1:]]}, "c": {"w": Y}}), {"a": "e", "b": "e", "c": "x"})
    assert times_of(trials).groups("w") == {"e": [0, 1], "x": [2]}


def test_studies_on_several_types_belong_together_only_where_equal_studies_ran_on_equal_types() -> None:
    trials = from_times(TABLE)
    types = {"a": "eexxx", "b": "eexxx", "c": "xxeee"}
    spread = [types[name][study] for name, study in zip(trials["submission"], trials["study"], strict=True)]
    assert sorted(times_of(trials.assign(machine_type=spread)).groups("w").values()) == [[0, 1], [2]]
    assert compare(trials.assign(machine_type=spread), "a", "b").pair.p == compare(trials, "a", "b").pair.p
