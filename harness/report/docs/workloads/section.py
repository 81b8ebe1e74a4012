"""One workload on the page: its description, data, sizes, recipes, variants and rulers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report.docs.workloads.markdown import Row, number, plain, table
from harness.report.docs.workloads.rulers import ruler_values


def section(row: Row, entries: Mapping[str, Mapping[str, Any]], rulers: Mapping[str, Mapping[str, Any]]) -> str:
    """Return everything about one workload; `entries` are its targets and `rulers` its rulers, by size."""
    data = row["data"]
    lines = [
        f"### `{row['name']}`",
        row["description"],
        f"Data: {data['source']}. Licence: {data['licence']}. Citation: {data['citation']}.",
    ]
    head = ("size", "parameters", "steps × batch", "evaluations", "validation examples", "target", "reference recipe", "model")
    sizes = [
        (
            f"`{name}`",
            f"{size['parameters']:,}",
            f"{size['budget'] // size['batch_size']:,} × {size['batch_size']:,}",
            str(size["budget"] // size["evaluation_period"]),
            f"{size['validation_examples']:,}" if size["validation_examples"] else "all",
            number(size["target"]),
            _reference(size["reference"]),
            ", ".join(f"{key} {plain(value)}" for key, value in size["model"].items()),
        )
        for name, size in row["sizes"].items()
    ]
    lines.append(table(head, sizes))
    lines += [f"Target at size `{name}`: {size['target_provenance']}." for name, size in row["sizes"].items()]
    for name, variant in row["variants"].items():
        targets = ", ".join(f"{number(target)} ({size})" for size, target in variant["target"].items())
        change = ", ".join(f"{key} {plain(value)}" for key, value in variant.get("model", {}).items())
        lines.append(f"Held-out variant `{name}`: {change}; target {targets}.")
    for name, entry in entries.items():
        if "final" not in entry:  # set by hand
            continue
        ends = ", ".join(f"{key} {number(value)}" for key, value in entry["final"].items() if key != "metric")
        lines.append(f"Reference recipe at the end of the budget, size `{name}`, medians over seeds: {ends}.")
    lines += ruler_values(row["name"], rulers)
    return "\n\n".join(lines)


def _reference(reference: Mapping[str, Any]) -> str:
    values = {"learning rate": reference["learning_rate"], **reference["hyperparameters"]}
    return f"{reference['optimizer']}: " + ", ".join(f"{key} {plain(value)}" for key, value in values.items())
