"""`timetrial list`: submissions, workloads and suites, without torch."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean

KINDS = ("submissions", "workloads", "suites")


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="submissions, workloads or suites")],
    as_json: Annotated[bool, typer.Option("--json", help="an array of objects, each with its name and facts")] = False,
    docs: Annotated[Path | None, typer.Option(help="write the page and the figure of workloads or submissions here")] = None,
) -> int:
    """List what can be raced, over what."""
    if what not in KINDS:
        raise BadInput(f"cannot list '{what}'{did_you_mean(what, KINDS)}")
    if docs is not None:
        if what == "suites":
            raise BadInput("--docs writes a page of workloads or of submissions, not of suites: leave one out")
        return _write_docs(docs) if what == "workloads" else _write_schedules(docs)
    rows = {"submissions": _submissions, "workloads": _workloads, "suites": _suites}[what]()
    if as_json:
        from harness.records import plain

        print(json.dumps(plain(rows), indent=1, allow_nan=False))
        return 0
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['name']:<{width}}  {row['line']}")
    return 0


def _submissions() -> list[dict[str, Any]]:
    from harness.registry import all_submissions

    rows = []
    for submission in all_submissions():
        facts = dict(submission.facts)
        gone = facts.get("unavailable")
        facts["line"] = f"{submission.kind:<9}  {f'unavailable: {gone}' if gone else facts.get('summary', '')}"
        rows.append({**facts, "name": submission.name})
    return rows


def _workloads() -> list[dict[str, Any]]:
    from harness.registry import all_workloads

    return [_workload(kind) for kind in all_workloads()]


def _workload(kind: Any) -> dict[str, Any]:
    from dataclasses import asdict

    sizes = {name: asdict(kind(name).settings) for name in kind.sizes}
    variants = {
        name: {**_plain(overrides), "target": {size: kind(size, name).settings.target for size in kind.sizes}}
        for name, overrides in kind.variants.items()
    }
    return {
        "name": kind.name,
        "summary": kind.summary,
        "description": inspect.getdoc(kind) or kind.summary,
        "version": kind.version,
        "algoperf": kind.algoperf,
        "metric": kind.metric,
        "lower_is_better": kind.lower_is_better,
        "data": asdict(kind.data),
        "sizes": sizes,
        "variants": variants,
        "line": f"{'/'.join(sizes):<12}  {kind.summary}",
    }


def _write_docs(directory: Path) -> int:
    """Write the page of the built-in workloads, from code, `targets.json` and what was measured of the laptop suite."""
    from harness.contracts.workloads import targets_file
    from harness.records import plain
    from harness.registry import all_workloads
    from harness.report.docs.workloads import response_figure, workloads_markdown
    from harness.results import write_atomically

    kinds = [kind for kind in all_workloads() if kind.__module__.startswith("workloads.")]
    files = {targets_file(kind) for kind in kinds}
    entries = {name: sizes for path in sorted(files) if path.exists() for name, sizes in json.loads(path.read_text()).items()}
    measured = [directory / f"laptop_{name}.json" for name in ("board", "trials")]
    board, trials = (json.loads(path.read_text(encoding="utf-8")) if path.exists() else None for path in measured)
    rows = [plain(_workload(kind)) for kind in kinds]
    write_atomically(directory / "workloads.md", workloads_markdown(rows, entries, board, trials))
    write_atomically(directory / "workloads.svg", response_figure(entries))
    print(f"{directory / 'workloads.md'}, {directory / 'workloads.svg'}")
    return 0


def _write_schedules(directory: Path) -> int:
    """Write the page of the built-in schedules and procedures, and the gallery of the schedules' shapes."""
    from harness.registry import all_submissions
    from harness.report.docs.gallery import gallery_figure
    from harness.report.docs.schedules import schedules_markdown
    from harness.results import write_atomically

    ours = [found for found in all_submissions() if str(found.facts["source"]).startswith("submissions.")]
    rows = [{**found.facts, "description": _docstring(found.plugins[-1])} for found in ours]
    write_atomically(directory / "schedules.md", schedules_markdown(rows))
    write_atomically(directory / "schedules.svg", gallery_figure([found.schedule for found in ours if found.schedule]))
    print(f"{directory / 'schedules.md'}, {directory / 'schedules.svg'}")
    return 0


def _docstring(plugin: Any) -> str:
    return inspect.getdoc(getattr(plugin, "function", plugin)) or ""


def _plain(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    from dataclasses import asdict, is_dataclass

    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in overrides.items()
    }


def _suites() -> Sequence[dict[str, Any]]:
    from harness.registry import suites

    return [
        {"name": name, "workloads": list(names), "line": ", ".join(names) or "(none yet)"} for name, names in suites().items()
    ]
