"""The tables of docs/algoperf.md and its page are what the code computes."""

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyses import algoperf_v05 as v05
from analyses.algoperf_simulation import TableModel, coverage
from analyses.official_table import PUBLISHED, official_table, slowest_of_ties, tie_ranges
from harness.canonical import plain
from harness.scoring import board_json, score_board

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+|\d+%")


@pytest.fixture(scope="module")
def outputs() -> dict[str, str]:
    return {name: section() for name, section in v05.SECTIONS.items()}


@pytest.fixture(scope="module")
def text() -> str:
    return (DOCS / "algoperf.md").read_text(encoding="utf-8")


def test_every_table_of_the_document_is_what_the_command_above_it_prints(outputs: dict[str, str], text: str) -> None:
    for name, printed in outputs.items():
        assert f"`python -m analyses.algoperf_v05 {name}`\n\n{printed}" in text, name


def test_every_number_of_the_prose_stands_in_a_table(text: str) -> None:
    lines = text.splitlines()
    prose = "\n".join(line for line in lines if not line.startswith("|"))
    tables = set(NUMBER.findall("\n".join(line for line in lines if line.startswith("|"))))
    tables |= set(NUMBER.findall("\n".join(line for line in lines if line.startswith(("Median width", "The grid moves")))))
    known = {"0.5", "0.6", "2.0", "0.03"}  # AlgoPerf's versions, the licence's, and the grid's step (4 - 1) / 99
    known |= {"0.6244", "0.4590"}  # MLCommons' published scores of version 0.6
    assert set(NUMBER.findall(prose)) - tables - known == set()


def test_the_page_in_docs_holds_the_board_of_today() -> None:
    page = (DOCS / "algoperf.html").read_text(encoding="utf-8")
    found = re.search(r'download="leaderboard.json.gz" href="data:application/gzip;base64,([^"]+)"', page)
    assert found
    old = json.loads(gzip.decompress(base64.b64decode(found.group(1))))
    new = json.loads(json.dumps(plain(board_json(official_table().ours, []))))
    for a, b in zip(old["submissions"], new["submissions"], strict=True):
        for key in ("name", "rank", "rank_low", "rank_high"):
            assert a[key] == b[key]
        for key in ("score", "score_low", "score_high", "speedup"):
            assert a[key] == pytest.approx(b[key], abs=1e-9)


def test_a_page_is_one_file_without_curves_or_empty_figures(tmp_path: Path) -> None:
    assert v05.main(["--out", str(tmp_path / "page.html")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("These records have no evaluation curve.") == 14
    assert "timetrial run -s" not in page


def test_a_difference_of_scores_is_that_of_the_board_with_names_in_order() -> None:
    known = official_table()
    score = {row.name: row.score for row in known.ours.rows}
    for (a, b), difference in known.differences.items():
        assert a < b
        assert difference.estimate.value == pytest.approx(score[a] - score[b])
        assert difference.p_holm is not None and difference.p is not None and difference.p_holm >= difference.p


def test_the_published_scores_lie_within_the_range_over_all_orders_of_files() -> None:
    known = official_table()
    ranges = tie_ranges(known.trials)
    for row in known.published.rows:
        low, high = ranges[row.name]
        assert low <= row.score <= high
    exact = replace(PUBLISHED, legacy_grid=False)
    with_ties = {row.name: row.score for row in score_board(slowest_of_ties(known.trials), exact).rows}
    without = {row.name: row.score for row in score_board(known.trials, exact).rows}
    assert with_ties != without, "ties do move the exact integral"


def test_a_simulated_board_has_the_cells_of_the_table() -> None:
    study_times = official_table().study_times
    caspr = study_times.submissions.index("caspr_adaptive")
    generator = np.random.default_rng(1)
    times = TableModel(study_times, smoothed=False).times(generator, "fastmri", 500)
    assert times.shape == (11, 500, 5)
    seen = np.where(np.isfinite(study_times.times["fastmri"]), study_times.times["fastmri"], np.nan)
    assert np.nanmedian(times[caspr]) == pytest.approx(np.nanmedian(seen[caspr]), rel=0.1)
    assert np.isnan(TableModel(study_times, smoothed=True).times(generator, "criteo1tb", 3)[caspr]).all()


def test_intervals_cover_most_scores_of_a_few_simulated_boards() -> None:
    scores, pairs, wrong = coverage(TableModel(official_table().study_times, smoothed=True), boards=15, truth_boards=1000)
    assert scores.mean() > 0.85 and pairs.mean() > 0.85 and wrong < 0.2


@pytest.mark.slow
def test_the_documents_coverage_is_what_the_command_prints(text: str) -> None:
    assert f"`python -m analyses.algoperf_v05 coverage`\n\n{v05.coverage()}" in text
