"""What changed since an older board: on the page, as a line, and when the boards cannot be compared."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.contracts.errors import BadInput
from harness.report import write_report
from harness.report.views.since import change_line, changes, older_board
from harness.results import BoardInput
from harness.scoring.board import score_board

from .reading import read


@pytest.fixture
def older(saved_page, tmp_path):
    """Return the path of the saved board as if the first two rows had changed places since, and step had not been there."""
    board = json.loads(saved_page.with_suffix(".json").read_text())
    rows = [row for row in board["submissions"] if row["name"] != "step"]
    first, second = rows[0], rows[1]
    first["rank"], second["rank"] = second["rank"], first["rank"]
    first["speedup"] = 1.01
    path = tmp_path / "before.json"
    path.write_text(json.dumps(board | {"submissions": rows}))
    return path


@pytest.fixture
def saved(saved_trials):
    return score_board(saved_trials)


def test_the_changes_are_places_older_speed_ups_and_new_rows(saved, older):
    first, second = (row.name for row in saved.rows[:2])
    before = older_board(older)
    found = changes(saved, before)
    assert found[first] == "▲1 from ×1.01" and found[second].startswith("▼1")
    assert found["step"] == "new" and found["constant"] == "="
    line = change_line(found, replace(before, rows={**before.rows, "left": (9, None)}))
    assert line.startswith("since before: ") and "step is new" in line and line.endswith("left is gone")


def test_the_ranking_has_a_column_of_the_changes(saved_trials, older, tmp_path):
    out = tmp_path / "page.html"
    write_report(BoardInput(saved_trials), out, figures=False, since=older_board(older))
    text = " ".join(" ".join(read(out).text).split())
    assert "Since before" in text and "▲1 from ×1.01" in text
    write_report(BoardInput(saved_trials), out, figures=False)
    assert "Since" not in " ".join(read(out).text)


def test_a_board_of_another_track_and_a_file_that_is_no_board_are_refused(saved, older, tmp_path):
    before = older_board(older)
    with pytest.raises(BadInput, match="another track"):
        changes(saved, replace(before, track="external"))
    for text in ("[]", "{", '{"submissions": [{"name": "a"}]}'):
        (tmp_path / "no.json").write_text(text)
        with pytest.raises(BadInput, match="not a board"):
            older_board(tmp_path / "no.json")
    with pytest.raises(BadInput, match="no such file; copy"):
        older_board(tmp_path / "absent.json")
