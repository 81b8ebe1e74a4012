"""The verdict stays one sentence, however many submissions miss targets."""

import math
from types import SimpleNamespace

from harness.scoring.sentences import verdict


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
