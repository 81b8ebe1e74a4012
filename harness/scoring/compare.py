"""Two submissions against each other on common studies, without adjustment for other comparisons (`timetrial compare`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from harness.contracts.errors import BadInput, did_you_mean
from harness.pruning import SCORE_ONLY
from harness.scoring.board_parts import Pair
from harness.scoring.canonical import canonical_studies
from harness.scoring.failures import cell_failures
from harness.scoring.log_times import log_times
from harness.scoring.pairs import LEVEL, pair
from harness.scoring.rules import ScoringRules
from harness.scoring.scored import pinned_baseline
from harness.scoring.sentences import budget_notes, listed
from harness.scoring.speed import Contrast, contrast
from harness.scoring.study_times import StudyTimes, build_study_times
from harness.scoring.trial_table import checked, exact_on, track_of

UNADJUSTED = (
    "You chose this one comparison, so p is not adjusted for others; on the board, p is adjusted over all pairs (Holm)."
)

NO_INTERVAL = "an interval needs at least 3 common studies per workload, and studies that differ"
"""Why a sentence has none."""

AT = {"": "", "≤": "at most ", "≥": "at least ", "~": "about "}
"""Words before a ratio by its bound."""


@dataclass(frozen=True)
class Comparison:
    """Two submissions compared.

    Attributes:
        pair: ratio, interval, unadjusted p, frequency, per-workload ratios.
        clock: on which clock.
        times: {workload: (times of a, times of b)}, in the order of studies; inf where missed, NaN where missing.
        sentence: the result in one sentence.
        notes: what a reader must know beside it, in plain sentences.
        failures: {workload: (what the median of a is called if it is infinite, and that of b)}: the status that most trials
            have if it is a failure or divergence, "" for a miss.
    """

    pair: Pair
    clock: str
    times: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    sentence: str
    notes: tuple[str, ...]
    failures: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def compare(trials: pd.DataFrame, a: str, b: str, *, clock: str = "examples") -> Comparison:
    """Return the paired comparison of submissions `a` and `b` over the workloads that both ran.

    Args:
        trials: what `harness.results.read_trials` returns, of one track and suite; budgets are read from all of them.
        a, b: names of submissions.
        clock: "examples", "seconds" or "steps".

    Raises:
        BadInput: an unknown clock or submission, or the same one twice.
    """
    trials = checked(trials)
    pruned_by = set(trials["pruned_by"]) if "pruned_by" in trials.columns else set()
    if SCORE_ONLY in pruned_by:
        raise BadInput(
            "these trials were pruned by --prune score-only, after which nothing can be tested: run them again without it"
        )
    study_times = study_times_of_two(trials, a, b, clock)
    both = [study_times.submissions.index(name) for name in (a, b)]
    difference = contrast(log_times(study_times), *both)
    result = pair(study_times, difference, *both)
    lines = [
        *((UNADJUSTED,) if result.p is not None else ()),
        *_unpaired(study_times, difference),
        *budget_notes(study_times, clock),
    ]
    if not exact_on(trials, clock):
        lines.append(f"Trials were pruned on the {track_of(trials).clock} clock, so times in {clock} are upper bounds.")
    budgets = study_times.budgets
    alone = [w for w, ratio in result.workloads.items() if ratio.ratio is None and math.isfinite(budgets.of(w))]
    if alone:
        lines.append(f"The two have no study in common on {', '.join(alone)}.")
    times, failures = {}, {}
    named = cell_failures(canonical_studies(trials[trials["submission"].isin([a, b])], ScoringRules(clock)))
    for workload in study_times.workloads:
        of_a, of_b = (tuple(study_times.times[workload][i].tolist()) for i in both)
        times[workload] = of_a, of_b
        failures[workload] = named[a, workload][0], named[b, workload][0]
    return Comparison(result, clock, times, sentence(result), tuple(lines), failures)


def _unpaired(study_times: StudyTimes, difference: Contrast) -> list[str]:
    added = "the variances of both are added, and the share of faster studies is over all pairs of studies."
    if not study_times.paired:
        return [f"Studies share no seeds between submissions, so they are not paired: {added}"]
    apart = [w for w, paired in zip(study_times.workloads, difference.paired, strict=True) if not paired]
    if not apart:
        return []
    return [f"Studies of {listed(apart)} ran on different machine types, so there they are not paired: {added}"]


def study_times_of_two(trials: pd.DataFrame, a: str, b: str, clock: str) -> StudyTimes:
    """Return the study times of two submissions.

    What a miss is charged is read from all `trials` (from `checked`): where the rules state no budget on this clock, from
    the costs of the track's baseline, or of `b` where that did not run.

    Raises:
        BadInput: an unknown clock or submission, the same one twice, or no base workload.
    """
    known = check_two(trials, a, b)
    baseline = pinned_baseline(track_of(trials), known)
    rules = ScoringRules(clock, baseline=baseline if baseline in known else b)
    study_times = build_study_times(trials, canonical_studies(trials, rules), rules)
    for name in known:
        if name not in (a, b):
            study_times = study_times.without_submission(name)
    return study_times.with_workloads([w for w in study_times.workloads if study_times.count(w).all()])


def check_two(trials: pd.DataFrame, a: str, b: str) -> list[str]:
    """Return the names of all submissions, after a check that two different ones of them are compared.

    Raises:
        BadInput: an unknown submission, or the same one twice.
    """
    known = sorted(set(trials["submission"]))
    for name in (a, b):
        if name not in known:
            raise BadInput(f"there are no results of '{name}'{did_you_mean(name, known)}")
    if a == b:
        raise BadInput(f"'{a}' cannot be compared with itself: name two submissions")
    return known


def sentence(result: Pair) -> str:
    """Return the result of a comparison in one sentence, the faster one first."""
    if result.ratio is None:
        return f"{result.a} and {result.b} have no study in common on a workload with a budget."
    if result.ratio < 1:
        return sentence(result.flipped())
    text = f"{result.a} is {AT[result.bound]}{result.ratio:.2f} times as fast as {result.b}"
    if math.isclose(result.ratio, 1):
        text = f"{result.a} is as fast as {result.b}"
    missed = ""
    if result.limited and result.floor is not None:
        missed = (
            f"; a miss takes part in {result.limited} of {result.studies} studies, and had {result.a} never reached, the ratio "
            f"would be {result.floor:.2f}"
        )
    if result.low is None or result.high is None or result.p is None:
        return f"{text}; {NO_INTERVAL}{missed}."
    verdict = "separable" if result.separable else "not separable"
    if result.p <= LEVEL and not result.separable:
        verdict += f", because either reached on {result.differing} workloads only"
    return f"{text} [{result.low:.2f}, {result.high:.2f}], p = {result.p:.2g}: {verdict}{missed}."
