"""Tables and numbers as the pages in docs/ print them."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, the first column aligned to the left, the others to the right."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def span(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return ``low to high``, or a dash where there is no interval."""
    return "-" if low is None or high is None else f"{low:.{digits}f} to {high:.{digits}f}"


def p_value(p: float | None) -> str:
    """Return a p-value with three digits, or a dash where there was no test."""
    return "-" if p is None else "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"
