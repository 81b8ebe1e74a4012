"""Reads back what a page offers for download: a page carries its board, so that none needs to lie beside it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOWNLOAD = re.compile(r'<a download="(?P<name>[^"]+)" href="data:[^",]*;base64,(?P<data>[A-Za-z0-9+/=]*)"')


def downloads_of(page: str) -> dict[str, str]:
    """Return {file name, without the .gz of compressed ones: text} of what a page of `harness.report.page.render` offers.

    The page is trusted: nothing bounds what a compressed file expands to.
    """
    found = {}
    for match in DOWNLOAD.finditer(page):
        name, data = match["name"], base64.b64decode(match["data"])
        found[name.removesuffix(".gz")] = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")
    return found


def board_of_a_page(directory: Path, track: str, suite: str) -> Mapping[str, Any] | None:
    """Return the content of the `leaderboard.json` that a page in a directory offers, of a track and suite, or None."""
    for path in sorted(directory.glob("*.html")):
        offered = downloads_of(path.read_text(encoding="utf-8"))
        board: dict[str, Any] = json.loads(offered.get("leaderboard.json", "{}"))
        if (board.get("track"), board.get("suite")) == (track, suite):
            return board
    return None
