"""The leaderboard as people and programs read it. Never imports torch.

Imports go one way: `words` and `colours`, then `figures` (matplotlib), `views` (what a section shows), `page` (HTML) and
`text` (JSON, CSV, Markdown, LaTeX, terminal), `docs` (generated pages of the documentation), and last `write` and
`write_figures`, which write files.
"""

from harness.report.text.exports import markdown_table
from harness.report.text.latex import latex_table
from harness.report.text.quality import sensitivity_table
from harness.report.text.readme import insert_table, table_with_markers
from harness.report.text.terminal import terminal_table
from harness.report.write import scored_board, write_report
from harness.report.write_figures import write_figures

__all__ = [
    "insert_table",
    "latex_table",
    "markdown_table",
    "scored_board",
    "sensitivity_table",
    "table_with_markers",
    "terminal_table",
    "write_figures",
    "write_report",
]
