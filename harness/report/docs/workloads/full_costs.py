"""What a budget of each workload costs at size `full`: parameters, counted operations, expected seconds."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.docs.workloads.markdown import Row, table

SIZE = "full"

WORDS = (
    "What one trial over a whole budget computes, counted by torch on the forward and backward pass of a training example "
    "(`python -m tests.benchmarks.flops`), and how long one {device} is expected to take for it: {basis}. Nothing of it was "
    "measured; evaluations and the optimizer's own operations are not in it. The cheap ones are launch-bound, and say more per "
    "hour on a CPU core. Targets and rulers of this size are provisional until a GPU has run "
    "`timetrial targets --suite full`."
)


def full_costs(rows: Sequence[Row]) -> str:
    """Return the words and the table, from what `timetrial list workloads --json` prints."""
    known = [(row, row["sizes"][SIZE], row["costs"][SIZE]) for row in rows if row.get("costs", {}).get(SIZE)]
    if not known:
        return "Nothing was counted."
    bases = sorted({cost["basis"] for _, _, cost in known})
    lines = [
        (
            f"`{row['name']}`",
            f"{size['parameters']:,}",
            size["precision"],
            f"{size['budget'] // size['batch_size']:,} × {size['batch_size']}",
            _operations(cost["flops"]),
            _time(cost["seconds"]),
        )
        for row, size, cost in sorted(known, key=lambda each: -each[2]["seconds"])
    ]
    head = ("workload", "parameters", "precision", "steps × batch", "operations per budget", "expected")
    words = WORDS.format(device=known[0][2]["device"], basis=" or ".join(bases))
    return f"{words}\n\n{table(head, lines)}"


def _operations(count: float) -> str:
    for unit, size in (("PFLOP", 1e15), ("TFLOP", 1e12), ("GFLOP", 1e9)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return "none counted"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
