"""The leaderboard as people and programs read it: page, figures, JSON, CSV, Markdown, LaTeX, terminal. Never imports torch."""

from harness.report.drawings import write_figures
from harness.report.exports import markdown_table
from harness.report.latex import latex_table
from harness.report.quality_text import sensitivity_table
from harness.report.readme import marked_table, put_table
from harness.report.terminal import terminal_table
from harness.report.write import scored_board, write_report

__all__ = [
    "latex_table",
    "markdown_table",
    "marked_table",
    "put_table",
    "scored_board",
    "sensitivity_table",
    "terminal_table",
    "write_figures",
    "write_report",
]
