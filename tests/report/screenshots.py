"""Takes the pictures of the leaderboard page for the docs: light, dark, values, a workload, tablet, wide, phone, on paper.

``python -m tests.report.screenshots PAGE DIR`` writes the `SHOTS` to DIR; ``make screenshots`` runs it. It needs
playwright and Debian's chromium.
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


def take(browser: Any, page: Path, shot: Shot) -> bytes:
    """Return one picture of the page at `page`, as PNG."""
    context = browser.new_context(viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.theme, offline=True)
    tab = context.new_page()
    tab.goto(page.resolve().as_uri() + shot.hash)
    if shot.top:
        tab.locator(shot.top).first.evaluate("e => e.scrollIntoView()")
    tab.emulate_media(media=shot.media)
    if shot.pointed:
        box = tab.locator(shot.pointed).last.bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.locator("#tip").wait_for(state="visible")
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    context.close()
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Take all pictures; return 2 if there is no browser or no page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("directory", type=Path)
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
        for shot in SHOTS:
            path = arguments.directory / f"{shot.name}.png"
            path.write_bytes(take(browser, arguments.page, shot))
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
