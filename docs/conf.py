"""Sphinx builds the site from these Markdown pages and the docstrings: `make site`. It needs no network and no torch."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

project = METADATA["name"]
author = copyright = "the timetrial authors"
release = version = METADATA["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

# Anchors as a code host makes them, so that one link serves both.
myst_heading_anchors = 4
myst_links_external_new_tab = True

# Docstrings are Google style; single backticks in them are code. Fields are shown as they are written, since one line may
# describe several ("low, high: ..."), which Sphinx's own fields take for a type and a name.
default_role = "code"
napoleon_numpy_docstring = False
napoleon_use_param = False
napoleon_custom_sections = [("Attributes", "params_style")]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"timetrial {release}"
html_copy_source = False
html_show_copyright = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app: Sphinx) -> None:
    """Mend what the extensions make of these sources."""
    app.connect("source-read", add_decisions)
    app.connect("autodoc-process-signature", readable_defaults)
    app.connect("autodoc-process-docstring", keep_summary, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", restore_summary, priority=600)  # after it


def add_decisions(_: Sphinx, page: str, source: list[str]) -> None:
    """Put the decisions under their index, without a directive in the page, which a code host would show as text."""
    if page == "decisions/README":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def readable_defaults(_: Sphinx, *event: Any) -> tuple[str | None, str | None]:
    """Return signature and result, with a dataclass's factories as ``...``: as ``<factory>`` no signature can be parsed."""
    *_, signature, result = event
    return (signature.replace("<factory>", "...") if signature else signature), result


SUMMARIES: dict[str, list[str]] = {}
"""Docstrings of attributes with a colon in their first line, by name: napoleon takes what stands before it for a type."""


def keep_summary(_: Sphinx, what: str, name: str, *event: Any) -> None:
    """Keep the docstring of an attribute as it was written."""
    *_, lines = event
    if what in ("property", "attribute", "data") and lines and ":" in lines[0]:
        SUMMARIES[name] = list(lines)


def restore_summary(_: Sphinx, what: str, name: str, *event: Any) -> None:
    """Put it back."""
    *_, lines = event
    lines[:] = SUMMARIES.pop(name, lines)
