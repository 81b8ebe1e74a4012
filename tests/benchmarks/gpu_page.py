"""What `docs/gpu.json` says, as Markdown for `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MARKER = "gpu"

NOT_MEASURED = "Not measured: no GPU has run `python -m tests.benchmarks.gpu` yet."


def page(results: Mapping[str, Any] | None) -> str:
    """Return the section's content: tables of what was measured, or that nothing was."""
    if not results:
        return NOT_MEASURED
    machine = results.get("machine", {})
    first = f"{machine.get('machine', 'a GPU')}, torch {machine.get('torch', '?')}, CUDA {machine.get('cuda', '?')}"
    parts = [f"{first}, driver {machine.get('driver', '?')}, {results['about']['date']}: `python -m tests.benchmarks.gpu`."]
    for name, found in results.items():
        if name not in ("about", "machine"):
            parts.append(f"**{name}**: {_reason(found)}" if _reason(found) else f"**{name}**\n\n{_table(found)}")
    return "\n\n".join(parts)


def _reason(found: Any) -> str:
    """Return why a part has no result; "" if it has one."""
    if not isinstance(found, Mapping):
        return ""
    if "failed" in found:
        return f"failed ({found['failed']})"
    return f"not measured ({found['left_out']})" if "left_out" in found else ""


def _table(found: Mapping[str, Any]) -> str:
    """Return a table with a row per entry; entries that are mappings themselves have a column per key."""
    if found and all(isinstance(value, Mapping) for value in found.values()):
        names = list(dict.fromkeys(name for value in found.values() for name in value))
        rows = [(key, *(_cell(value.get(name, "")) for name in names)) for key, value in found.items()]
        return _markdown(("", *names), rows)
    return _markdown(("", ""), [(key, _cell(value)) for key, value in found.items()])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value)) if len(value) <= 4 else f"{_cell(value[0])} to {_cell(value[-1])}"
    return " / ".join(str(value).replace("|", "\\|").splitlines())


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
