"""Makes HTML from a template: the style, script, colours, key and downloads that every page has."""

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

from harness.report.colours import COLOURS, DARK_COLOURS, MOST_COLOURED, Mark
from harness.report.words import one_line, score, visible

MOST_PLAIN = 60_000
"""Characters up to which the page carries a download as it is; a longer one is compressed."""
ALWAYS_COMPRESSED = ("trials.json",)
TEXTS = (("Markdown", "md"), ("LaTeX", "tex"))
"""Tables that the page shows as text."""


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
    if len(text) > MOST_PLAIN or name in ALWAYS_COMPRESSED:
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
