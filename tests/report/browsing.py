"""A page in headless Chromium, opened from the file system with the network cut; what it logs and asks for is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Tab:
    """A page with what went wrong on it: console errors, uncaught exceptions, requests for anything but the file itself."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.troubles: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url[:80]}"))
        page.on("request", lambda request: self._judge(request.url))
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _judge(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            self.troubles.append(f"asked for {url[:80]}")

    def open(self, path: Path, hash: str = "") -> Tab:
        """Load the file afresh with this hash."""
        self.page.goto("about:blank")
        self.page.goto(path.as_uri() + hash)
        return self

    def names(self) -> list[str]:
        """The submissions in the order in which the visible ranking shows them."""
        return self.page.evaluate(
            """() => Array.from(document.querySelectorAll("table.ranking")).filter(t => t.offsetParent)
            .flatMap(t => Array.from(t.tBodies[0].rows)).filter(r => r.offsetHeight).map(r => r.cells[1].dataset.v)"""
        )

    def hash(self) -> str:
        """What the address says of the view."""
        return str(self.page.evaluate("location.hash"))


@contextmanager
def browser() -> Iterator[Any]:
    """A browser; the test is skipped, by name, where there is no playwright or no Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with api.sync_playwright() as play:
        # No sandbox: tests run as root in containers, and the page is ours.
        shown = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield shown
        finally:
            shown.close()


@contextmanager
def tab(shown: Any, **options: Any) -> Iterator[Tab]:
    """A fresh tab of the browser, offline."""
    context = shown.new_context(offline=True, **options)
    try:
        yield Tab(context.new_page())
    finally:
        context.close()
