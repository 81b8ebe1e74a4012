"""The leaderboard as people and programs read it. Never imports torch.

Imports go one way: `words` and `colours`, then `figures` (matplotlib), `views` (what a section shows), `page` (HTML) and
`text` (JSON, CSV, Markdown, LaTeX, terminal), `docs` (generated pages of the documentation), and last `write` and
`write_figures`, which write files.
"""

from typing import TYPE_CHECKING

from harness.first_use import on_first_use

if TYPE_CHECKING:
    from harness.report.text.exports import markdown_table as markdown_table
    from harness.report.text.latex import latex_table as latex_table
    from harness.report.text.quality import sensitivity_table as sensitivity_table
    from harness.report.text.readme import insert_table as insert_table
    from harness.report.text.readme import table_with_markers as table_with_markers
    from harness.report.text.terminal import terminal_table as terminal_table
    from harness.report.views.lead import unfinished_lines as unfinished_lines
    from harness.report.write import scored_board as scored_board
    from harness.report.write import write_report as write_report
    from harness.report.write_figures import write_figures as write_figures

if not TYPE_CHECKING:  # a type checker would take a module's `__getattr__` to mean that every name exists
    __getattr__, __dir__ = on_first_use(__name__, __file__)
