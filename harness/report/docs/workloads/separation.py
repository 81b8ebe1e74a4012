"""How well each workload separates schedules, from a board of the laptop suite and from all trials of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report.docs.workloads.markdown import Row, number, table

SEPARATION = 1.3
"""A workload separates schedules if the ratio of their slowest to their fastest time is at least this."""


OLD_BOARD = " Measured under an older protocol, with horizons drawn at random."


def separation(rows: Sequence[Row], board: Mapping[str, Any]) -> str:
    """Return the ratio of the slowest to the fastest median time of each workload, and who misses the target."""
    lines, separated, separated_or_missed = [], 0, 0
    for row in rows:
        times = {s["name"]: s["workloads"][row["name"]]["time"] for s in board["submissions"] if row["name"] in s["workloads"]}
        if not times:
            continue
        reached = sorted((time, name) for name, time in times.items() if time is not None)
        missed = sorted(name for name, time in times.items() if time is None)
        ratio = f"{reached[-1][0] / reached[0][0]:.2f}" if reached else "none reaches it"
        apart = bool(reached) and reached[-1][0] >= SEPARATION * reached[0][0]
        separated += apart
        separated_or_missed += apart or bool(reached and missed)
        ends = (reached[0][1], reached[-1][1]) if reached else ("none", "none")
        lines.append((f"`{row['name']}`", ends[0], ends[1], ratio, ", ".join(missed) or "none"))
    words = (
        "The ratio is the median time to target of the slowest schedule that reaches it over that of the fastest. It is at "
        f"least {SEPARATION} on {separated} of {len(lines)} workloads, and on {separated_or_missed} if a schedule that misses "
        f"the target counts as infinitely slow.{'' if 'ranked_by' in board else OLD_BOARD}\n\n"
    )
    return words + table(("workload", "fastest", "slowest", "ratio", "miss it in the median"), lines)


def protocols(facts: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return under which versions of the rules the trials ran, in words."""
    versions = sorted({int(f.get("protocol", 1)) for _, f in facts})
    return f" under protocol {' and '.join(map(str, versions))}" if versions else ""


def costs(rows: Sequence[Row], trials: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what a trial costs, and the ratio of the latest to the earliest time to target over all trials."""
    facts = [(row["name"], trials[row["name"]]) for row in rows if row["name"] in trials]
    ratios = [f["latest"] / f["earliest"] if f["reached"] else 0.0 for _, f in facts]
    lines = [
        (
            f"`{name}`",
            number(f["seconds"], 2),
            "" if f["evaluation_share"] is None else f"{f['evaluation_share']:.0%}",
            f"{f['reached']} of {f['trials']}",
            f"{ratio:.2f}" if f["reached"] else "none",
        )
        for (name, f), ratio in zip(facts, ratios, strict=True)
    ]
    machines = ", ".join(sorted({f["machine"] for _, f in facts}))
    apart = sum(ratio >= SEPARATION for ratio in ratios)
    words = (
        f"Every trial of `make bench`{protocols(facts)} ({machines}; `python -m analyses.suite_trials RESULTS --write "
        "docs/laptop_trials.json`). CPU seconds and the share of evaluation are medians of the trials that ran over the whole "
        "budget. The last column is the ratio of the latest to the earliest time to target over all schedules, grid points and "
        "studies; it is at least "
        f"{SEPARATION} on {apart} of {len(facts)} "
        "workloads.\n\n"
    )
    return words + table(
        ("workload", "CPU s per trial", "share of evaluation", "trials that reach the target", "latest / earliest"), lines
    )
