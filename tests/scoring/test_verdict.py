"""The verdict stays one sentence, however many submissions miss targets."""

import math
from dataclasses import replace
from types import SimpleNamespace

from harness.scoring.board_parts import RowSpeedUp
from harness.scoring.sentences import speed_verdict, verdict


def row(name, rank, missed):
    times = {w: math.inf if w in missed else 1.0 for w in "abc"}
    cells = {w: SimpleNamespace(time=time, unknown=False, failure="") for w, time in times.items()}
    reached = 3 - len(missed)
    return SimpleNamespace(
        name=name, rank=rank, cells=cells, targets_reached=reached, score=reached / 3, score_low=None, score_high=None
    )


def test_the_verdict_lists_every_miss_where_there_are_few():
    text = verdict([row("x", 1, ""), row("y", 2, "a"), row("z", 3, "ab")], [], "abc", "score", "x")
    assert text == "x leads with score 1.000; y misses a; z misses a and b."


def test_of_many_submissions_with_misses_the_verdict_lists_the_best_and_counts_the_others():
    missed = ("a", "b", "c", "ab", "ac", "bc", "ab")
    rows = [row("x", 1, ""), *(row(f"y{place}", place + 2, what) for place, what in enumerate(missed))]
    text = verdict(rows, [], "abc", "score", "x")
    assert "y2 misses c; y3 and y6 miss a and b; 2 more submissions miss some targets." in text


def saved(name, rank, value, low=None, high=None, **more):
    return SimpleNamespace(name=name, rank=rank, speed_up=RowSpeedUp(value=value, low=low, high=high, over=12, **more))


def pair(a, b, ratio, *, separable, p=0.001, rests_on=""):
    return SimpleNamespace(a=a, b=b, ratio=ratio, separable=separable, p=p, rests_on=rests_on)


def replace_studies(row, studies):
    return SimpleNamespace(name=row.name, rank=row.rank, speed_up=replace(row.speed_up, studies=studies))


ROWS = [saved("rex", 1, 1.106, 1.09, 1.122), saved("linear", 2, 1.06), saved("cosine", 3, 1.0, 1.0, 1.0)]


def test_the_verdict_by_compute_saved_says_what_the_baseline_needs_and_how_sure_that_is():
    apart = [pair("linear", "rex", 0.96, separable=True), pair("cosine", "rex", 0.9, separable=True)]
    head = "rex leads: cosine needs 11 % more compute to get as far (95 % interval: 9 to 12 %)"
    assert speed_verdict(ROWS, apart, "cosine") == f"{head}, and the lead over each of the 2 others is more than chance."
    near = [pair("linear", "rex", 0.96, separable=False), apart[1]]
    together = "but with all 2 pairs tested together the lead over"
    assert speed_verdict(ROWS, near, "cosine") == f"{head}, {together} linear may be chance."
    nobody = [pair("linear", "rex", 0.96, separable=False), pair("cosine", "rex", 0.9, separable=False)]
    assert speed_verdict(ROWS, nobody, "cosine") == f"{head}, {together} each of the others may be chance."
    resting = [near[0], pair("cosine", "rex", 0.9, separable=False, rests_on="digits")]
    on_one = "over cosine rests on one workload, digits."
    assert speed_verdict(ROWS, resting, "cosine") == f"{head}, {together} linear may be chance, and that {on_one}"
    assert speed_verdict(ROWS, [apart[0], resting[1]], "cosine") == f"{head}, but the lead {on_one}"
    few = [pair("linear", "rex", 0.96, separable=False, p=None), pair("cosine", "rex", 0.9, separable=False, p=None)]
    assert speed_verdict(ROWS, few, "cosine").endswith("there are too few studies to say whether that is more than chance.")
    level = [replace_studies(row, 36) for row in ROWS]
    assert speed_verdict(level, few, "cosine").endswith(
        "the studies differ too little to say whether that is more than chance."
    )
    assert "needs 11 % more training time to get as far" in speed_verdict(ROWS, apart, "cosine", clock="seconds")


def test_the_verdict_says_that_the_baseline_leads_and_where_limits_take_part():
    behind = [saved("cosine", 1, 1.0), saved("step", 2, 0.6)]
    text = speed_verdict(behind, [pair("cosine", "step", 1.6, separable=True)], "cosine")
    assert (
        text
        == "cosine leads: no other submission gets further with the same compute, and the lead over step is more than chance."
    )
    limited = [saved("rex", 1, 2.5, bound="≥"), saved("cosine", 2, 1.0)]
    assert speed_verdict(limited, [], "cosine") == "rex leads: cosine needs at least 2.50 times the compute to get as far."


def test_where_the_baseline_shares_the_first_rank_nobody_gets_further():
    tied = [saved("cosine", 1, 1.0), saved("level", 1, 1.0), saved("step", 3, 0.6)]
    assert speed_verdict(tied, [], "cosine").startswith("cosine and level lead: no other submission gets further with the same")


def test_a_row_over_fewer_workloads_does_not_lead_but_is_named_where_it_is_ahead():
    part = SimpleNamespace(name="new", rank=1, speed_up=RowSpeedUp(value=1.4, over=3))
    pairs = [pair("new", "rex", 1.3, separable=True), pair("cosine", "rex", 0.9, separable=True)]
    text = speed_verdict([part, ROWS[0], ROWS[2]], pairs, "cosine")
    assert ", and the lead over cosine is more than chance, and new is ahead" in text
    assert text.startswith("rex leads: ") and text.endswith("and new is ahead on the workloads that both ran.")
