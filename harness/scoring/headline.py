"""The speed-up column of a board: from the ruler where the records carry one, else from times to the target."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from harness.records import Status
from harness.rules import Reading, Track
from harness.scoring.board_parts import Pair, Ratio, RowSpeedUp, WorkloadRatio
from harness.scoring.compute_saved import ComputeSaved, RankRange, SpeedUp, SpeedUpPair, compute_saved
from harness.scoring.log_times import log_times
from harness.scoring.pairs import all_pairs
from harness.scoring.rulers import rulers_of
from harness.scoring.rules import ScoringRules
from harness.scoring.scored import Scored
from harness.scoring.speed import Contrast, contrast


@dataclass(frozen=True)
class Headline:
    """The reading that a board ranks and compares by.

    Attributes:
        saved: the reading off the ruler; None where times to the target are read instead.
        why_not: why there is no reading off the ruler, in words; "" where there is one.
        speed_ups: submission -> its speed-up over the baseline.
        pairs: all pairs of the board.
    """

    saved: ComputeSaved | None
    why_not: str
    speed_ups: Mapping[str, RowSpeedUp]
    pairs: tuple[Pair, ...]

    @property
    def has_speed_ups(self) -> bool:
        """Whether there are speed-ups off the ruler to rank by."""
        return self.saved is not None and bool(self.saved.speed_ups)

    def ranks_by_speed_up(self, rules: ScoringRules) -> bool:
        """Return whether a board ranks by speed-ups off the ruler: there are some, and nothing else is asked for."""
        return self.has_speed_ups and rules.rank_by == "speedup"

    def speed_up_ranks(self, names: Collection[str]) -> dict[str, RankRange]:
        """Return the ranks of these submissions by speed-up; one without a trial on a workload with a ruler comes last."""
        known = self.saved.ranks if self.saved is not None else {}
        return {name: known.get(name, RankRange(len(names), 1, len(names))) for name in names}


def headline(scored: Scored) -> Headline:
    """Return the reading of a board: off its rulers if there are any and all trials are complete, else times to the target."""
    if scored.rules.score_only:
        return Headline(None, "", {name: RowSpeedUp() for name in scored.submissions}, ())
    asked = "--legacy-speedup asks for AlgoPerf's speed-up" if scored.rules.legacy_speedup else ""
    reading = off_rulers(scored.trials, scored.track, scored.rules) if not asked else Headline(None, asked, {}, ())
    if reading.saved is None:
        return replace(reading, speed_ups=_of_times(scored), pairs=all_pairs(scored.study_times))
    return reading


def off_rulers(trials: pd.DataFrame, track: Track, rules: ScoringRules) -> Headline:
    """Return the reading off the rulers that the records carry; where there is none, only the reason.

    Args:
        trials: from `checked`.
        track: under which they ran.
        rules: of them the clock and the baseline.
    """
    why_not = why_no_ruler_reading(trials, track)
    if why_not:
        return Headline(None, why_not, {}, ())
    saved = compute_saved(trials, rulers_of(trials), track.horizons_in_budgets, clock=rules.clock, baseline=rules.baseline)
    own = {name: _of_saved(speed_up, saved) for name, speed_up in saved.speed_ups.items()}
    speed_ups = {name: own.get(name, RowSpeedUp()) for name in sorted(set(trials["submission"]))}
    return Headline(saved, "", speed_ups, tuple(as_pair(pair) for pair in saved.pairs))


def why_no_ruler_reading(trials: pd.DataFrame, track: Track) -> str:
    """Return why trials are not read off a ruler; "" if they are."""
    if Reading.COMPUTE_SAVED not in track.reads:
        return f"{track.title} is read by times to the target"
    if not rulers_of(trials):
        return "these records carry no ruler"
    stopped = (trials["status"] == Status.REACHED) & ~trials["complete"].astype(bool) & (trials.get("ended_as", "") == "")
    cut = int(((trials["status"] == Status.PRUNED) | stopped).sum())
    if cut:
        number = "1 trial was" if cut == 1 else f"{cut} trials were"
        return f"{number} pruned: `timetrial run` without --prune runs them to their ends"
    return ""


def _of_saved(speed_up: SpeedUp, saved: ComputeSaved) -> RowSpeedUp:
    """Return the speed-up of one row; the baseline's is 1 by definition."""
    low, high = speed_up.interval or (None, None)
    alone = speed_up.submission == speed_up.baseline
    error = saved.ruler_errors.get(speed_up.submission, math.nan)
    return RowSpeedUp(
        value=speed_up.ratio,
        low=1.0 if alone else low,
        high=1.0 if alone else high,
        bound="" if alone else speed_up.mark,
        limited=speed_up.limited,
        studies=speed_up.studies,
        over=speed_up.width,
        horizons=ratios_at_horizons(speed_up),
        workloads={label: WorkloadRatio(own.ratio, bound=own.mark) for label, own in speed_up.workloads.items()},
        like_these=speed_up.like_these,
        ruler_error=None if math.isnan(error) else error,
        borrowed=speed_up.borrowed,
    )


def ratios_at_horizons(speed_up: SpeedUp) -> dict[float, Ratio]:
    """Return horizon in budgets -> speed-up there with its interval."""
    return {h: Ratio(ratio, *(interval or (None, None))) for h, (ratio, interval) in speed_up.by_horizon.items()}


def as_pair(pair: SpeedUpPair) -> Pair:
    """Return a pair by compute saved in the form that boards print."""
    speed_up, better = pair.speed_up, pair.better_interval
    low, high = speed_up.interval or (None, None)
    return Pair(
        a=pair.a,
        b=pair.b,
        ratio=speed_up.ratio,
        low=low,
        high=high,
        bound=speed_up.mark,
        p=pair.p,
        p_holm=pair.p_holm,
        separable=pair.separable,
        faster=pair.better,
        faster_low=better[0] if better else None,
        faster_high=better[1] if better else None,
        workloads={
            label: WorkloadRatio(own.ratio, *pair.wins[label], bound=own.mark) for label, own in speed_up.workloads.items()
        },
        limited=speed_up.limited,
        studies=speed_up.studies,
        differing=pair.differing,
        p_without_one=pair.p_without_one,
        rests_on=pair.rests_on,
    )


def _of_times(scored: Scored) -> dict[str, RowSpeedUp]:
    """Return the speed-ups by time to the target; none without a baseline, or where neither side reached a target."""
    names, baseline = scored.submissions, scored.rules.baseline
    if baseline not in names:
        return {name: RowSpeedUp() for name in names}
    times = log_times(scored.study_times, legacy=scored.rules.legacy_speedup, clock=scored.rules.clock)
    result = {}
    for i, name in enumerate(names):
        against = contrast(times, i, names.index(baseline))
        if name == baseline:
            result[name] = RowSpeedUp(1.0, 1.0, 1.0)
        elif not against.smallest or not against.decided:
            result[name] = RowSpeedUp()
        else:
            result[name] = _of_contrast(against, scored.workloads)
    return result


def _of_contrast(against: Contrast, workloads: Sequence[str]) -> RowSpeedUp:
    """Return the speed-up by time to the target in the form that boards print."""
    interval = against.estimate.interval()
    ratios = zip(workloads, against.by_workload.tolist(), against.bounds, strict=True)
    return RowSpeedUp(
        value=math.exp(against.estimate.value),
        low=math.exp(interval[0]) if interval else None,
        high=math.exp(interval[1]) if interval else None,
        bound=against.bound,
        limited=against.missed,
        studies=against.studies,
        over=against.width,
        workloads={w: WorkloadRatio(None if math.isnan(log) else math.exp(log), bound=bound) for w, log, bound in ratios},
        floor=against.floor,
    )
