"""`timetrial list`: submissions, workloads, suites and the classes of libraries, without torch."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.app import app, plain_line
from harness.cli.paths import check_directory
from harness.contracts.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from harness.contracts.workloads import Workload

KINDS = ("submissions", "workloads", "suites", "libraries")


@app.command("list")
def list_(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="submissions, workloads, suites or libraries")],
    as_json: Annotated[bool, typer.Option("--json", help="print an array of objects, each with a name and its facts")] = False,
    docs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="write the documentation pages and figures of workloads or submissions to DIR"),
    ] = None,
) -> int:
    """List submissions, workloads, suites, or the optimizers and schedulers of torch and pytorch_optimizer."""
    if kind not in KINDS:
        raise BadInput(f"cannot list '{kind}'{did_you_mean(kind, KINDS)}")
    if docs is not None:
        check_directory("--docs", docs)
        return _write_docs(kind, docs)
    makers = {"submissions": submission_rows, "workloads": workload_rows, "suites": suite_rows, "libraries": library_rows}
    rows = makers[kind]()
    if as_json:
        from harness.canonical import plain

        print(json.dumps(plain(rows), indent=1, allow_nan=False))
        return 0
    from harness.report.words import one_line

    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['name']:<{width}}  {one_line(row['line'])}")
    return 0


def submission_rows() -> list[dict[str, Any]]:
    """Return the name, the facts and the printed line of each submission; the broken ones last, with the reason as "broken"."""
    from harness.registry import all_submissions

    rows = []
    for submission in all_submissions():
        text = submission.facts.get("summary", "")
        if "broken" in submission.facts:
            rows.append(broken_row(submission.name, submission.facts))
        else:
            rows.append({**submission.facts, "name": submission.name, "line": f"{submission.kind:<9}  {text}"})
    return sorted(rows, key=lambda row: "broken" in row)


def broken_row(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a plug-in that cannot be used; its `facts` say why as "broken"."""
    reason = plain_line(str(facts["broken"]))
    return {**facts, "name": plain_line(name), "broken": reason, "line": f"broken: {reason}"}


def workload_rows() -> list[dict[str, Any]]:
    """Return the name, the facts and the printed line of each workload; the broken ones last, with the reason as "broken"."""
    from harness.registry import all_workloads, broken_workloads

    rows = [workload_row(workload) for workload in all_workloads()]
    return rows + [broken_row(item.name, {"broken": str(item.reason)}) for item in broken_workloads()]


def workload_row(workload: type[Workload]) -> dict[str, Any]:
    """Return the name, the facts and the printed line of one workload."""
    from dataclasses import asdict

    sizes = {name: asdict(workload(name).size) for name in workload.sizes}
    variants = {
        name: {**_as_dicts(overrides), "target": {size: workload(size, name).size.target for size in workload.sizes}}
        for name, overrides in workload.variants.items()
    }
    costs = {name: _cost(workload(name)) for name in workload.sizes}
    own = next((_cost_words(sizes[name], cost) for name, cost in costs.items() if sizes[name]["precision"] == "bfloat16"), "")
    return {
        "name": workload.name,
        "summary": workload.summary,
        "description": inspect.getdoc(workload) or workload.summary,
        "version": workload.version,
        "algoperf": workload.algoperf,
        "metric": workload.metric,
        "lower_is_better": workload.lower_is_better,
        "data": asdict(workload.data),
        "sizes": sizes,
        "variants": variants,
        "costs": costs,
        "line": f"{'/'.join(sizes):<12}  {workload.summary}{own}",
    }


def _cost(workload: Workload) -> dict[str, Any]:
    """Return the counted operations of a budget, and how long a stated GPU is expected to take for them; {} if unknown."""
    from harness.forecast.device_time import STATED
    from harness.registry.costs import flops_per_example

    flops, size = flops_per_example(workload), workload.size
    if flops is None:
        return {}
    seconds = size.budget / size.batch_size * STATED.step_seconds(flops * size.batch_size, size.precision)
    return {"flops": flops * size.budget, "device": STATED.name, "basis": STATED.words(size.precision), "seconds": seconds}


def _cost_words(size: Mapping[str, Any], cost: Mapping[str, Any]) -> str:
    """Return what a budget at a size for a GPU costs, in words."""
    if not cost:
        return ""
    minutes = f"about {cost['seconds'] / 60:.0f} min on one {cost['device']}"
    return f" [{size['parameters'] / 1e6:.1f} M parameters, {cost['flops'] / 1e15:.3g} PFLOP per budget, {minutes}]"


def suite_rows() -> list[dict[str, Any]]:
    """Return the name, the workloads and the printed line of each suite."""
    from harness.registry import suites

    return [
        {"name": name, "workloads": names, "line": ", ".join(names) or "(no workloads)"} for name, names in suites().items()
    ]


def library_rows() -> list[dict[str, Any]]:
    """Return the name, the facts and the printed line of each class of torch and pytorch_optimizer, from the table of them."""
    from harness.registry.libraries import all_rows

    return [{**row.facts(), "line": row.line} for row in all_rows().values()]


def _as_dicts(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    from dataclasses import asdict, is_dataclass

    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in overrides.items()
    }


def _write_docs(kind: str, directory: Path) -> int:
    from harness.cli.list_docs import write_optimizers_page, write_schedules_page, write_workloads_page

    if kind in ("suites", "libraries"):
        raise BadInput(f"--docs writes a page of workloads or of submissions; there is none of {kind}")
    writers = (write_workloads_page,) if kind == "workloads" else (write_schedules_page, write_optimizers_page)
    print(", ".join(str(path) for write in writers for path in write(directory)))
    return 0
