"""What the conformance tests compare, for docs/optimizers.md: ``python -m tests.submissions.conformance.stored`` writes it."""

from __future__ import annotations

import json
from typing import Any

from harness.report.docs.optimizers import CONFORMANCE
from harness.results import write_atomically
from tests.submissions.conformance.rows import NAMES, STEPS, TOLERANCE, reference_of


def compared() -> dict[str, dict[str, Any]]:
    """Return {name: what its test compares} as the reference modules have it."""
    modules = {name: reference_of(name) for name in NAMES}
    return {
        name: {
            "reference": " ".join(str(module.__doc__).split()),
            "tolerance": getattr(module, "TOLERANCE", TOLERANCE),
            "steps": getattr(module, "STEPS", STEPS),
            "set": getattr(module, "HYPERPARAMETERS", {}),
            "reason": getattr(module, "REASON", ""),
        }
        for name, module in modules.items()
    }


def main() -> None:
    """Write the table."""
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(row)}" for name, row in compared().items())
    write_atomically(CONFORMANCE, f"{{\n{lines}\n}}\n")
    print(f"{CONFORMANCE.name}: {len(NAMES)} optimizers")


if __name__ == "__main__":
    main()
