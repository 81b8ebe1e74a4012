"""A card per submission: its facts, its source, the shape of its learning rate, and the command that runs it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from harness.report.colours import Mark
from harness.report.figures.race_lines import RaceLine, evenly_spaced, race_lines
from harness.report.views.content import PageContent
from harness.report.views.facts import hyperparameter_text, recorded_fact, trial_with_facts
from harness.report.words import visible
from harness.rules import ruleset

MAX_SOURCE = 24_000
"""Most characters of a source on a card; the content hash identifies the whole source."""

SPARK = (120.0, 32.0)
"""Width and height of the sparkline of the learning rate."""

SPARK_POINTS = 60
"""Most points of the sparkline."""


@dataclass(frozen=True)
class Card:
    """One submission.

    Attributes:
        anchor: id of the card.
        mark: colour and dashes of the submission.
        name, summary: of the submission.
        facts: (name, text) pairs.
        source: as highlighted HTML.
        source_cut: whether the source is longer than the card shows.
        content_hash: of the source.
        spark: points of the sparkline of the learning rate, or "".
        spark_workload: the workload that the sparkline is from.
        command: what runs the submission again; "" if it is imported.
        imported: whose logs an imported submission comes from, or "".
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
    spark_workload: str
    command: str
    imported: str


def submission_cards(content: PageContent) -> list[Card]:
    """Return a card per submission that has trials, best first, from the facts that the records carry."""
    groups = {str(name): trials for name, trials in content.trials.groupby("submission", sort=True)}
    return [_card(groups[name], name, content.marks[name]) for name in content.names if name in groups]


def _card(trials: pd.DataFrame, name: str, mark: Mark) -> Card:
    row = trial_with_facts(trials)
    source = str(recorded_fact(row, "submission", "code"))
    imported = str(recorded_fact(row, "imported", "from"))
    spark, spark_workload = _spark(trials)
    return Card(
        anchor=mark.anchor,
        mark=mark,
        name=name,
        summary=str(recorded_fact(row, "submission", "summary")),
        facts=_facts(row, imported),
        source=highlighted(source[:MAX_SOURCE]),
        source_cut=len(source) > MAX_SOURCE,
        content_hash=str(recorded_fact(row, "submission", "content_hash")),
        spark=spark,
        spark_workload=spark_workload,
        command="" if imported else _command(name, row, trials["study"].nunique()),
        imported=imported,
    )


def _facts(row: Any, imported: str) -> tuple[tuple[str, str], ...]:
    """Return (name, text) pairs; a fact that a plug-in leaves out is "none", one that no record can know is left out."""
    kind = recorded_fact(row, "submission", "kind")
    plugin = bool(kind) and not imported

    def stated(name: str, otherwise: str) -> object:
        return recorded_fact(row, "submission", name) or (otherwise if plugin else "")

    hyperparameters = hyperparameter_text(recorded_fact(row, "submission", "hyperparameters"))
    pairs = (
        ("kind", kind),
        ("paper", stated("paper", "none named")),
        ("anytime", _yes_or_no(recorded_fact(row, "submission", "anytime"))),
        ("extra cost per step", stated("cost", "none")),
        ("own hyperparameters", hyperparameters or ("none" if plugin else "")),
        ("defaults", recorded_fact(row, "submission", "defaults_from")),
        ("search space", hyperparameter_text(recorded_fact(row, "submission", "space"))),
        ("differs from its source", stated("deviation", "its author states no difference")),
    )
    return tuple((title, str(text)) for title, text in pairs if text != "")


def _command(name: str, row: Any, studies: int) -> str:
    """Return the command that runs a submission again on this board's suite: two lines, the first one continued."""
    first = shlex.join(["timetrial", "run", "-s", visible(name)])
    return f"{first} \\\n  {shlex.join([*_board_options(row), '--studies', str(studies)])}"


def _board_options(row: Any) -> list[str]:
    return [*ruleset(str(row.track)).options, "--suite", str(row.suite)]


def highlighted(source: str) -> Markup:
    """Return Python source as HTML: escaped, with each token in a span that has a class."""
    if not source.strip():
        return Markup()
    try:
        return Markup(highlight(visible(source), PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n"))
    except RecursionError:
        return Markup(escape(visible(source)))


def _yes_or_no(anytime: object) -> str:
    return "yes: ignores the horizon" if anytime is True else "no: needs the horizon" if anytime is False else ""


def _spark(trials: pd.DataFrame) -> tuple[str, str]:
    """Return the points of the sparkline, and its workload: the first one on which a median study has a learning rate."""
    traced = trials[~trials["held_out"].astype(bool) & trials["learning_rates"].map(len).gt(0)]
    for label, rows in traced.groupby("workload", sort=True):
        for line in race_lines(rows, "examples"):
            if line.median and len(line.rate_x) > 1:
                return _points(line), str(label)
    return "", ""


def _points(line: RaceLine) -> str:
    width, height = SPARK
    chosen = evenly_spaced(len(line.rate_x), SPARK_POINTS)
    x, y = line.rate_x[chosen], line.rate_y[chosen]
    x = 2 + (width - 4) * (x - x[0]) / ((x[-1] - x[0]) or 1.0)
    y = height - 2 - (height - 4) * y / (y.max() or 1.0)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
