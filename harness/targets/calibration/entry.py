"""Writes the result of a calibration: an entry of `calibrated.json`, and what to write into a plug-in's own file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.canonical import json_lines, plain
from harness.contracts.optimizers import CLIP
from harness.contracts.spaces import Choice, Range, range_to_json
from harness.registry import calibrated, parse_name, with_settings
from harness.registry.settings import canonical_value
from harness.results import write_atomically
from harness.targets.calibration.run import Calibration

DEPTH = 3
"""Mappings down to this level are written with one key per line."""


def entry_of(result: Calibration) -> dict[str, Any]:
    """Return the entry of a calibrated plug-in, as JSON types: what replaces its declared facts, and where that comes from."""
    subject, first = result.subject, result.records[0]
    content: dict[str, Any] = plain(
        {
            "defaults": result.defaults,
            "space": {name: range_to_json(item) for name, item in result.space.items()},
            "schedule": subject.schedule,
            "points": len(result.points),
            "stages": [stage.to_json(result.chosen) for stage in result.stages],
            "budgets": round(result.budgets, 1),
            "seconds": round(result.seconds, 1),
            "date": max(record.created for record in result.records)[: len("2026-11-29")],
            "machine": first.environment.get("machine", ""),
            "versions": {**first.spec.libraries, "timetrial": first.environment.get("timetrial", "")},
            "content_hash": subject.plugin.content_hash,
        }
    )
    return content


def write_calibrated(result: Calibration) -> Path:
    """Write the entry of a built-in plug-in into `calibrated.json` and return the path; other entries stay.

    Raises:
        BadInput: the file is damaged.
        OSError: it cannot be written; it is unchanged.
    """
    entries = {**present_entries(), result.subject.name: entry_of(result)}
    write_atomically(calibrated.FILE, json_lines(entries, DEPTH, sort_keys=True) + "\n")
    return calibrated.FILE


def present_entries() -> Mapping[str, Any]:
    """Return the entries that `calibrated.json` has.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        return calibrated.read_entries(calibrated.FILE)
    except ValueError as error:
        raise calibrated.damaged(calibrated.FILE, error) from None


def plugin_text(result: Calibration) -> str:
    """Return the defaults and the space as Python, to be pasted into the declaration of the plug-in."""
    optimizer = result.subject.plugin.optimizer
    declared = optimizer.defaults if optimizer is not None else result.subject.plugin.defaults
    defaults = {**declared, **result.subject.plugin.given, **result.defaults}
    if defaults.get(CLIP) == 0:
        del defaults[CLIP]  # every optimizer has it without declaring it
    separator = "=" if optimizer is not None else " = "
    end = "," if optimizer is not None else ""
    return f"defaults{separator}{_mapping(defaults, repr)}{end}\nspace{separator}{_mapping(result.space, _range_text)}{end}"


def name_with_defaults(result: Calibration) -> str:
    """Return the name under which a plug-in without a file, a library's, is raced with the result: ``NAME:key=value,...``."""
    typed = parse_name(result.subject.plugin.name)[0]
    chosen = {key: canonical_value(str(value)) for key, value in result.defaults.items()}
    return with_settings(typed.head, dict(sorted({**typed.settings, **chosen}.items())))


def _mapping(values: Mapping[str, Any], text: Any) -> str:
    lines = "".join(f'    "{name}": {text(value)},\n' for name, value in values.items())
    return f"{{\n{lines}}}" if lines else "{}"


def _range_text(item: Range) -> str:
    values = item.options if isinstance(item, Choice) else (item.low, item.high)
    return f"{type(item).__name__}({', '.join(map(repr, values))})"
