"""Calibrated entries for tests, in a file of their own instead of the installed one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.registry import calibrated, find_submission


def entry(name: str, defaults: dict[str, Any], space: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    """Return the entry of a built-in plug-in as `timetrial calibrate` writes it, as far as the registry reads it."""
    return {
        "defaults": defaults,
        "space": space or {},
        "date": "2026-11-29",
        "points": 17,
        "content_hash": find_submission(name, calibrated=False).content_hash,
        **facts,
    }


def write(path: Path, entries: Any, monkeypatch) -> Path:
    """Write entries, or any text, to a file that is read instead of the installed one."""
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    monkeypatch.setattr(calibrated, "FILE", path)
    return path
