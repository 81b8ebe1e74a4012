"""How much a board tells: pairs of submissions that are separable, and how well halves of its workloads agree.

    python -m analyses.agreement RESULTS [--track T] [--suite S] [--submissions A,B,...] [--rank-by speedup|score]

RESULTS is a directory that `timetrial run` filled. The first table counts the pairs of the submissions that are separable at
5 % by compute saved and by time to target, Holm-adjusted over these pairs alone (a board of these submissions) and over all
pairs of the board. The second is over splits of the workloads into two halves: the mean of Kendall's tau-b between the orders
of the submissions in the two halves, and the share of splits in which both put the same submission first. Orders are by
speed-up and by AlgoPerf's score; `--rank-by` chooses one. Without `--submissions` both are given for all submissions, and for
the ten first schedules where all of them ran.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb, isnan, log
from pathlib import Path

import numpy as np
import pandas as pd

from analyses.markdown import table
from analyses.split_halves import HalfAgreement, half_agreement
from harness.contracts.errors import BadInput, did_you_mean
from harness.results import board_input
from harness.rules import FIRST_SCHEDULES
from harness.scoring import ScoringRules
from harness.scoring.headline import off_rulers
from harness.scoring.medians import Floats
from harness.scoring.pairs import all_pairs
from harness.scoring.rules import RANK_BY
from harness.scoring.scored import pinned_baseline, score
from harness.scoring.trial_table import checked, track_of

SPEEDUP, SCORE = RANK_BY
NONE = "-"


@dataclass(frozen=True)
class Reading:
    """What one reading of the trials says of the submissions of a board.

    Attributes:
        values: [submissions, workloads], larger is better, of the workloads on which all submissions have a value; their
            mean over workloads orders the submissions.
        separable: the pairs that are separable, Holm-adjusted over all; None if the reading has no tests.
    """

    values: Floats
    separable: frozenset[frozenset[str]] | None

    def count(self, names: Collection[str]) -> int | None:
        """Return how many pairs among `names` are separable; None without tests."""
        return None if self.separable is None else sum(pair <= set(names) for pair in self.separable)


@dataclass(frozen=True)
class Board:
    """Both readings of the same trials.

    Attributes:
        names: its submissions, sorted.
        saved: by compute saved; its values are log speed-ups. None where there is none.
        timed: by time to target; its values are contributions to AlgoPerf's score. None where there is none.
        missing: why a reading is not there, in words.
    """

    names: tuple[str, ...]
    saved: Reading | None
    timed: Reading | None
    missing: tuple[str, ...]


def read_board(trials: pd.DataFrame, rules: ScoringRules) -> Board:
    """Return both readings of the trials of one track and suite."""
    trials = checked(trials)
    track, names = track_of(trials), tuple(sorted(set(trials["submission"])))
    baseline = pinned_baseline(track, names)
    # Where all have the same studies, no order depends on the baseline.
    found = off_rulers(trials, track, replace(rules, baseline=baseline if baseline in names else names[0]))
    missing = [] if found.saved else [f"No speed-ups: {found.why_not}."]
    saved = None
    if found.saved:
        ratios = {name: [w.ratio for w in found.saved.speed_ups[name].workloads.values()] for name in names}
        logs = np.array([[np.nan if ratio is None else log(ratio) for ratio in ratios[name]] for name in names])
        saved = Reading(_common(logs), _separable({frozenset((p.a, p.b)): p.separable for p in found.saved.pairs}))
    if not track.targeted:
        return Board(names, saved, None, (*missing, f"No times to target: {track.title} has no targets."))
    scored = score(trials, rules)
    ran = np.column_stack([scored.study_times.count(label) > 0 for label in scored.workloads])
    pairs = None if rules.score_only else {frozenset((p.a, p.b)): p.separable for p in all_pairs(scored.study_times)}
    timed = Reading(_common(np.where(ran, scored.contributions, np.nan)), None if pairs is None else _separable(pairs))
    return Board(names, saved, timed, tuple(missing))


def _common(values: Floats) -> Floats:
    """The columns without a missing value."""
    common: Floats = values[:, ~np.isnan(values).any(axis=0)]
    return common


def _separable(pairs: Mapping[frozenset[str], bool]) -> frozenset[frozenset[str]]:
    return frozenset(pair for pair, separable in pairs.items() if separable)


def named(text: str, names: Collection[str]) -> list[str]:
    """Return the submissions in a list with commas between them; a name with commas in it is taken whole if it is in `names`.

    >>> named("a:x=1,y=2,b", ["a:x=1,y=2", "b"])
    ['a:x=1,y=2', 'b']
    """
    pieces, found = [piece.strip() for piece in text.split(",") if piece.strip()], []
    while pieces:
        ends = range(len(pieces), 0, -1)
        end = next((k for k in ends if ",".join(pieces[:k]) in names), 1)
        found.append(",".join(pieces[:end]))
        del pieces[:end]
    return found


def groups(names: Collection[str], chosen: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return {title: submissions} of what is compared: the chosen ones, else all and the ten first schedules if they ran.

    Raises:
        BadInput: a chosen one did not run, or there are fewer than two.
    """
    unknown = [name for name in chosen if name not in names]
    if unknown:
        known = ", ".join(sorted(names))
        raise BadInput(f"'{unknown[0]}' is not on this board{did_you_mean(unknown[0], names)}: choose from {known}")
    if len(set(chosen or names)) < 2:
        raise BadInput("agreement is about pairs: name or run at least two submissions")
    if chosen:
        return {f"{len(set(chosen))} chosen": tuple(sorted(set(chosen)))}
    found = {f"all {len(names)}": tuple(sorted(names))}
    if set(FIRST_SCHEDULES) < set(names):
        found["ten first schedules"] = FIRST_SCHEDULES
    return found


def report(trials: pd.DataFrame, rules: ScoringRules, chosen: Sequence[str] = (), rank_by: str = "") -> str:
    """Return both tables, and in words what could not be read.

    Args:
        trials: of one track and suite.
        rules: clock, and what may have pruned trials.
        chosen: submissions that are compared; by default all, and the ten first schedules.
        rank_by: "speedup" or "score": only halves ordered by that; "" for both.

    Raises:
        BadInput: nothing to compare, or no such submission.
    """
    whole = read_board(trials, rules)
    counts, agreements, undefined = [], [], 0
    for title, names in groups(whole.names, chosen).items():
        pairs, every = comb(len(names), 2), comb(len(whole.names), 2)
        own = whole if pairs == every else read_board(trials[trials["submission"].isin(names)], rules)
        boards = {f"these {pairs} pairs" if pairs > 1 else "this pair": own} | (
            {} if own is whole else {f"all {every} pairs": whole}
        )
        counts += [[title, among, str(pairs), *_counts(board, names)] for among, board in boards.items()]
        for order, reading in ((SPEEDUP, own.saved), (SCORE, own.timed)):
            if reading is not None and rank_by in ("", order):
                found = half_agreement(reading.values)
                undefined += found.undefined
                agreements.append([title, order, str(reading.values.shape[1]), *_agreement(found)])
    parts = [
        table(("submissions", "adjusted over", "pairs", "separable by compute saved", "by time to target"), counts),
        table(("submissions", "order by", "workloads", "splits", "mean tau-b", "same first"), agreements) if agreements else "",
        "".join(f"{line}\n" for line in whole.missing),
        f"{undefined} splits are left out of a mean of tau-b: one half ties all submissions.\n" if undefined else "",
    ]
    return "\n".join(part for part in parts if part)


def _agreement(found: HalfAgreement) -> tuple[str, str, str]:
    tau = NONE if isnan(found.tau) else f"{found.tau:.2f}"
    return str(found.splits), tau, NONE if isnan(found.same_first) else f"{found.same_first:.0%}"


def _counts(board: Board, names: Collection[str]) -> list[str]:
    counts = [None if reading is None else reading.count(names) for reading in (board.saved, board.timed)]
    return [NONE if count is None else str(count) for count in counts]


def main() -> int:
    """Read, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.agreement", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, metavar="RESULTS")
    parser.add_argument("--track", default="", help="by default that of the newest run")
    parser.add_argument("--suite", default="", help="by default that of the newest run")
    parser.add_argument("--submissions", default="", metavar="A,B,...", help="only these")
    parser.add_argument("--rank-by", default="", choices=RANK_BY, help="only halves ordered by this")
    asked = parser.parse_args()
    try:
        print(_print_ready(asked), end="")
    except BadInput as reason:
        print(f"agreement: {reason}", file=sys.stderr)
        return 2
    return 0


def _print_ready(asked: argparse.Namespace) -> str:
    given = board_input(asked.results, track=asked.track, suite=asked.suite)
    if given.trials.empty:
        raise BadInput(f"no complete study in '{asked.results}' yet: `timetrial run --results {asked.results}` resumes the run")
    track = track_of(given.trials)
    rules = ScoringRules(track.clock, pruned_by=given.pruned_by)
    names, studies = set(given.trials["submission"]), given.trials.groupby(["submission", "workload"])["study"].nunique().max()
    workloads = given.trials.loc[~given.trials["held_out"].astype(bool), "workload"].nunique()
    head = (
        f"{asked.results}: {track.title}, {given.trials['suite'].iloc[0]} suite, {len(names)} submissions, "
        f"{workloads} {'workload' if workloads == 1 else 'workloads'}, up to {studies} studies, clock {rules.clock}"
    )
    return f"{head}\n\n{report(given.trials, rules, named(asked.submissions, names), asked.rank_by)}"


if __name__ == "__main__":
    sys.exit(main())
