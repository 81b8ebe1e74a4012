"""Takes the pictures of the leaderboard page for the docs: light, dark, values, a workload, tablet, wide, phone, on paper.

``python -m tests.report.screenshots PAGE DIR`` writes the `SHOTS` to DIR, and with ``--many`` those of a page with forty or
more rows; ``make screenshots`` and ``make screenshots-many`` run it. It needs playwright and Debian's chromium.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.report.browsing import CHROMIUM


@dataclass(frozen=True)
class Shot:
    """One picture: its name, the window in CSS pixels, the theme, the hash of the address, the element at the top.

    `pointed` is the element under the pointer; `media` "print" is the page on paper.
    """

    name: str
    width: int
    height: int
    theme: str = "light"
    hash: str = ""
    top: str = ""
    pointed: str = ""
    media: str = "screen"


SHOTS = (
    Shot("page_light", 1440, 1000),
    Shot("page_dark", 1440, 900, "dark", "#reading=time", "#ranking"),
    Shot("page_compute", 1040, 760, "light", "", "#compute", pointed="#compute .figure [class^=line] use >> visible=true"),
    Shot("page_workload", 1920, 1150, "light", "", "#workloads .panel"),
    Shot("page_tablet", 768, 1024, "dark", "#rows=wide"),
    Shot("page_phone", 390, 844),
    Shot("page_print", 1123, 794, media="print"),
)
MANY = (
    Shot("many_light", 1440, 1500),
    Shot("many_dark", 1440, 1400, "dark", "#reading=time", "#ranking"),
    Shot("many_wide", 1920, 1300, top="#ranking"),
    Shot("many_tablet", 768, 1400, "dark"),
    Shot("many_phone", 390, 1500),
    Shot("many_phone_ranking", 390, 1500, "dark", "", "#ranking"),
    Shot("many_print", 1123, 1588, media="print"),
)
"""The same of a page with forty or more rows, where rows, names and figures have least room."""

PATIENCE = 600_000
"""Milliseconds that a large page may take to load on a busy machine."""
PALETTE = 256
"""Colours of a picture: a page has few, and each picture is in every clone."""


def take(tab: Any, page: Path, shot: Shot) -> bytes:
    """Return one picture of the page at `page`, as PNG; a tab that shows the page already does not load it again."""
    tab.set_viewport_size({"width": shot.width, "height": shot.height})
    tab.emulate_media(media="screen", color_scheme=shot.theme)
    tab.mouse.move(0, 0)
    tab.goto(page.resolve().as_uri() + (shot.hash or "#"))
    tab.evaluate("scrollTo(0, 0)")
    if shot.top:
        tab.locator(shot.top).first.evaluate("e => e.scrollIntoView()")
    tab.emulate_media(media=shot.media)
    if shot.pointed:
        box = tab.locator(shot.pointed).last.bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.locator("#tip").wait_for(state="visible")
    return reduced(Image.open(io.BytesIO(tab.screenshot())))


def reduced(picture: Image.Image) -> bytes:
    """Return a picture as a PNG with a palette that keeps rare colours, such as those of thin lines."""
    out = io.BytesIO()
    colours = picture.convert("RGB").quantize(PALETTE, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    colours.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Take all pictures; return 2 if there is no browser or no page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--many", action="store_true", help="the pictures of a page with forty or more rows")
    arguments = parser.parse_args()
    if CHROMIUM is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 2
    if not arguments.page.is_file():
        print(
            f"there is no page at {arguments.page}: run `make bench` or `make report` first, or name another page with PAGE=",
            file=sys.stderr,
        )
        return 2
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(offline=True).new_page()
        tab.set_default_timeout(PATIENCE)
        for shot in MANY if arguments.many else SHOTS:
            path = arguments.directory / f"{shot.name}.png"
            path.write_bytes(take(tab, arguments.page, shot))
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
