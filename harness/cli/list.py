"""`timetrial list`: submissions, workloads and suites, without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from harness.cli.app import app
from harness.contracts.errors import BadInput, did_you_mean

KINDS = ("submissions", "workloads", "suites")


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="submissions, workloads or suites")],
    as_json: Annotated[bool, typer.Option("--json", help="an array of objects, each with its name and facts")] = False,
) -> int:
    """List what can be raced, over what."""
    if what not in KINDS:
        raise BadInput(f"cannot list '{what}'{did_you_mean(what, KINDS)}")
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
        "version": kind.version,
        "algoperf": kind.algoperf,
        "metric": kind.metric,
        "lower_is_better": kind.lower_is_better,
        "data": asdict(kind.data),
        "sizes": sizes,
        "variants": variants,
        "line": f"{'/'.join(sizes):<12}  {kind.summary}",
    }


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
