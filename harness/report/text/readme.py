"""The board's Markdown table between two markers of a longer text, such as a README."""

from __future__ import annotations

from pathlib import Path

from harness.contracts.errors import BadInput
from harness.report.text.exports import markdown_table
from harness.report.text.quality import quality_markdown
from harness.results import write_atomically
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard

BEGIN, END = "<!-- BEGIN timetrial leaderboard -->", "<!-- END timetrial leaderboard -->"


def table_with_markers(board: Board | QualityBoard) -> str:
    """Return the board's Markdown table between the two markers, each on its own line."""
    table = quality_markdown(board) if isinstance(board, QualityBoard) else markdown_table(board)
    return f"{BEGIN}\n{table}{END}\n"


def insert_table(board: Board | QualityBoard, path: Path) -> None:
    """Write the table to `path`: between the markers of that file, or as a new file if there is none.

    Raises:
        BadInput: the file does not have each marker once, in the right order.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, table_with_markers(board))
        return
    text = path.read_text("utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise BadInput(
            f"{path} must contain the lines '{BEGIN}' and '{END}' once each, in this order: the table goes between them"
        )
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    write_atomically(path, before + table_with_markers(board).rstrip("\n") + after)
