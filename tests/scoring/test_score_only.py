"""`--prune score-only`: scores equal the unpruned ones to the last digit, in any order, with any number of workers."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import BadInput
from harness.pruning import SCORE_ONLY, UNKNOWN, BoardTrial, FastestTrial, ScoreBounds, Span, earlier_stop, faster
from harness.scoring import score_board
from harness.scoring.canonical import canonical_studies
from harness.scoring.profiles import scores as pool_scores
from harness.scoring.rules import ScoringRules
from harness.scoring.study_times import build_study_times
from harness.scoring.trial_table import checked
from tests.scoring.frames import PERIOD, Script, complete_run, from_times, row, scripts

INF = math.inf


def scores(trials: pd.DataFrame, pruned_by: Sequence[str] = ()) -> dict[str, float]:
    """Return the scores alone: what `score_board` gives, without the seconds that intervals take."""
    trials = checked(trials)
    rules = ScoringRules(pruned_by=tuple(pruned_by))
    studies = canonical_studies(trials, rules)
    if pruned_by:
        assert not any(study.missing for study in studies)
    return pool_scores(build_study_times(trials, studies, rules))


def varied(generator: random.Random, submissions: int, workloads: int, studies: int, trials: int) -> list[Script]:
    """Return scripts of which some submissions are many times slower, so that the 4x cut-off and missed variants are common.

    The first workload has two variants.
    """
    plan = scripts(generator, submissions, workloads, studies, trials)
    plan += [replace(s, workload="w0+u") for s in plan if s.workload == "w0+v"]
    pace = {(s.submission, s.workload): generator.choice([1, 1, 3, 9]) for s in plan}
    for script in plan:
        if generator.random() < 0.8:
            script.horizon, script.diverges = 1000.0, INF
        evaluations = math.ceil(script.horizon / PERIOD)
        hit = generator.choice([1, 1, 2]) * pace[script.submission, script.workload] if generator.random() < 0.8 else 99
        script.losses = [0.9 if i >= hit - 1 else 2.0 for i in range(evaluations)]
    return plan


class Cut:
    """A run that prunes for the score only, trial by trial as the race does it, in a random order over `workers`."""

    def __init__(self, plan: Sequence[Script], generator: random.Random, workers: int, *, variants_last: bool) -> None:
        self.plan, self.generator, self.workers = plan, generator, workers
        self.bounds = ScoreBounds(BoardTrial(s.cell, s.base, s.trial) for s in plan)
        self.best: dict[tuple[str, str, int], FastestTrial] = {}
        self.waiting = list(plan)
        generator.shuffle(self.waiting)
        if variants_last:
            self.waiting.sort(key=lambda s: s.base == s.workload)

    def run(self) -> pd.DataFrame:
        running: list[Script] = []
        while self.waiting or running:
            while self.waiting and len(running) < self.workers:
                script = self.waiting.pop()
                if script.base != script.workload and self.base_missed(script):
                    self.end(script, "skipped")
                else:
                    running.append(script)
            if running:
                script = self.generator.choice(running)
                self.advance(script)
                if script.outcome is not None:
                    running.remove(script)
        return pd.DataFrame([script.outcome for script in self.plan])

    def advance(self, script: Script) -> None:
        stop = earlier_stop(self.best.get(script.cell), self.bounds.limit(script.cell))
        if stop is not None and stop.stops(script.trial, script.due()):
            self.end(script, "pruned", **({"pruned_by": stop.kind} if stop.kind else {}))
            return
        script.step(stop_at_target=True)
        if script.outcome is not None:
            self.learn(script)

    def end(self, script: Script, status: str, **more: str) -> None:
        at = script.at(script.seen - 1) if script.seen else 0.0
        script.outcome = script.record(status, at) | {"pruned_due": script.due(), **more}
        self.learn(script)

    def learn(self, script: Script) -> None:
        outcome = script.outcome
        assert outcome is not None
        hit = outcome["hit_examples"]
        span = Span(hit, hit)
        if outcome["status"] == "pruned":
            cut = outcome.get("pruned_by") == SCORE_ONLY
            span = Span(outcome["pruned_due"] if cut else self.best[script.cell].time, INF)
        self.bounds.update(script.cell, script.trial, span)
        if math.isfinite(hit):
            found = FastestTrial(hit, script.trial, outcome["id"])
            self.best[script.cell] = faster(self.best.get(script.cell), found) or found

    def base_missed(self, script: Script) -> bool:
        bases = [s.outcome for s in self.plan if (s.submission, s.workload) == (script.submission, script.base)]
        return all(o is not None and o["status"] != "reached" and o.get("pruned_by") != SCORE_ONLY for o in bases)


def cut_run(plan: Sequence[Script], generator: random.Random, workers: int, *, variants_last: bool = True) -> pd.DataFrame:
    trials = Cut(plan, generator, workers, variants_last=variants_last).run()
    trials["pruned_by"] = trials["pruned_by"].fillna("") if "pruned_by" in trials.columns else ""
    return trials


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    workers=st.integers(1, 9),
    studies=st.sampled_from([1, 3, 5]),
    trials=st.integers(1, 3),
    variants_last=st.booleans(),
    coarse=st.booleans(),
)
def test_scores_are_the_unpruned_ones_to_the_last_digit(
    seed: int, workers: int, studies: int, trials: int, variants_last: bool, coarse: bool
) -> None:
    make = scripts if coarse else varied
    complete = complete_run(make(random.Random(seed), 4, 3, studies, trials))
    plan = make(random.Random(seed), 4, 3, studies, trials)
    cut = cut_run(plan, random.Random(seed + 1), workers, variants_last=variants_last)
    assert scores(cut, [SCORE_ONLY]) == scores(complete)


def test_the_board_has_the_scores_and_nothing_that_is_not_exact() -> None:
    complete = score_board(complete_run(varied(random.Random(5), 4, 3, 3, 2)), ScoringRules(baseline="s0"))
    board = score_board(
        cut_run(varied(random.Random(5), 4, 3, 3, 2), random.Random(6), 3), ScoringRules(baseline="s0", pruned_by=(SCORE_ONLY,))
    )
    assert {r.name: r.score for r in board.rows} == {r.name: r.score for r in complete.rows}
    assert [p.values for p in board.profiles] == [p.values for p in complete.profiles]
    assert all(r.score_low is None and r.speedup is None for r in board.rows) and not board.pairs


def test_every_rule_stops_trials_in_the_random_runs() -> None:
    """Every score-only rule gives a limit in some run, so the property above tests all of them."""
    reasons = set()
    for seed in range(60):
        plan = varied(random.Random(seed), 4, 3, 3, 2)
        run = Cut(plan, random.Random(seed), 3, variants_last=seed % 2 == 0)
        ask = run.bounds.limit
        run.bounds.limit = (
            lambda cell, ask=ask: (  # type: ignore[method-assign]
                reasons.add(limit.reason.split(" has ")[0][:12]) or limit if (limit := ask(cell)) else None
            )
        )
        run.run()
    assert {reason.split()[0] for reason in reasons} == {"the", "its", "most", "4", "a"}


def test_a_board_that_does_not_allow_score_only_pruning_counts_cut_studies_as_missing() -> None:
    plan = varied(random.Random(3), 4, 3, 3, 2)
    cut = cut_run(plan, random.Random(3), 2)
    assert (cut["pruned_by"] == SCORE_ONLY).any()
    board = score_board(cut, ScoringRules(baseline="s0"))
    assert board.pruned_by == {} and any("does not allow" in note for note in board.notes)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_board_with_fewer_submissions_checks_every_cut(seed: int) -> None:
    """Without the submission that others were relative to, a score is the unpruned one or its study counts as missing."""
    plan = varied(random.Random(seed), 4, 2, 3, 2)
    complete = complete_run(varied(random.Random(seed), 4, 2, 3, 2))
    cut = cut_run(plan, random.Random(seed), 2)
    few, whole = (frame[frame["submission"] != "s1"] for frame in (cut, complete))
    studies = canonical_studies(checked(few), ScoringRules(pruned_by=(SCORE_ONLY,)))
    if not any(study.missing for study in studies):
        assert scores(few, [SCORE_ONLY]) == scores(whole)


def test_trials_stop_once_their_median_is_decided() -> None:
    names = [("a", "w", j) for j in range(3)]
    bounds = ScoreBounds(BoardTrial(cell, "w", 0) for cell in names)
    assert bounds.limit(names[2]) is None
    bounds.update(names[0], 0, Span(INF, INF))
    assert bounds.limit(names[2]) is None
    bounds.update(names[1], 0, Span(INF, INF))
    assert bounds.limit(names[2]).time == 0
    bounds.update(names[1], 0, UNKNOWN)
    bounds.update(names[0], 0, Span(300, 300))
    bounds.update(names[1], 0, Span(500, 500))
    assert bounds.limit(names[2]).time == 500 and bounds.limit(names[2]).stops(0, 500.0)


def test_an_even_number_of_studies_is_never_cut() -> None:
    cells = [(s, "w", j) for s in "ab" for j in range(2)]
    bounds = ScoreBounds(BoardTrial(cell, "w", 0, Span(10, 10) if cell[0] == "a" else UNKNOWN) for cell in cells)
    assert bounds.limit(("b", "w", 0)) is None


def test_other_submissions_stop_at_four_times_the_fastest_median_so_far() -> None:
    cells = [(s, "w", j) for s in "ab" for j in range(3)]
    bounds = ScoreBounds(BoardTrial(cell, "w", 0, Span(10, 10) if cell[0] == "a" else UNKNOWN) for cell in cells)
    limit = bounds.limit(("b", "w", 1))
    assert limit.time == 40 and not limit.stops(0, 40.0) and limit.stops(0, 40.1)


def test_a_slow_base_goes_on_while_its_variant_may_be_the_fastest() -> None:
    """A base beyond 4x the fastest scores nothing, but if it is reached at all, its variant counts in the variant's column."""
    labels = {"w": "w", "w+v": "w"}
    entries = [
        BoardTrial((s, label, 0), base, 0, Span(10, 10) if s == "a" and label == "w" else UNKNOWN)
        for s in "ab"
        for label, base in labels.items()
    ]
    bounds = ScoreBounds(entries)
    assert bounds.limit(("b", "w", 0)) is None
    bounds.update(("a", "w+v", 0), 0, Span(20, 20))
    assert bounds.limit(("b", "w", 0)) is None
    bounds.update(("b", "w+v", 0), 0, Span(30, 30))
    assert bounds.limit(("b", "w", 0)).time == 40


def test_the_board_says_cut_where_a_median_is_not_known_and_missed_where_it_is() -> None:
    trials = from_times({"a": {"w": [100] * 3}, "b": {"w": [INF] * 3}, "c": {"w": [INF] * 3}})
    trials["pruned_by"], trials["pruned_due"] = "", math.nan
    which = (trials["submission"] == "b") | ((trials["submission"] == "c") & (trials["study"] == 2))
    trials.loc[which, ["status", "pruned_by", "pruned_due"]] = ["pruned", SCORE_ONLY, 500.0]
    board = score_board(trials, ScoringRules(baseline="a", pruned_by=(SCORE_ONLY,)))
    cells = {row.name: row.cells["w"] for row in board.rows}
    assert cells["b"].unknown and not cells["c"].unknown
    assert "c misses" in board.verdict and "b miss" not in board.verdict
    assert set(board.pruned_by) == {SCORE_ONLY} and board.leave_out == {} and board.easier == {}


def test_other_clocks_and_rules_than_the_runs_are_refused() -> None:
    trials = pd.DataFrame([row("a", "w", 0, 0, [0.5])])
    for asked in ({"clock": "seconds"}, {"legacy_tie_rule": True}):
        with pytest.raises(BadInput, match="score-only"):
            score_board(trials, ScoringRules(pruned_by=(SCORE_ONLY,), **asked))
