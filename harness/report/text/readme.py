"""The board's Markdown table inside a longer text, between two markers, such as in a README."""

from __future__ import annotations

from pathlib import Path

from harness.contracts import BadInput
from harness.report.text.exports import markdown_table
from harness.report.text.quality import quality_markdown
from harness.results import write_atomically
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard

BEGIN, END = "<!-- BEGIN timetrial leaderboard -->", "<!-- END timetrial leaderboard -->"


def marked_table(board: Board | QualityBoard) -> str:
    """Return the board's Markdown between the markers, each on a line of its own."""
    table = quality_markdown(board) if isinstance(board, QualityBoard) else markdown_table(board)
    return f"{BEGIN}\n{table}{END}\n"


def put_table(board: Board | QualityBoard, path: Path) -> None:
    """Write the table to `path`: between its markers where it is a text already, else as a new file.

    Raises:
        BadInput: the file lacks a marker, or has them twice or in the wrong order.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, marked_table(board))
        return
    text = path.read_text("utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise BadInput(f"{path} needs the lines '{BEGIN}' and '{END}' once each, in this order: the table goes between them")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    write_atomically(path, before + marked_table(board).rstrip("\n") + after)
