"""The verdict of a board in one sentence, names as prose, and what the protocol of its records says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from harness.records import PROTOCOL_VERSION, Status
from harness.scoring.board_parts import Pair, Row, RowSpeedUp
from harness.scoring.compute_saved.contrasts import ENOUGH_STUDIES
from harness.scoring.compute_words import UNITS, needs, needs_between
from harness.scoring.study_times import StudyTimes

MOST_LISTED = 5
"""Longer lists name this many and count the rest."""


def listed(names: Sequence[str]) -> str:
    """Return names as prose, at most five of them.

    >>> listed(["a", "b", "c"]), listed(list("abcdefg"))
    ('a, b and c', 'a, b, c, d, e and 2 more')
    """
    if len(names) > MOST_LISTED:
        return f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def protocol_notes(trials: pd.DataFrame) -> list[str]:
    """Return what a board must say of trials recorded under another protocol version than this version of timetrial's."""
    if "protocol" not in trials.columns or set(trials["protocol"]) == {PROTOCOL_VERSION}:
        return []
    counts = trials["protocol"].astype(int).value_counts().sort_index()
    if len(counts) == 1:
        return [f"Recorded under protocol {counts.index[0]}; this version of timetrial runs protocol {PROTOCOL_VERSION}."]
    parts = [f"protocol {version} ({count} {'trial' if count == 1 else 'trials'})" for version, count in counts.items()]
    return [f"Recorded under different protocols, so not exactly comparable: {listed(parts)}."]


def budget_notes(study_times: StudyTimes, clock: str) -> list[str]:
    """Return what a miss is charged on `clock` where the rules state no budget, and where nothing is known."""
    budgets, workloads = study_times.budgets, study_times.workloads
    lines = []
    priced = [w for w in workloads if w in budgets.priced]
    if priced:
        lines.append(
            f"The rules set no budget in {clock} on {listed(priced)}: a miss there is charged the budget in examples at the "
            f"median cost per example of {budgets.baseline}."
        )
    unknown = [w for w in workloads if math.isnan(budgets.of(w))]
    if unknown:
        lines.append(
            f"There is no budget in {clock} on {listed(unknown)}, since the rules state none and {budgets.baseline} ran no "
            "trial to its end there: so there is no time-to-target speed-up."
        )
    return lines


def verdict(
    rows: Sequence[Row],
    pairs: Sequence[Pair],
    workloads: Sequence[str],
    ranked_by: str,
    baseline: str,
    *,
    clock: str = "examples",
) -> str:
    """Return one sentence: which submission leads, by how much, and from whom it is separable."""
    if ranked_by == "speedup":
        return speed_verdict(rows, pairs, baseline, clock=clock)
    return _by_score(rows, pairs, workloads)


class _Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str: ...


class _SpeedRow(_Named, Protocol):
    """What a verdict needs of a row."""

    @property
    def rank(self) -> int: ...
    @property
    def speed_up(self) -> RowSpeedUp: ...


def speed_verdict(rows: Sequence[_SpeedRow], pairs: Sequence[Pair], baseline: str, *, clock: str = "examples") -> str:
    """Return one sentence: who leads by compute saved, what the baseline would need to get as far, and how sure that is.

    A row over fewer workloads than the others does not lead.
    """
    widest = max(row.speed_up.over for row in rows)
    whole = [row for row in rows if row.speed_up.over == widest]
    leader, gain = whole[0], whole[0].speed_up
    if len(rows) == 1:
        return f"Only {leader.name} ran, so there is nothing to compare."
    leaders = [row.name for row in whole if row.rank == leader.rank]
    head = f"{listed(leaders)} {'lead' if len(leaders) > 1 else 'leads'}"
    if baseline in leaders:
        head += f": no other submission gets further with the same {UNITS[clock]}"
    elif gain.value is not None:
        head += f": {baseline} needs {needs(gain.value, clock, gain.bound)} to get as far"
        if gain.low is not None and gain.high is not None:
            head += f" (95 % interval: {needs_between(gain.value, gain.low, gain.high)})"
    return f"{head}{_chance(leader, rows, leaders, pairs)}."


def _chance(leader: _SpeedRow, rows: Sequence[_Named], leaders: Sequence[str], pairs: Sequence[Pair]) -> str:
    """Return over whom the lead is more than chance, and who is ahead where a leader ran on more workloads than others."""
    own, others, inseparable, ahead = _compared(leader, rows, leaders, pairs)
    if not others:
        return ""
    if all(pair.p is None for pair in own.values()):
        return f", but {_untestable(leader.speed_up)} to say whether that is more than chance"
    led = [name for name in others if name not in ahead]
    resting = {name: own[name].rests_on for name in inseparable if own[name].rests_on}
    chance = [name for name in inseparable if name not in resting]
    doubts = []
    if chance:
        tested = sum(pair.p is not None for pair in pairs)
        together = f"with all {tested} pairs tested together " if tested > 1 else ""
        whom = "each of the others" if len(chance) == len(led) > 1 else listed(chance)
        doubts.append(f"{together}the lead over {whom} may be chance")
    if resting:
        where = rests_on(*resting.values()) if len(resting) == 1 else "rests on one workload each"
        doubts.append(f"{'that' if chance else 'the lead'} over {listed(list(resting))} {where}")
    if doubts:
        text = f", but {', and '.join(doubts)}"
    elif led:
        text = f", and the lead over {f'each of the {len(led)} others' if len(led) > 1 else listed(led)} is more than chance"
    else:
        text = ""
    if ahead:
        text += f", and {listed(ahead)} {'are' if len(ahead) > 1 else 'is'} ahead on the workloads that both ran"
    return text


def _untestable(gain: RowSpeedUp) -> str:
    """Return why there is no test: too few studies, or as many as are needed without any difference among them."""
    return "there are too few studies" if gain.studies < ENOUGH_STUDIES * gain.over else "the studies differ too little"


def _by_score(rows: Sequence[Row], pairs: Sequence[Pair], workloads: Sequence[str]) -> str:
    whole = [row for row in rows if row.score is not None]
    if not whole:
        return "No submission ran on every workload of the board, so there is no score."
    leader = whole[0]
    if not any(row.targets_reached for row in rows):
        return "No submission reaches a target."
    if len(rows) == 1:
        reached = f"{leader.targets_reached} of {len(workloads)} reached"
        return f"Only {leader.name} ran: with no rivals the score only counts targets ({reached})."
    leaders = [row.name for row in whole if row.rank == leader.rank]
    head = f"{listed(leaders)} {'lead' if len(leaders) > 1 else 'leads'} with score {leader.score:.3f}"
    if leader.score_low is not None and leader.score_high is not None:
        head += f" [{leader.score_low:.3f}, {leader.score_high:.3f}]"
    return "; ".join([head, *_tests(leader, rows, leaders, pairs), *_misses(whole, workloads)]) + "."


Compared = tuple[dict[str, Pair], list[str], list[str], list[str]]


def _compared(leader: _Named, rows: Sequence[_Named], leaders: Sequence[str], pairs: Sequence[Pair]) -> Compared:
    """Return the leader's pairs by the other side, who is compared with it, who of them is not separable, and who is faster."""
    own = {p.b if p.a == leader.name else p.a: p for p in pairs if leader.name in (p.a, p.b)}
    others = [row.name for row in rows if row.name not in leaders and row.name in own]
    inseparable = [name for name in others if not own[name].separable]
    faster = [n for n in others if own[n].separable and ((own[n].ratio or 1.0) < 1) == (own[n].a == leader.name)]
    return own, others, inseparable, faster


def _tests(leader: _Named, rows: Sequence[_Named], leaders: Sequence[str], pairs: Sequence[Pair]) -> list[str]:
    """Return from whom the leader is separable in speed; a leader by score may be slower than others."""
    own, others, inseparable, faster = _compared(leader, rows, leaders, pairs)
    if not own:
        return []
    if all(p.p is None for p in own.values()):
        return ["there are too few studies to test which is faster"]
    if not others:
        return []
    subject = "it" if len(leaders) == 1 else leader.name
    if len(inseparable) == len(others):
        return [f"{subject} is not separable in speed from any other"]
    test = f"is not separable in speed from {listed(inseparable)}" if inseparable else "is separable in speed from all others"
    slower = f", but slower than {listed(faster)} on the workloads that both ran" if faster else ""
    return [f"{subject} {test}{slower}"]


def rests_on(workload: str) -> str:
    """Return why a significant difference is not called separable, as a verb with its object."""
    return f"rests on one workload, {workload}"


def resting_lines(pairs: Sequence[Pair]) -> list[str]:
    """Return one sentence that names every pair which only one workload keeps from being separable; none without such pairs."""
    found = [f"{p.a} and {p.b} ({p.rests_on})" for p in pairs if p.rests_on]
    return [f"Not separable, because the difference rests on one workload: {listed(found)}."] if found else []


LOST = {
    "": ("misses", "miss"),
    Status.DIVERGED: ("diverges on", "diverge on"),
    Status.FAILED: ("fails on", "fail on"),
    Status.TIMEOUT: ("runs out of time on", "run out of time on"),
    Status.OUT_OF_MEMORY: ("runs out of memory on", "run out of memory on"),
}
"""What one submission, or several, do on a workload without a median, by `Cell.failure`."""


def _misses(rows: Sequence[Row], workloads: Sequence[str]) -> list[str]:
    """Which submissions miss which targets or fail on which, in the order of the ranking; of many groups, the best few."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        without = [w for w in workloads if math.isinf(row.cells[w].time) and not row.cells[w].unknown]
        for how in LOST:
            own = [w for w in without if row.cells[w].failure == how]
            everything = "every workload" if how else "every target"
            if own:
                groups.setdefault((how, everything if len(own) == len(workloads) else listed(own)), []).append(row.name)
    parts = [f"{listed(names)} {LOST[how][len(names) > 1]} {which}" for (how, which), names in groups.items()]
    if len(parts) <= MOST_LISTED:
        return parts
    rest = len({name for names in list(groups.values())[MOST_LISTED - 1 :] for name in names})
    return [*parts[: MOST_LISTED - 1], f"{rest} more submissions miss some targets"]
