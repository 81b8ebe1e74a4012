"""Texts of plug-ins in Markdown: what would be markup is escaped, and papers become links."""

from __future__ import annotations

import re

SPECIAL = re.compile(r"([\\|*_<>])")


def escaped(text: str) -> str:
    """Return text with the characters escaped that mean something in Markdown, except within `code`.

    >>> escaped("a_b < `c_d`")
    'a\\\\_b \\\\< `c_d`'
    """
    parts = text.split("`")
    return "`".join(part if index % 2 else SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts))


def linked(text: str) -> str:
    """Return text, escaped, in which numbers of arXiv are links."""
    return re.sub(r"arXiv:(\d{4}\.\d{5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", escaped(text))
