"""The leaderboard page: one self-contained HTML file, made by jinja2 from views that are already words."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.report.colours import COLOURS, DARK_COLOURS, Mark, marks
from harness.report.figures import CLOCK_LABELS, inlined
from harness.report.page.payload import payload, script_json
from harness.report.views import integrity as trust
from harness.report.views.budget import budget_view
from harness.report.views.cards import cards, summaries
from harness.report.views.clock import clock_view
from harness.report.views.panels import panels
from harness.report.views.ranking import STRIP, labels
from harness.report.views.rates import rate_drawings, rate_views
from harness.report.words import one_line, score, visible
from harness.scoring.board_parts import Board
from harness.scoring.quality_board import QualityBoard
from harness.scoring.sensitivity import RateRow

MOST_COLOURED, FEW = 12, 8
"""Submissions up to which all are in colour; beyond it the best `FEW`, and whoever is chosen, the others in grey."""
MOST_PLAIN = 60_000
"""Characters of an export up to which the page carries it as it is; beyond it compressed."""
ALWAYS_PACKED = ("trials.json",)
TEXTS = (("Markdown", "md"), ("LaTeX", "tex"))
"""Tables that the page shows as text."""


def page(
    board: Board,
    trials: pd.DataFrame,
    *,
    progress: Mapping[str, int] | None = None,
    skipped: Mapping[str, str] | None = None,
    exports: Mapping[str, str] | None = None,
    figures: bool = True,
    sensitivity: Sequence[RateRow] = (),
    others: Sequence[Board] = (),
    budget: QualityBoard | None = None,
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
        others: the same board on other clocks, for the page's switch.
        budget: the board of the budget track's trials that lie beside those of the race.
    """
    names = {*(row.name for row in board.rows), *(row.name for row in sensitivity)}
    names |= {row.name for row in budget.rows} if budget else set()
    names |= set(trials["submission"].astype(str))
    drawn = marks(names)
    told = summaries(trials)
    views = [clock_view(b, trials, drawn, told, progress=progress, skipped=skipped, figures=figures) for b in (board, *others)]
    rates = rate_drawings(sensitivity, drawn) if figures else {}
    shown = panels(trials, labels(board), board.clock, drawn, [row.name for row in board.rows], figures=figures, rates=rates)
    shown_labels = {panel.label for panel in shown}
    return render(
        "leaderboard.html.j2",
        trials,
        drawn,
        exports,
        coloured=coloured([row.name for row in board.rows], drawn),
        board=board,
        clock=CLOCK_LABELS[board.clock],
        views=views,
        rows=views[0].rows,
        labels=labels(board),
        skipped=sorted((skipped or {}).items()),
        only_skipped=[w for w in sorted(skipped or {}) if w not in labels(board)],
        panels=shown,
        figures=figures,
        cards=cards(trials, [row.name for row in board.rows], drawn),
        trust=trust.integrity(trials, board),
        strip=STRIP,
        rates=rate_views(sensitivity, drawn),
        rate_figures=[(w, inlined(d, f"rate{i}-")) for i, (w, d) in enumerate(rates.items()) if w not in shown_labels],
        budget=budget_view(budget, drawn, figures=figures) if budget else None,
        payload=script_json(payload((board, *others), trials, drawn)),
    )


def coloured(names: Sequence[str], drawn: Mapping[str, Mark]) -> list[str]:
    """Return who is in colour when the page opens: all, or the best few where there are too many; `names` are by rank."""
    return [*names, *(name for name in drawn if name not in names)] if len(drawn) <= MOST_COLOURED else list(names[:FEW])


def render(
    template: str,
    trials: pd.DataFrame,
    drawn: Mapping[str, Mark],
    exports: Mapping[str, str] | None,
    coloured: Sequence[str],
    **shown: Any,
) -> str:
    """Return a page made from `template`: what every page has (style, script, exports, machines), and what is `shown`."""
    static = {name: _text(name) for name in ("style.css", "script.js")}
    common = {
        "marks": drawn,
        "machines": sorted({visible(m) for m in trials["machine"]}),
        "versions": _versions(trials),
        "exports": [_offered(name, text) for name, text in (exports or {}).items() if not name.endswith((".md", ".tex"))],
        "texts": [(kind, (exports or {}).get(f"leaderboard.{suffix}", "")) for kind, suffix in TEXTS],
        "coloured": coloured,
        "key": [(name, drawn[name]) for name in (*coloured, *(name for name in drawn if name not in coloured))],
        "many": len(drawn) > MOST_COLOURED,
        "palette": _palette(drawn),
        "style": Markup(static["style.css"]),
        "script": Markup(static["script.js"]),
        "script_hash": base64.b64encode(hashlib.sha256(static["script.js"].encode()).digest()).decode(),
    }
    return _environment().get_template(template).render(**common, **shown)


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
        off = f"body:has(#key-{mark.index}:not(:checked))"
        own = f".line{mark.index}"
        rules.append(f"{off} .band{mark.index}{{display:none}}")
        rules.append(f"{off}:has(#grey:not(:checked)) :is({own},.name{mark.index}),{off} .pairs {own}{{display:none}}")
        rules.append(f"{off}:has(#grey:checked) .figure {own}{{filter:grayscale(1);opacity:.18!important}}")
        rules.append(f"{off}:has(#grey:checked) .name{mark.index} text{{fill:var(--soft)!important}}")
    return Markup("\n".join(rules))


def _offered(name: str, text: str) -> tuple[str, str]:
    """Return the name of a download and its address, which holds the file itself."""
    data = text.encode("utf-8", "backslashreplace")
    kind = {"json": "application/json", "csv": "text/csv"}.get(name.rsplit(".", 1)[-1], "text/plain") + ";charset=utf-8"
    if len(text) > MOST_PLAIN or name in ALWAYS_PACKED:
        # No time stamp: equal records give equal bytes.
        name, kind, data = f"{name}.gz", "application/gzip", gzip.compress(data, 9, mtime=0)
    return name, f"data:{kind};base64,{base64.b64encode(data).decode()}"


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
