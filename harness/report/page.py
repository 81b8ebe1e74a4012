"""The leaderboard page: one self-contained HTML file, made by jinja2 from views that are already words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.report import integrity as trust
from harness.report.cards import cards, summaries
from harness.report.colours import COLOURS, DARK_COLOURS, Mark, marks
from harness.report.figures import CLOCK_LABELS, profile_figure
from harness.report.pairs import matrix
from harness.report.panels import panels
from harness.report.ranking import STRIP, labels, ranking
from harness.report.rates import rate_figures, rate_views
from harness.report.words import one_line, score, visible
from harness.scoring.entries import Board
from harness.scoring.sensitivity import RateRow

MAX_MATRIX = 24
"""Submissions up to which the matrix of pairs is shown."""


def page(
    board: Board,
    trials: pd.DataFrame,
    *,
    progress: Mapping[str, int] | None = None,
    skipped: Mapping[str, str] | None = None,
    exports: Mapping[str, str] | None = None,
    figures: bool = True,
    sensitivity: Sequence[RateRow] = (),
) -> str:
    """Return the page of `board` as HTML.

    Args:
        board: from `harness.scoring.board.score_board`.
        trials: what it was made from, in a fixed order.
        progress: {"done", "planned"} of a run that still goes on.
        skipped: workloads that did not run, with the reason.
        exports: {file name: text}, offered for download from the page itself.
        figures: draw the figures; without them the page is made in a fraction of the time.
        sensitivity: from the trials of ``--sensitivity`` that lie beside those of the race.
    """
    names = {*(row.name for row in board.rows), *(row.name for row in sensitivity), *trials["submission"].astype(str)}
    drawn = marks(names)
    return render(
        "leaderboard.html.j2",
        trials,
        drawn,
        exports,
        board=board,
        clock=CLOCK_LABELS[board.clock],
        rows=ranking(board, drawn, summaries(trials), skipped),
        labels=labels(board),
        skipped=sorted((skipped or {}).items()),
        only_skipped=[w for w in sorted(skipped or {}) if w not in labels(board)],
        warnings=trust.warnings(trials, board, progress),
        profiles=profile_figure(board.profiles, drawn, prefix="profile-") if figures and board.profiles else "",
        matrix=matrix(board) if board.pairs and 1 < len(board.rows) <= MAX_MATRIX else [],
        panels=panels(trials, labels(board), board.clock, drawn, figures=figures),
        figures=figures,
        cards=cards(trials, [row.name for row in board.rows], drawn),
        trust=trust.integrity(trials, board),
        strip=STRIP,
        levels=_levels(board),
        rates=rate_views(sensitivity, drawn),
        rate_figures=rate_figures(sensitivity, drawn) if figures else [],
    )


def render(
    template: str, trials: pd.DataFrame, drawn: Mapping[str, Mark], exports: Mapping[str, str] | None, **shown: Any
) -> str:
    """Return a page made from `template`: what every page has (style, script, exports, machines), and what is `shown`."""
    static = {name: _text(name) for name in ("style.css", "script.js")}
    common = {
        "marks": drawn,
        "machines": sorted({visible(m) for m in trials["machine"]}),
        "versions": _versions(trials),
        "exports": [(name, _data_address(name, text)) for name, text in (exports or {}).items()],
        "markdown": (exports or {}).get("leaderboard.md", ""),
        "palette": _palette(drawn),
        "style": Markup(static["style.css"]),
        "script": Markup(static["script.js"]),
        "script_hash": base64.b64encode(hashlib.sha256(static["script.js"].encode()).digest()).decode(),
    }
    return _environment().get_template(template).render(**common, **shown)


def _levels(board: Board) -> list[str]:
    """Return what the ranges of the cells are, in words: one entry where it is the same everywhere."""
    return sorted({cell.level for row in board.rows for cell in row.cells.values() if cell.studies and cell.level})


def _versions(trials: pd.DataFrame) -> str:
    found = {str(e["timetrial"]) for e in trials["environment"] if isinstance(e, Mapping) and e.get("timetrial")}
    return ", ".join(sorted(found))


def _palette(drawn: Mapping[str, Mark]) -> Markup:
    """Return the style rules that give colours their light and dark values and let the key hide a submission."""

    def root(colours: tuple[str, ...]) -> str:
        return "".join(f"--s{index}:{colour};" for index, colour in enumerate(colours))

    dark = root(DARK_COLOURS)
    rules = [
        f":root{{{root(COLOURS)}}}",
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}",
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}",
    ]
    for mark in drawn.values():
        rules.append(f"body:has(#key-{mark.index}:not(:checked)) .line{mark.index}{{display:none}}")
    return Markup("\n".join(rules))


def _data_address(name: str, text: str) -> str:
    kind = {"json": "application/json", "csv": "text/csv"}.get(name.rsplit(".", 1)[-1], "text/plain")
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode('utf-8', 'backslashreplace')).decode()}"


@cache
def _text(name: str) -> str:
    return files("harness.report").joinpath("templates", name).read_text("utf-8")


def _shown(value: Any) -> Any:
    """Make text visible before it is escaped; markup that is ours passes."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _breakable(text: str) -> Markup:
    """Let a line break after the underscores of a name."""
    return Markup(str(escape(visible(text))).replace("_", "_<wbr>"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"score": score, "one_line": one_line, "breakable": _breakable}
    return environment
