"""What axe-core finds in a page as a reader sees it: every list unfolded, in a theme, with a tab of the ranking open.

axe-core's script is a file of the package axe-playwright-python. All rules that axe runs by default are on.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from .browsing import Tab

CONTRAST_ONLY = {"runOnly": ["color-contrast"]}
"""For what a theme changes: colours."""
WITHOUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}
"""For what a window's width changes: anything but colours."""

LISTED = 30
"""Trials left in each list of trials of a large page: a template writes all rows alike, and axe takes minutes for 20,000."""

SHOW = """(listed) => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  document.querySelectorAll("table.trials tbody").forEach(function (body) {
    Array.from(body.rows).slice(listed).forEach((row) => row.remove());
  });
  // What is outside the window has no layout; axe would see it above what follows it.
  const style = document.createElement("style");
  style.textContent = "*{content-visibility:visible!important}";
  document.head.append(style);
}"""
RUN = """async (options) => {
  const found = await axe.run(document, {resultTypes: ["violations", "incomplete"], ...options});
  const lines = (results) => results.flatMap((rule) => rule.nodes.map((node) =>
    [rule.id, node.target.join(" "), node.html.slice(0, 160), node.failureSummary || ""].join(" | ")));
  return lines(found.violations).concat(lines(found.incomplete.filter((rule) => rule.id !== "color-contrast")));
}"""


def unfold(tab: Tab, listed: int = LISTED) -> None:
    """Open every list and lay out the whole page, with `listed` rows in each list of trials; load axe."""
    tab.page.evaluate(SHOW, listed)
    tab.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))


def violations(tab: Tab, options: dict[str, Any] | None = None) -> list[str]:
    """Return what axe finds in an unfolded page, or cannot decide.

    axe decides no contrast of text in a drawing, or of signs that are no letters; the tests measure the contrast of every text.
    """
    return tab.page.evaluate(RUN, options or {})
