"""The page's script ranks a subset of the workloads as Python does, to twelve digits."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from harness.records import Status
from harness.report.page.page import race_page
from harness.report.views.content import RaceContent
from harness.scoring.board import score_board
from harness.scoring.rules import ScoringRules
from harness.scoring.trial_table import checked

from .boards import board_trials
from .browsing import tab

READ = """() => Array.from(document.querySelectorAll("table[data-clock=examples] tbody tr"), (row) => ({
  name: row.cells[1].dataset.v, rank: Number(row.cells[0].dataset.v), speed: row.cells[2].dataset.v,
  score: Number(row.cells[3].dataset.v),
  targets: Number(row.cells[4].dataset.v) }))"""


def random_trials(rng: np.random.Generator):
    """Return one trial per study, with ties (times on a coarse grid), misses, missing studies and held-out variants."""
    names = [f"s{i}" for i in range(int(rng.integers(2, 8)))]
    bases = [f"w{i}" for i in range(int(rng.integers(2, 6)))]
    studies = int(rng.integers(1, 6))
    frame = board_trials(names, dict.fromkeys(bases, (2.3, 0.9)), studies=studies, trials=1, evaluations=4)
    held = frame[frame["workload"].isin(bases[: int(rng.integers(0, 3))])].copy()
    held["workload"] = held["workload"] + "_held_out"
    held["held_out"] = True
    held["id"] = held["id"] + "h"
    frame = pd.concat([frame, held], ignore_index=True)
    times = (
        rng.integers(1, 9, len(frame)) * float(rng.choice([1.0, 0.1, 1000.0])) * 10 ** rng.uniform(0, 0.8, len(frame)).round(1)
    )
    times[rng.random(len(frame)) < rng.choice([0.0, 0.2, 0.6])] = math.inf
    for clock in ("examples", "seconds", "steps"):
        frame[f"hit_{clock}"] = times
        frame[f"end_{clock}"] = np.where(np.isfinite(times), times, 60_000.0)
        frame[f"budget_{clock}"] = 64_000.0
    frame["hit_index"] = np.where(np.isfinite(times), 0, -1)
    frame["status"] = np.where(np.isfinite(times), str(Status.REACHED), str(Status.MISSED))
    frame.loc[rng.random(len(frame)) < 0.05, "status"] = str(Status.KILLED)
    frame["curve"] = [{"examples": [], "seconds": [], "steps": [], "metric": []}] * len(frame)
    return frame


@pytest.mark.parametrize(("legacy", "boards"), [(False, 12), (True, 6)], ids=["exact", "legacy grid"])
def test_scores_ranks_and_targets_on_subsets_equal_pythons_on_random_boards(chromium, tmp_path, legacy, boards):
    rng = np.random.default_rng(20_26 + legacy)
    out = tmp_path / "leaderboard.html"
    compared = 0
    with tab(chromium) as seen:
        for _ in range(boards):
            trials = random_trials(rng)
            board = score_board(trials, ScoringRules(baseline="s0", legacy_grid=legacy))
            out.write_text(race_page(RaceContent(board=board, trials=checked(trials), figures=False)))
            some = sorted(rng.choice(board.workloads, int(rng.integers(1, len(board.workloads))), replace=False).tolist())
            own = trials[trials["base_workload"].isin(some)]
            expected = score_board(own, ScoringRules(baseline="s0", legacy_grid=legacy, workloads=some))
            found = seen.open(out, f"#workloads={','.join(some)}").page.evaluate(READ)
            assert [row["name"] for row in found] == [row.name for row in expected.rows], json.dumps(some)
            assert [row["rank"] for row in found] == [row.rank for row in expected.rows]
            assert [row["targets"] for row in found] == [row.targets_reached for row in expected.rows]
            assert [row["score"] for row in found] == pytest.approx([row.score for row in expected.rows], abs=1e-12)
            compared += len(found)
        assert seen.troubles == []
    assert compared > 2 * boards


def test_speed_ups_by_compute_saved_and_their_ranks_on_subsets_equal_pythons(chromium, tmp_path):
    levels = {f"w{k}": (2.3 + 0.3 * k, 0.9 + 0.1 * k) for k in range(5)}
    trials = board_trials(workloads=levels, rulers=True)
    out = tmp_path / "leaderboard.html"
    board = score_board(trials)
    assert board.ranked_by == "speedup"
    out.write_text(race_page(RaceContent(board=board, trials=checked(trials), figures=False)))
    with tab(chromium) as seen:
        for some in (["w0", "w1"], ["w3"], ["w1", "w2", "w4"]):
            expected = score_board(trials[trials["workload"].isin(some)]).rows
            found = seen.open(out, f"#workloads={','.join(some)}").page.evaluate(READ)
            assert [(row["name"], row["rank"]) for row in found] == [(row.name, row.rank) for row in expected]
            assert [float(row["speed"]) for row in found] == pytest.approx([row.speedup for row in expected], abs=1e-12)
        assert seen.troubles == []


def test_the_comparison_sees_the_ranking_of_the_subset_not_of_the_page(chromium, tmp_path):
    rng = np.random.default_rng(7)
    trials = random_trials(rng)
    board = score_board(trials, ScoringRules(baseline="s0"))
    out = tmp_path / "leaderboard.html"
    text = race_page(RaceContent(board=board, trials=checked(trials), figures=False))
    with tab(chromium) as seen:
        out.write_text(text)
        some = board.workloads[0]
        right = seen.open(out, f"#workloads={some}").page.evaluate(READ)
        whole = seen.open(out).page.evaluate(READ)
    assert [row["score"] for row in right] != [row["score"] for row in whole]
