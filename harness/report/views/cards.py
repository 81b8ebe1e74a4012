"""A card for each submission: what it is, its source, its learning rate's shape, and how to run it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from harness.report.colours import Mark
from harness.report.figures.race_lines import Line, lines
from harness.report.views.panels import fact, settings, told
from harness.report.words import visible
from harness.rules import ruleset

MAX_SOURCE = 24_000
"""Characters of a source that are shown; the hash tells the whole."""

SPARK = (120.0, 32.0)
"""Width and height of the learning rate's sparkline."""


@dataclass(frozen=True)
class Card:
    """One submission as shown; `facts` are (name, text) pairs, `spark` the points of a polyline or empty.

    `imported` says whose logs it comes from; then there is no `command` that runs it again.
    """

    anchor: str
    mark: Mark
    name: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    source: Markup
    source_cut: bool
    content_hash: str
    spark: str
    spark_of: str
    command: str
    imported: str


def cards(trials: pd.DataFrame, names: list[str], marks: Mapping[str, Mark]) -> list[Card]:
    """Return a card for each of `names`, in that order, from the facts that its first record carries."""
    groups = {str(name): rows for name, rows in trials.groupby("submission", sort=True)}
    return [_card(groups[name], name, marks[name]) for name in names if name in groups]


def summaries(trials: pd.DataFrame) -> dict[str, str]:
    """Return each submission's one-line description."""
    return {str(name): str(fact(told(rows), "submission", "summary")) for name, rows in trials.groupby("submission", sort=True)}


def _card(trials: pd.DataFrame, name: str, mark: Mark) -> Card:
    row = told(trials)
    source = str(fact(row, "submission", "code"))
    imported = str(fact(row, "imported", "from"))
    spark, spark_of = _spark(trials)
    plugged = bool(fact(row, "submission", "kind")) and not imported  # else nobody could have told
    known = (
        ("kind", fact(row, "submission", "kind")),
        ("paper", fact(row, "submission", "paper") or ("none named" if plugged else "")),
        ("anytime", _yes_or_no(fact(row, "submission", "anytime"))),
        ("extra cost a step", fact(row, "submission", "cost") or ("none" if plugged else "")),
        ("own hyperparameters", settings(fact(row, "submission", "hyperparameters")) or ("none" if plugged else "")),
        ("search space", settings(fact(row, "submission", "space"))),
        ("differs from its source", fact(row, "submission", "deviation") or ("not that its author says" if plugged else "")),
    )
    return Card(
        anchor=mark.anchor,
        mark=mark,
        name=name,
        summary=str(fact(row, "submission", "summary")),
        facts=tuple((title, str(text)) for title, text in known if text != ""),
        source=highlighted(source[:MAX_SOURCE]),
        source_cut=len(source) > MAX_SOURCE,
        content_hash=str(fact(row, "submission", "content_hash")),
        spark=spark,
        spark_of=spark_of,
        command="" if imported else _command(name, row, trials["study"].nunique()),
        imported=imported,
    )


def _command(name: str, row: Any, studies: int) -> str:
    """Return what runs a submission again on this board's suite, in two lines that a shell takes for one."""
    first = shlex.join(["timetrial", "run", "-s", visible(name)])
    return f"{first} \\\n  {shlex.join([*_board_of(row), '--studies', str(studies)])}"


def _board_of(row: Any) -> list[str]:
    return [*ruleset(str(row.track)).options, "--suite", str(row.suite)]


def highlighted(source: str) -> Markup:
    """Return Python source as HTML: escaped, its tokens in classed spans."""
    if not source.strip():
        return Markup()
    try:
        return Markup(highlight(visible(source), PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n"))
    except RecursionError:
        return Markup(escape(visible(source)))


def _yes_or_no(anytime: object) -> str:
    return "yes: ignores the horizon" if anytime is True else "no: needs the horizon" if anytime is False else ""


def _spark(trials: pd.DataFrame) -> tuple[str, str]:
    """Return the learning rate of the median study's winner on the first workload, as points, and where it is from."""
    traced = trials[~trials["held_out"].astype(bool) & trials["learning_rates"].map(len).gt(0)]
    for label, rows in traced.groupby("workload", sort=True):
        for line in lines(rows, "examples"):
            if line.median and len(line.rate_x) > 1:
                return _points(line), str(label)
    return "", ""


def _points(line: Line) -> str:
    width, height = SPARK
    pick = np.unique(np.linspace(0, len(line.rate_x) - 1, 60).round().astype(int))
    x, y = line.rate_x[pick], line.rate_y[pick]
    x = 2 + (width - 4) * (x - x[0]) / ((x[-1] - x[0]) or 1.0)
    y = height - 2 - (height - 4) * y / (y.max() or 1.0)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
