"""Published submissions: which there are, what their runs say, and that the documents hold what the commands print."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from analyses import predictive, published
from analyses.official_standing import COUNTERPARTS, MODALITIES, find_counterparts, official
from analyses.predictive_figure import scatter
from analyses.published_cells import SAVED, cells_of
from analyses.published_entries import entry_of
from analyses.published_entries import published as entries_in
from analyses.published_runs import plan_of, run
from analyses.rank_agreement import agreement, tau_b
from tests.compat.submissions.written import PLAIN

DOCS = Path(__file__).parents[2] / "docs"
V05 = "submissions_algorithms/previous_leaderboards/algoperf_v05/submissions"


def put(clones, folder, text="import jax\n", file="submission.py"):
    place = clones / folder
    place.mkdir(parents=True)
    (place / file).write_text(text)
    return place


@pytest.fixture(scope="module")
def clones(tmp_path_factory):
    """Return a folder with a few submissions where those of the repositories lie."""
    place = tmp_path_factory.mktemp("clones")
    own = put(place, f"{V05}/external_tuning/cyclic_lr", "\n".join(PLAIN.values()))
    (own / "tuning_search_space.json").write_text(json.dumps([{"rest": 1}, {"rest": 2}]))
    put(place, f"{V05}/external_tuning/amos")
    put(place, "submissions_algorithms/submissions/self_tuning/amos")
    put(place, "submissions_algorithms/submissions/self_tuning/muon")
    put(place, "submissions_algorithms/previous_leaderboards/algoperf_v06/submissions/self_tuning/muon")
    put(place, "algorithmic-efficiency/algorithms/baselines/external_tuning", file="pytorch_nadamw_full_budget.py")
    put(place, "algorithmic-efficiency/algorithms/archived_paper_baselines/sam/pytorch")
    return place


def test_entries_are_found_once_with_version_and_ruleset(clones):
    assert [entry.label for entry in entries_in(clones)] == [
        "v0.5/external/amos",
        "v0.5/external/cyclic_lr",
        "v0.6/self-tuning/muon",
        "later/self-tuning/amos",
        "baseline/external/nadamw_full_budget",
        "paper/sam",
    ]
    assert all(entry_of(entry.submission + ":rate_multiple=3") == entry for entry in entries_in(clones))


def test_runs_become_rows_and_rows_a_table(clones, tmp_path):
    entry = next(entry for entry in entries_in(clones) if entry.name == "cyclic_lr")
    plan = plan_of(entry, (1.0, 3.0), "smoke")
    assert [spec.hyperparameters for spec in plan.trials] == [
        {},
        {"rate_multiple": 3.0},
        {"rest": 2},
        {"rest": 2, "rate_multiple": 3.0},
    ]
    assert plan_of(entry, (1.0, 3.0), "smoke", 1).trials == plan.trials[:2]
    assert all(spec.horizon == spec.budget / 2 for spec in plan.trials)
    assert sum(run(plan, tmp_path, 60.0).values()) == 4 and not run(plan, tmp_path, 60.0)
    cells = cells_of(tmp_path, clones)
    own, more, second, _ = cells[cells["entry"] == entry.label].to_dict("records")
    assert (own["multiple"], more["multiple"], own["workload"]) == (1.0, 3.0, "digits_mlp")
    assert (own["point"], second["point"], second["multiple"]) == (0, 1, 1.0)
    assert 0 < own["progress"] < 1.5 and own["gain"] >= -math.log(8) and own["status"] == "finished"
    lines = published.published_table(cells).splitlines()
    assert lines[2].startswith(f"| {entry.label} | ") and "| 1 3 |" in lines[2]
    assert "is a submission in JAX" in published.refused_table(cells)


def rows(**gains):
    """Return cells of entries at multiples 1 and 3 on two workloads."""
    return pd.DataFrame(
        [
            {
                "entry": entry,
                "multiple": m,
                "point": 0,
                "workload": w,
                "status": "finished",
                "reason": "",
                "progress": 0.6,
                "gain": g,
            }
            for entry, pairs in gains.items()
            for (m, w), g in zip(((1.0, "a"), (1.0, "b"), (3.0, "a"), (3.0, "b")), pairs, strict=True)
        ]
    )


def test_the_best_multiple_is_chosen_per_workload():
    best = published.tuned(rows(x=(0.0, -1.0, -2.0, 1.0)))
    assert best["multiple"].tolist() == [1.0, 3.0] and best["gain"].tolist() == [0.0, 1.0]
    assert published.tuned(rows(x=(0.0, -1.0, -2.0, 1.0)).iloc[:2]).empty
    assert "| x | 2 of 2 | 2 of 2 | 1 | 0.61 | 1.65 | 1 3 | 1 of 2 | - |" in published.published_table(
        rows(x=(0.0, -1.0, -2.0, 1.0))
    )


def test_at_own_rates_the_best_listed_point_counts_per_workload():
    first, second = rows(x=(0.0, -1.0, -2.0, 1.0)), rows(x=(-1.0, 0.5, 2.0, 0.0)).assign(point=1)
    cells = pd.concat([first, second], ignore_index=True)
    own, best = published.as_published(cells), published.tuned(cells)
    assert own["gain"].tolist() == [0.0, 0.5] and own["point"].tolist() == [0, 1]
    assert best["gain"].tolist() == [1.0, 2.0] and best["point"].tolist() == [0, 1]
    assert "| x | 2 of 2 | 2 of 2 | 2 | 1.28 | 4.48 | 1 3 | 2 of 2 | - |" in published.published_table(cells)


def test_tau_of_equal_and_of_opposite_orders_and_its_interval():
    up = np.array([[1.0, 1.1, 0.9], [2.0, 2.1, 1.9], [3.0, 3.1, 2.9], [4.0, 4.1, 3.9]])
    same, opposite = agreement(up, up), agreement(up, -up)
    assert same.tau == 1 and opposite.tau == -1
    assert same.over_both == (1.0, 1.0) and agreement(up[:, :2], up).over_ours is None
    assert same.chance == ".042" and opposite.chance == "1.000"
    mixed = np.array([[1.0, 9.0, 1.0], [2.0, 2.0, 2.0], [3.0, 0.0, 3.0], [4.0, 0.0, 4.0]])
    found = agreement(mixed, up)
    assert found.over_ours[0] < found.tau <= found.over_ours[1]
    ties = np.array([1.0, 1.0, 2.0, 5.0, 4.0]), np.array([3.0, 2.0, 2.0, 7.0, 9.0])
    assert tau_b(*ties) == pytest.approx(kendalltau(*ties).statistic) and math.isnan(tau_b(np.ones(3), ties[0][:3]))


def test_the_official_side_is_the_built_in_table():
    board = official()
    assert set(COUNTERPARTS.values()) <= board.scores.keys() and len(board.workloads) == 8
    assert board.scores["shampoo_submission"] == pytest.approx(0.7785, abs=1e-3)
    assert np.mean(list(board.contributions["cyclic_lr"].values())) == pytest.approx(board.scores["cyclic_lr"])
    assert all(0 < t <= 1 or math.isinf(t) for t in board.times["baseline"].values())
    assert sorted(name for names in MODALITIES.values() for name in names) == sorted(find_counterparts())


def test_every_table_of_the_documents_is_what_its_command_prints():
    cells = cells_of(SAVED)
    text = (DOCS / "algoperf.md").read_text(encoding="utf-8")
    for name, section in published.SECTIONS.items():
        assert f"`python -m analyses.published --section {name}`\n\n{section(cells)}" in text, name
    text = (DOCS / "predictive.md").read_text(encoding="utf-8")
    for name, section in predictive.SECTIONS.items():
        assert f"`python -m analyses.predictive --section {name}`\n\n{section(SAVED)}" in text, name


def test_every_number_of_the_prose_stands_in_a_table():
    lines = (DOCS / "predictive.md").read_text(encoding="utf-8").splitlines()
    number = re.compile(r"(?<![\w.])-?\d+\.\d+")
    tables = set(number.findall("\n".join(line for line in lines if line.startswith("|"))))
    prose = set(number.findall("\n".join(line for line in lines if not line.startswith("|"))))
    assert prose - tables <= {"0.5", "0.13"}


def test_the_figure_names_every_entry():
    gains = {"own rates": pd.Series({"v0.5/external/cyclic_lr": -1.0, "v0.5/external/lawa_ema": 0.2})}
    text = scatter({"v0.5/external/cyclic_lr": 0.6, "v0.5/external/lawa_ema": 0.3}, gains)
    assert "cyclic_lr" in text and "lawa_ema" in text and text.startswith("<?xml")
