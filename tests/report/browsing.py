"""A page in headless Chromium, opened as a file without a network; its errors and requests are recorded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Tab:
    """A page and its troubles: console errors, uncaught exceptions, dialogs, requests for anything but the file itself."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.troubles: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url[:80]}"))
        page.on("request", lambda request: self._check_request(request.url))
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _check_request(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            self.troubles.append(f"request for {url[:80]}")

    def open(self, path: Path, hash: str = "") -> Tab:
        """Load the file again, with `hash` in its address."""
        self.page.goto("about:blank")
        self.page.goto(path.as_uri() + hash)
        return self

    def names(self) -> list[str]:
        """Return the submissions in the order of the visible ranking."""
        return self.page.evaluate(
            """() => Array.from(document.querySelectorAll("table.ranking")).filter(t => t.offsetParent)
            .flatMap(t => Array.from(t.tBodies[0].rows)).filter(r => r.offsetHeight).map(r => r.cells[1].dataset.v)"""
        )

    def hash(self) -> str:
        """Return the hash of the address, which holds the view."""
        return str(self.page.evaluate("location.hash"))


@contextmanager
def browser() -> Iterator[Any]:
    """Start a browser; a test that needs it is skipped, with the reason, where playwright or Chromium is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with api.sync_playwright() as play:
        # Without a sandbox, because tests may run as root in a container; the page is made by the tests.
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def tab(browser: Any, **options: Any) -> Iterator[Tab]:
    """Open an offline tab that shares nothing with other tabs."""
    context = browser.new_context(offline=True, **options)
    try:
        yield Tab(context.new_page())
    finally:
        context.close()
