"""The leaderboard as people and programs read it: page, JSON, CSV, terminal table, Markdown. Never imports torch."""

from harness.report.exports import markdown_table
from harness.report.quality_text import sensitivity_table
from harness.report.terminal import terminal_table
from harness.report.write import write_report

__all__ = ["markdown_table", "sensitivity_table", "terminal_table", "write_report"]
