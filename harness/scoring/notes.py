"""What a reader of a board must know beside its numbers, in plain sentences and a fixed order."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from harness.pruning import SCORE_ONLY
from harness.rules import Reading
from harness.scoring.board_parts import Cell
from harness.scoring.cells import Cells
from harness.scoring.doubts import doubts
from harness.scoring.headline import Headline
from harness.scoring.scored import Scored
from harness.scoring.sentences import budget_notes, listed, protocol_notes, resting_lines
from harness.scoring.studies import SKIPPED, Study
from harness.scoring.study_times import StudyTimes

LEGACY = {
    "tie-rule": "a study's trial is chosen by evaluation index, not by time",
    "grid": "profiles are integrated on 100 points, not exactly",
    "speedup": "speed-ups compare medians over studies, charge a miss the budget and one second, and have no interval, "
    "while comparisons of pairs keep our rules",
}

HOURS_APART = 1.0
"""A machine is not equally fast all day, so seconds that were recorded further apart say less than their intervals."""


def pruning_labels(pruned_by: Collection[str]) -> dict[str, str]:
    """Return what a board must say of trials that something beside the safe rules stopped, one sentence or two per kind.

    Args:
        pruned_by: "score-only", or nothing.
    """
    labels = {}
    if SCORE_ONLY in pruned_by:
        labels[SCORE_ONLY] = (
            "Pruned with --prune score-only: the scores are exact, but there are no intervals, speed-ups or tests. The median "
            "of a cell marked “cut” is unknown; it can change no score, but more targets may be reached than the board counts."
        )
    return labels


def notes(scored: Scored, cells: Cells, reading: Headline) -> list[str]:
    """Return the notes of a board, those on pruning apart."""
    trials, study_times, clock = scored.trials, scored.study_times, scored.rules.clock
    lines = [
        *_options(scored),
        *doubts(trials),
        *protocol_notes(trials),
        *_machines(trials, clock),
        *_recorded_apart(trials, clock, scored.rules.baseline),
        *_few(study_times),
        *_missing(scored.studies),
        *_absent(scored, cells),
        *reading_notes(reading, scored.workloads, wanted=Reading.COMPUTE_SAVED in scored.track.reads),
    ]
    if not study_times.paired:
        lines.append("Studies share no seeds between submissions, so the studies of each submission are resampled separately.")
    if not scored.exact:
        lines.append(
            f"Trials were pruned on the {scored.track.clock} clock. On the {clock} clock a time marked ≤ is an upper bound, "
            "and scores and intervals that use it are not exact. Run without --prune for exact ones."
        )
    lines += [*_machine_types(trials, study_times), *(budget_notes(study_times, clock) if reading.saved is None else [])]
    alone = sorted({s.workload for s in scored.studies if s.held_out} - set(study_times.labels))
    if alone:
        lines.append(f"Held-out variants do not count where their base workload did not run: {listed(alone)}.")
    skipped = sorted({s.workload for s in scored.studies if not s.held_out} - set(study_times.workloads))
    if skipped:
        lines.append(f"Skipped for every submission, so not scored: {listed(skipped)}.")
    nobody = [w for w in study_times.workloads if all(math.isinf(cells[s, w].time) for s in study_times.submissions)]
    if nobody:
        lines.append(f"No submission reaches the target of {listed(nobody)}, which lowers every score alike.")
    return lines


def _options(scored: Scored) -> list[str]:
    lines = []
    if scored.rules.legacy:
        rules = "; ".join(LEGACY[name] for name in scored.rules.legacy)
        lines.append(f"Scored by AlgoPerf's published rules instead of ours: {rules}.")
    if scored.rules.from_reference:
        lines.append(f"From the reference result, not run here: {listed(scored.rules.from_reference)}.")
    for machine, reason in scored.rules.left_out:
        lines.append(f"Node {machine} of the cluster ran no trials, or no more: {reason}.")
    baseline = scored.rules.baseline
    if baseline not in scored.submissions:
        lines.append(
            f"The baseline {baseline} did not run, so there are no speed-ups and the board ranks by score: run it too, or "
            "choose another one with --baseline."
        )
    return lines


def _machines(trials: pd.DataFrame, clock: str) -> list[str]:
    if clock != "seconds":
        return []
    lines = []
    machines = sorted({str(m) for m in trials["machine"] if m})
    if len(machines) > 1:
        lines.append(
            f"The seconds come from {len(machines)} different machines ({listed(machines)}), so they are not comparable."
        )
    levels = sorted({int(c) for c in trials["concurrency"] if c is not None and not pd.isna(c)})
    if len(levels) > 1:
        lines.append(
            f"Some seconds were measured with {levels[0]} and some with up to {levels[-1]} trials at a time: trials that run "
            "together share caches and slow each other down."
        )
    return lines


def _recorded_apart(trials: pd.DataFrame, clock: str, baseline: str) -> list[str]:
    if clock != "seconds" or "created" not in trials.columns:
        return []
    when = pd.to_datetime(trials["created"], format="ISO8601", utc=True, errors="coerce")
    ended = when.groupby([trials["workload"], trials["study"], trials["submission"]]).max().unstack("submission")
    if baseline not in ended.columns:
        return []
    gaps = ended.sub(ended[baseline], axis=0).abs().median()
    names = sorted(str(name) for name in gaps.index[gaps > pd.Timedelta(hours=HOURS_APART)])
    if not names:
        return []
    return [
        f"The seconds of {listed(names)} were recorded more than an hour before or after those of {baseline}. A machine is not "
        "equally fast all the time, so their speed-ups may be off by a fifth: race them together, or read --clock examples."
    ]


def _machine_types(trials: pd.DataFrame, study_times: StudyTimes) -> list[str]:
    apart = [w for w in study_times.workloads if len(study_times.groups(w)) > 1]
    if not study_times.paired or not apart:
        return []
    types = sorted({str(kind) or "unknown" for kind in trials["machine_type"]})
    return [
        f"Studies of {listed(apart)} ran on several machine types ({listed(types)}): submissions are compared study by study "
        "only where both ran on the same type, else unpaired, and they are resampled apart."
    ]


def _few(study_times: StudyTimes) -> list[str]:
    most = max((n for w in study_times.workloads for n in study_times.count(w)), default=0)
    if most == 1:
        return ["There is only one study, so there are no intervals and every rank is possible."]
    if most == 2:
        return ["Two studies are too few for intervals: run at least 3, better 5."]
    even = sorted({w for w in study_times.workloads if any(n and n % 2 == 0 for n in study_times.count(w))})
    if not even:
        return []
    return [
        f"Even numbers of studies on {listed(even)}: if half of them miss, the median counts as missed. Odd numbers are better."
    ]


def _missing(studies: Sequence[Study]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for s in studies:
        if s.missing and s.reason != SKIPPED:
            reasons.setdefault(s.reason, []).append(f"{s.submission} on {s.workload} (study {s.study})")
    return [f"Missing until rerun, because {reason}: {listed(where)}." for reason, where in sorted(reasons.items())]


def _absent(scored: Scored, cells: Mapping[tuple[str, str], Cell]) -> list[str]:
    names: dict[tuple[str, bool], list[str]] = {}
    for name in scored.submissions:
        empty = [w for w in scored.workloads if not cells[name, w].studies]
        if empty:
            names.setdefault((listed(empty), not set(empty) & set(scored.optional)), []).append(name)
    return [
        f"{listed(who)} {'have' if len(who) > 1 else 'has'} no study of {which}: "
        + (
            "a workload without runs counts as unsolved, and comparisons of speed leave it out."
            if required
            else "compared only on the workloads that both sides ran, and without a score."
        )
        for (which, required), who in names.items()
    ]


def reading_notes(reading: Headline, workloads: Sequence[str], *, wanted: bool) -> list[str]:
    """Return what must be known of the speed-ups: why they are not read off a ruler, or what that leaves out.

    Args:
        reading: of the board.
        workloads: of the board.
        wanted: whether the board's track is read off rulers.
    """
    if reading.saved is None:
        return [f"No speed-ups off a ruler: {reading.why_not}."] if wanted and reading.why_not else []
    lines = []
    without = [w for w in workloads if w not in reading.saved.workloads]
    if without:
        lines.append(f"No ruler for {listed(without)}: speed-ups leave it out. `timetrial targets --only-rulers` measures one.")
    reasons: dict[str, list[str]] = {}
    for (name, workload, study), reason in sorted(reading.saved.absent.items()):
        reasons.setdefault(reason, []).append(f"{name} on {workload} (study {study})")
    lines += [f"Left out of the speed-ups, because {reason}: {listed(where)}." for reason, where in reasons.items()]
    lines += resting_lines(reading.pairs)
    errors = [own.ruler_error for own in reading.speed_ups.values() if own.ruler_error]
    if errors:
        lines.append(
            "The rulers, the reference recipe's curves that speed-ups are read off, come from a limited number of seeds: "
            f"others could move a speed-up by up to {max(errors):.1%} (standard error), which the intervals leave out."
        )
    borrowed = {name: own.borrowed for name, own in reading.speed_ups.items() if own.borrowed}
    lines += [
        f"No trial of {name} ran to its end on {listed(where)}: its cost per example there is the baseline's, or the others' "
        "median."
        for name, where in borrowed.items()
    ]
    return lines
