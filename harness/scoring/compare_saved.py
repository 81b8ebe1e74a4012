"""Two submissions against each other by both readings of their trials (`timetrial compare`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from harness.canonical import plain
from harness.rules import Track
from harness.scoring.board_parts import Pair, Ratio
from harness.scoring.compare import NO_INTERVAL, UNADJUSTED, Comparison, check_two, compare
from harness.scoring.compute_saved import one_pair
from harness.scoring.compute_saved.pairs import LEAST_WORKLOADS
from harness.scoring.headline import as_pair, ratios_at_horizons, why_no_ruler_reading
from harness.scoring.pairs import LEVEL
from harness.scoring.rulers import rulers_of
from harness.scoring.scored import pinned_baseline
from harness.scoring.sentences import protocol_notes, rests_on
from harness.scoring.trial_table import checked, track_of


@dataclass(frozen=True)
class SavedComparison:
    """Two submissions compared by compute saved.

    Attributes:
        pair: speed-up of `a` over `b`, interval, unadjusted p, frequency, per-workload speed-ups.
        horizons: horizon in budgets -> speed-up there.
        like_these: 95 % interval as if the workloads had been drawn at random.
        sentence: the result in one sentence.
    """

    pair: Pair
    horizons: Mapping[float, Ratio]
    like_these: tuple[float, float] | None
    sentence: str


def compare_saved(trials: pd.DataFrame, a: str, b: str, *, clock: str, track: Track) -> tuple[SavedComparison | None, str]:
    """Return the comparison of `a` and `b` by compute saved, or None and why there is none.

    Args:
        trials: from `checked`, of one track and suite.
        a, b: names of submissions that are among them.
        clock: "examples", "seconds" or "steps".
        track: under which they ran.
    """
    baseline = pinned_baseline(track, set(trials["submission"]))
    trials = trials[trials["submission"].isin([a, b, baseline])]
    why_not = why_no_ruler_reading(trials[trials["submission"].isin([a, b])], track)
    if why_not:
        return None, why_not
    found = one_pair(trials, rulers_of(trials), track.horizons_in_budgets, (a, b), clock=clock, baseline=baseline)
    pair = as_pair(found)
    return SavedComparison(
        pair, ratios_at_horizons(found.speed_up), found.speed_up.like_these, _sentence(pair, found.speed_up.width)
    ), ""


def _sentence(pair: Pair, width: int) -> str:
    """Return the result over `width` workloads in one sentence, the one that gains more first."""
    if pair.ratio is None:
        return f"{pair.a} and {pair.b} have no study of a workload with a ruler in common."
    if pair.ratio < 1:
        return _sentence(pair.flipped(), width)
    text = f"{pair.a} has a speed-up of {pair.bound}{pair.ratio:.2f} over {pair.b}"
    if math.isclose(pair.ratio, 1, rel_tol=1e-9):
        text = f"{pair.a} and {pair.b} gain the same"
    if pair.low is None or pair.high is None or pair.p is None:
        return f"{text}; {NO_INTERVAL}."
    verdict = "separable" if pair.separable else "not separable"
    if pair.rests_on:
        verdict += f", because the difference {rests_on(pair.rests_on)}"
    elif pair.p <= LEVEL and not pair.separable:
        verdict += (
            f", because they differ on {pair.differing} of {width} workloads, and {min(LEAST_WORKLOADS, width)} are needed"
        )
    return f"{text} [{pair.low:.2f}, {pair.high:.2f}], p = {pair.p:.2g}: {verdict}."


@dataclass(frozen=True)
class BothReadings:
    """Two submissions compared by compute saved and by times to the target.

    Attributes:
        clock: on which clock.
        saved: by compute saved; None where there is no such reading.
        why_not: why there is none, in words.
        times: by times to the target; None where their track has no target.
        notes: what a reader must know beside them, in plain sentences.
    """

    clock: str
    saved: SavedComparison | None
    why_not: str
    times: Comparison | None
    notes: tuple[str, ...]


def compare_both(trials: pd.DataFrame, a: str, b: str, *, clock: str = "examples") -> BothReadings:
    """Return the comparison of submissions `a` and `b` by both readings, over the workloads that both ran.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite, in any order.
        a, b: names of submissions.
        clock: "examples", "seconds" or "steps".

    Raises:
        BadInput: as `harness.scoring.compare`; or the trials were pruned by ``--prune score-only``.
    """
    trials = checked(trials)
    track = track_of(trials)
    check_two(trials, a, b)
    saved, why_not = compare_saved(trials, a, b, clock=clock, track=track)
    times = compare(trials, a, b, clock=clock) if track.targeted else None
    notes = times.notes if times is not None else ()
    if saved is not None and saved.pair.p is not None and UNADJUSTED not in notes:
        notes = (UNADJUSTED, *notes)
    return BothReadings(clock, saved, why_not, times, (*notes, *protocol_notes(trials)))


def comparison_json(both: BothReadings) -> dict[str, Any]:
    """Return the comparison as strict JSON types, null for infinite or unavailable.

    The keys of the times to the target (`pair`, `clock`, `times`, `sentence`, `notes`) are null where there is no target;
    `saved` has the reading by compute saved, null where there is none.
    """
    times: dict[str, Any] = asdict(both.times) if both.times else dict.fromkeys(("pair", "times", "sentence"))
    saved = asdict(both.saved) if both.saved else None
    value: dict[str, Any] = plain({**times, "clock": both.clock, "notes": both.notes, "saved": saved, "why_not": both.why_not})
    return value
