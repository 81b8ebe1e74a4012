"""Tables and numbers as the page of the workloads prints them, and the types of what it is made from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""One workload as `timetrial list workloads --json` prints it."""

Entries = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""{workload: {size: what is stored of it}}, as in `targets.json` and `rulers.json`."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(value: Any) -> str:
    """Return a value in words: floats with four digits, the items of a list apart."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with so many digits; "none" where there is none or it is not finite."""
    return "none" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"
