"""Makes HTML from a template: the style, script, colours, key and downloads that every page has."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.records import FAILURES, Status
from harness.report.colours import COLOURS, DARK_COLOURS, MOST_COLOURED, in_colour
from harness.report.page.switches import switches, with_scripts, without_scripts
from harness.report.views.content import PageContent, RaceContent
from harness.report.words import one_line, score, visible

MOST_PLAIN = 60_000
"""Characters up to which the page carries a download as it is; a longer one is compressed."""
ALWAYS_COMPRESSED = ("trials.json",)
TROUBLES = (*FAILURES, Status.KILLED, Status.DIVERGED)
"""Statuses that a page says at its head in any case."""
SCRIPTS = ("script.js", "tables.js", "figures.js", "start.js")
"""Files of the page's script, in the order in which they run."""
PAPER = re.compile(r"\barXiv:(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?)|\bdoi:(?P<doi>10\.\d{4,9}/[A-Za-z0-9._/()-]*[A-Za-z0-9])", re.I)
"""How the facts of submissions and workloads name papers."""
READINGS = {"speedup": "saved"}
"""The tab of the ranking that the page opens with, by what the board ranks by; any other: "time"."""
ENDED = {Status.TIMEOUT: "ran out of time", Status.OUT_OF_MEMORY: "ran out of memory", Status.KILLED: "were killed"}
"""What trials of a status did, where the status is no verb."""
TEXTS = (("Markdown", "md"), ("LaTeX", "tex"))
"""Tables that the page shows as text."""


def render(template: str, content: PageContent, **values: Any) -> str:
    """Return the page that `template` makes of `values` and of what every page has."""
    marks, trials = content.marks, content.trials
    style, script = _template("style.css"), "\n".join(_without_comments(_template(name)) for name in SCRIPTS)
    coloured = in_colour(content.names, marks)
    boards = content.boards if isinstance(content, RaceContent) else (content.board,)
    groups = switches([board.clock for board in boards], READINGS.get(content.board.ranked_by, "time"))
    common = {
        "board": content.board,
        "figures": content.figures,
        "partial": bool(content.partial),
        "troubles": [(status, count) for status, count in content.board.trials.items() if status in TROUBLES],
        "ended": ENDED,
        "skipped": sorted(content.skipped.items()),
        "marks": marks,
        "machines": sorted({visible(machine) for machine in trials["machine"]}),
        "versions": _versions(trials),
        "downloads": [_download(name, text) for name, text in content.downloads.items() if not name.endswith((".md", ".tex"))],
        "texts": [(kind, content.downloads.get(f"leaderboard.{suffix}", "")) for kind, suffix in TEXTS],
        "coloured": coloured,
        "key": [(name, marks[name]) for name in (*coloured, *(name for name in marks if name not in coloured))],
        "many": len(marks) > MOST_COLOURED,
        "palette": _palette(),
        "switched": with_scripts(groups),
        "unscripted": without_scripts(groups, marks.values()),
        "style": Markup(style),
        "script": Markup(script),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    return _environment().get_template(template).render(**common, **values)


def _versions(trials: pd.DataFrame) -> str:
    versions = {str(e["timetrial"]) for e in trials["environment"] if isinstance(e, Mapping) and e.get("timetrial")}
    return ", ".join(sorted(versions))


def _palette() -> Markup:
    """Return the style rules for the colours, light and dark."""

    def root(colours: tuple[str, ...]) -> str:
        return "".join(f"--s{index}:{colour};" for index, colour in enumerate(colours))

    dark, places = root(DARK_COLOURS), range(len(COLOURS))
    rules = [
        f":root{{{root(COLOURS)}}}",
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}",
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}",
        *(f".c{i}{{stroke:var(--c,var(--s{i}))}}.f{i}{{fill:var(--c,var(--s{i}))}}" for i in places),
        f".figure :is({','.join(f'.c{i}' for i in places)}){{fill:none;stroke-linecap:round}}",
        ".figure [style*=dasharray]{stroke-linecap:butt}",
    ]
    return Markup("\n".join(rules))


def _download(name: str, text: str) -> tuple[str, str]:
    """Return the name of a download and its address, a data URL with the whole file."""
    data = text.encode("utf-8", "backslashreplace")
    kind = {"json": "application/json", "csv": "text/csv"}.get(name.rsplit(".", 1)[-1], "text/plain") + ";charset=utf-8"
    if len(text) > MOST_PLAIN or name in ALWAYS_COMPRESSED:
        # Without a time stamp, so that equal records give equal bytes.
        name, kind, data = f"{name}.gz", "application/gzip", gzip.compress(data, 9, mtime=0)
    return name, f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _without_comments(script: str) -> str:
    """Return a script without indents and lines that are comments: every page carries it."""
    return re.sub(r"^[ \t]*(?://.*)?\n?", "", script, flags=re.M)


@cache
def _template(name: str) -> str:
    return files("harness.report").joinpath("templates", name).read_text("utf-8")


def _finalize(value: Any) -> Any:
    """Make text visible before jinja escapes it; markup that this package made stays as it is."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _breakable(text: str) -> Markup:
    """Return a name as HTML that may break into lines after its underscores and plus signs."""
    return Markup(str(escape(visible(text))).replace("_", "_<wbr>").replace("+", "+<wbr>"))


def _linked(text: str) -> Markup:
    """Return text as HTML in which each arXiv number and DOI is a link to its page."""
    return Markup(PAPER.sub(_paper_link, str(escape(visible(text)))))


def _paper_link(match: re.Match[str]) -> str:
    site = "https://arxiv.org/abs/" if match["arxiv"] else "https://doi.org/"
    return f'<a href="{site}{match["arxiv"] or match["doi"]}" rel="noreferrer">{match[0]}</a>'


def _unbroken(text: str) -> str:
    """Return text in which no line ends between a number and its percent sign."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "score": score,
        "one_line": one_line,
        "breakable": _breakable,
        "unbroken": _unbroken,
        "linked": _linked,
    }
    return environment
