"""The target protocol in words, and what its checks of every target came out as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report.docs.workloads.markdown import Entries, Row, number, table

CHECKS = {
    "reached": "reached by fresh seeds",
    "too_small": "reached at rate / 10",
    "too_large": "reached at rate × 10",
    "moved": "change of time for ± 1 %",
    "held": "first hits that hold",
    "valley": "best multiple of the rate",
}

PROTOCOL = """\
`timetrial targets` finds the reference recipe and the target of a workload, and verifies them.

1. It searches 160 quasi-random points: AdamW, NAdamW, SGD with Nesterov momentum and SGD with heavy-ball momentum, each with
   linear and with cosine decay over the whole budget.
2. It reruns the twenty best points on five seeds each. Of those that pass the first, third and fourth check below on these
   seeds, the one that would set the best target becomes the workload's reference recipe. (Entries of 2026-11-23: of five
   finalists, the one with the best final value.)
3. It reruns that recipe on 20 seeds. The target is the median over them of the best validation value by 75 % of the budget.
4. On fresh seeds it checks that at least 19 of 20 reach the target; that at most 1 of 5 does so at a tenth, and at ten times,
   the rate; that the median time changes by less than 25 % when the target moves by 1 % of its distance from the trivial value;
   that 90 % of the first hits hold, which means that the mean of the next two evaluations meets the target too; and that the
   best of seven rates is at most half a decade from the reference rate, with worse values at both ends.

Size `full` has targets of a reduced protocol (16 draws of AdamW, 3 seeds), marked provisional. `timetrial targets --verify`
repeats the checks on other seeds."""


def verification_table(rows: Sequence[Row], entries: Entries, size: str) -> str:
    """Return what the checks of all targets at one size came out as; "" where there are none."""
    of_size = [(row, entries[row["name"]][size]) for row in rows if size in entries.get(row["name"], {})]
    by_hand = [f"`{row['name']}`" for row, entry in of_size if "checks" not in entry]
    verified = [(row, entry) for row, entry in of_size if "checks" in entry]
    note = f"\n\nSet by hand, provisional, not verified: {', '.join(by_hand)}." if by_hand else ""
    if not verified:
        return note.strip()
    head = ("workload", "target", "trivial", *CHECKS.values(), "CPU s per trial", "share of evaluation", "machine")
    checked = table(
        head,
        (
            (
                f"`{row['name']}`{' (provisional)' if entry['provisional'] else ''}",
                number(entry["target"]),
                number(entry["trivial"]),
                *(_check(name, entry["checks"][name]) for name in CHECKS),
                number(entry["seconds"], 2),
                f"{entry['evaluation_share']:.0%}",
                f"{entry['machine']}, {entry['date']}",
            )
            for row, entry in verified
        ),
    )
    return checked + note


def _check(name: str, check: Mapping[str, Any]) -> str:
    value = check["value"]
    text = "never" if value is None else f"{value:.3g}" if name == "valley" else f"{value:.0%}"
    return text if check["passed"] else f"**{text}, fails**"
