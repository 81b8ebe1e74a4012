"""`timetrial compare A B`: two submissions, paired, unadjusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from harness.contracts import BadInput, did_you_mean
from harness.pruning import FORECAST, SCORE_ONLY
from harness.records import CLOCKS, plain
from harness.scoring.board_parts import Pair
from harness.scoring.canonical import canonical_studies, checked, exact_on, run_clock
from harness.scoring.pairs import LEVEL, pair
from harness.scoring.pool import Pool, build_pool
from harness.scoring.sentences import pruning_labels
from harness.scoring.speed import log_times


@dataclass(frozen=True)
class Comparison:
    """Two submissions compared.

    Attributes:
        pair: ratio, interval, unadjusted p, frequency, per-workload ratios.
        clock: what was compared.
        times: {workload: (times of a, times of b)}, in the order of studies; inf missed, NaN missing.
        sentence: the result in words.
        notes: plain sentences.
    """

    pair: Pair
    clock: str
    times: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    sentence: str
    notes: tuple[str, ...]


def compare(trials: pd.DataFrame, a: str, b: str, *, clock: str = "examples") -> Comparison:
    """Return the paired comparison of submissions `a` and `b` over the workloads that both ran.

    Args:
        trials: what `harness.load_results` returns, of one track and suite; budgets are read from all of them.
        a, b: names of submissions.
        clock: "examples", "seconds" or "steps".

    Raises:
        BadInput: an unknown clock or submission, or the same one twice.
    """
    trials = checked(trials)
    kinds = set(trials["pruned_by"]) if "pruned_by" in trials.columns else set()
    if SCORE_ONLY in kinds:
        raise BadInput("these trials were pruned by --prune score-only, which leaves no tests: run the same command without it")
    pool = pool_of_two(trials, a, b, clock)
    found = pair(pool, log_times(pool), *(pool.submissions.index(name) for name in (a, b)))
    lines = ["This is one comparison, chosen by you: p is not adjusted for others. The board's pairs are (Holm)."]
    if FORECAST in kinds:
        lines += pruning_labels(kinds, int((trials["pruned_by"] == FORECAST).sum())).values()
    if not pool.paired:
        lines.append(
            "Studies share no seeds between submissions: variances add, and the frequency is over all pairs of studies."
        )
    if not exact_on(trials, clock):
        lines.append(f"Trials were pruned on the {run_clock(str(trials['track'].iloc[0]))} clock: {clock} are upper bounds.")
    alone = [w for w, ratio in found.workloads.items() if ratio.ratio is None]
    if alone:
        lines.append(f"Without a common study: {', '.join(alone)}.")
    rows = {name: pool.submissions.index(name) for name in (a, b)}
    times = {w: (tuple(pool.times[w][rows[a]].tolist()), tuple(pool.times[w][rows[b]].tolist())) for w in pool.workloads}
    return Comparison(found, clock, times, sentence(found), tuple(lines))


def pool_of_two(trials: pd.DataFrame, a: str, b: str, clock: str) -> Pool:
    """Return the pool of two submissions, budgets as of all `trials` (from `checked`).

    Raises:
        BadInput: an unknown clock or submission, the same one twice, or no base workload.
    """
    if clock not in CLOCKS:
        raise BadInput(f"there is no clock '{clock}'{did_you_mean(clock, CLOCKS)}")
    known = sorted(set(trials["submission"]))
    for name in (a, b):
        if name not in known:
            raise BadInput(f"there are no results of '{name}'{did_you_mean(name, known)}")
    if a == b:
        raise BadInput(f"'{a}' cannot be compared with itself: name two submissions")
    pool = build_pool(trials, canonical_studies(trials, clock, pruned_by=(FORECAST,)), clock)
    for name in known:
        if name not in (a, b):
            pool = pool.without_submission(name)
    return pool.with_workloads([w for w in pool.workloads if pool.count(w).all()])


def sentence(found: Pair) -> str:
    """Return the result of a comparison in one sentence."""
    if found.ratio is None:
        return f"{found.a} and {found.b} have no study of a workload in common."
    first, second, ratio, low, high = found.a, found.b, found.ratio, found.low, found.high
    if ratio < 1:
        first, second, ratio = second, first, 1 / ratio
        low, high = (None if high is None else 1 / high), (None if low is None else 1 / low)
    sign = {"≤": "≥", "≥": "≤"}.get(found.bound, found.bound) if first != found.a else found.bound
    text = (
        f"{first} is {sign}{ratio:.2f} times as fast as {second}"
        if not math.isclose(ratio, 1)
        else f"{first} is as fast as {second}"
    )
    if low is None or high is None or found.p is None:
        return f"{text}; too few studies for an interval (3 at least)."
    verdict = "separable" if found.p <= LEVEL else "not separable"
    return f"{text} [{low:.2f}, {high:.2f}], p = {found.p:.2g}: {verdict}."


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as strict JSON types, null for infinite or unavailable."""
    value: dict[str, Any] = plain(asdict(comparison))
    return value
