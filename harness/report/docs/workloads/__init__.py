"""`docs/workloads.md`: the workloads, their targets, their rulers and what was measured of them, as Markdown and figures."""

from harness.report.docs.workloads.page import workloads_markdown
from harness.report.docs.workloads.rate_response import response_figure
from harness.report.docs.workloads.ruler_figure import ruler_figure
from harness.report.docs.workloads.rulers import figure_path

__all__ = ["figure_path", "response_figure", "ruler_figure", "workloads_markdown"]
