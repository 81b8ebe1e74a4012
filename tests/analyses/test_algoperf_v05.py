"""docs/algoperf.md and its page say what the code says."""

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from analyses import algoperf_v05 as v05
from analyses.algoperf_world import World, coverage
from harness.records import plain
from harness.scoring import board_json

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
    known = {"0.5", "2.0", "0.03"}  # AlgoPerf's version, the licence's, and the grid's step (4 - 1) / 99
    assert set(NUMBER.findall(prose)) - tables - known == set()


def test_the_page_in_docs_holds_the_board_of_today() -> None:
    page = (DOCS / "algoperf.html").read_text(encoding="utf-8")
    found = re.search(r'download="leaderboard.json.gz" href="data:application/gzip;base64,([^"]+)"', page)
    assert found
    old = json.loads(gzip.decompress(base64.b64decode(found.group(1))))
    new = json.loads(json.dumps(plain(board_json(v05.study().ours, []))))
    for a, b in zip(old["submissions"], new["submissions"], strict=True):
        for key in ("name", "rank", "rank_low", "rank_high"):
            assert a[key] == b[key]
        for key in ("score", "score_low", "score_high", "speedup"):
            assert a[key] == pytest.approx(b[key], abs=1e-9)


def test_a_page_is_one_file_without_curves_or_empty_figures(tmp_path: Path) -> None:
    assert v05.main(["--out", str(tmp_path / "page.html")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("These records hold no curve.") == 14
    assert "timetrial run -s" not in page


def test_a_difference_of_scores_is_that_of_the_board_and_turns_with_its_names() -> None:
    known = v05.study()
    score = {row.name: row.score for row in known.ours.rows}
    for (a, b), difference in known.differences.items():
        assert a < b
        assert difference.estimate.value == pytest.approx(score[a] - score[b])
        assert difference.p_holm is not None and difference.p is not None and difference.p_holm >= difference.p


def test_the_published_scores_lie_within_what_any_order_of_files_can_give() -> None:
    known = v05.study()
    ranges = v05.tie_ranges(known.trials)
    for row in known.published.rows:
        low, high = ranges[row.name]
        assert low <= row.score <= high
    with_ties = {row.name: row.score for row in v05.board(v05.slowest_of_ties(known.trials), legacy_tie_rule=True).rows}
    without = {row.name: row.score for row in v05.board(known.trials, legacy_tie_rule=True).rows}
    assert with_ties != without, "ties do move the exact integral"


def test_a_world_draws_cells_of_the_tables_shape() -> None:
    study_times = v05.study().study_times
    caspr = study_times.submissions.index("caspr_adaptive")
    generator = np.random.default_rng(1)
    times = World(study_times, smoothed=False).times(generator, "fastmri", 500)
    assert times.shape == (11, 500, 5)
    seen = np.where(np.isfinite(study_times.times["fastmri"]), study_times.times["fastmri"], np.nan)
    assert np.nanmedian(times[caspr]) == pytest.approx(np.nanmedian(seen[caspr]), rel=0.1)
    assert np.isnan(World(study_times, smoothed=True).times(generator, "criteo1tb", 3)[caspr]).all()


def test_a_few_boards_of_the_world_hold_most_scores() -> None:
    scores, pairs, wrong = coverage(World(v05.study().study_times, smoothed=True), boards=15, truth_boards=1000)
    assert scores.mean() > 0.85 and pairs.mean() > 0.85 and wrong < 0.2


@pytest.mark.slow
def test_the_documents_coverage_is_what_the_command_prints(text: str) -> None:
    assert f"`python -m analyses.algoperf_v05 coverage`\n\n{v05.coverage()}" in text
