"""Everything that only a GPU can show, in at most 8 minutes: ``python -m tests.benchmarks.gpu``.

    python -m tests.benchmarks.gpu [--out FILE] [--device cuda|cpu] [--quick] [--part NAME]...

Each part writes its result at once, so that what was measured before an interruption stays. The default file is
docs/gpu.json, of which `docs/performance.md` has the tables. `--device cpu --quick` runs, in the same code, what makes sense
without a GPU, and must be given another file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import torch

from analyses.claims import fill
from harness.execution.environment import describe
from harness.results import write_atomically
from harness.trial.arranged import arrange_process
from tests.benchmarks.gpu_page import MARKER, page
from tests.benchmarks.gpu_parts import commands, steps, trials

DOCS = Path(__file__).parents[2] / "docs"
STORE, PAGE = DOCS / "gpu.json", DOCS / "performance.md"

SECONDS = 480.0
"""All parts together; a part that would start later is left out, and says so."""


class How(NamedTuple):
    """On which device, and how much, is measured."""

    device: str
    cases: tuple[tuple[str, str], ...]
    trials: int

    @property
    def first(self) -> tuple[str, str]:
        """The workload of parts that need one."""
        return self.cases[0]


class Part(NamedTuple):
    """A measurement: what it is, and whether it needs a GPU."""

    measure: Callable[[How], Any]
    needs_gpu: bool = False


PARTS: Mapping[str, Part] = {
    "machine": Part(lambda how: describe(how.device, 1)),
    "same bits, deterministic": Part(lambda how: trials.twice(how.cases, how.device, deterministic=True)),
    "same bits, torch's choice": Part(lambda how: trials.twice(how.cases, how.device, deterministic=False), needs_gpu=True),
    "steps": Part(lambda how: {name: steps.counted(name, size, how.device) for name, size in how.cases}),
    "loading": Part(lambda how: steps.loading(*how.first, how.device)),
    "many trials": Part(lambda how: trials.many(how.trials, *how.first, how.device)),
    "out of memory": Part(lambda how: commands.race(["./exhausts.py", commands.NORMAL], 60.0), needs_gpu=True),
    "device-side assert": Part(lambda how: commands.race(["./asserts.py", commands.NORMAL], 60.0), needs_gpu=True),
    "smoke suite": Part(lambda how: commands.race([commands.NORMAL], 60.0), needs_gpu=True),
    "tests": Part(lambda how: commands.marked_tests(90.0), needs_gpu=True),
    "trials per GPU": Part(lambda how: commands.side_by_side((1, 2, 4, 8), *how.first, how.device, 60.0), needs_gpu=True),
    "compiled": Part(lambda how: {n: steps.compiled(n, s, how.device) for n, s in how.cases[:2]}, needs_gpu=True),
}
"""{name: part}, the more telling ones first: time may run out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts and write their results; return the exit status."""
    options = _options(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("torch sees no GPU here: run this where there is one, or try --device cpu --quick --out FILE", file=sys.stderr)
        return 2
    if options.device == "cpu" and options.out == STORE:
        print(f"{STORE.name} holds what a GPU showed: name another file with --out", file=sys.stderr)
        return 2
    if unknown := [name for name in options.part if name not in PARTS]:
        print(f"no part '{unknown[0]}': choose from {', '.join(PARTS)}", file=sys.stderr)
        return 2
    how = _how(options.device, quick=options.quick)
    arrange_process(torch.device(how.device))
    chosen = {name: part for name, part in PARTS.items() if not options.part or name in options.part}
    before = json.loads(options.out.read_text(encoding="utf-8")) if options.part and options.out.exists() else {}
    results = measured(chosen, how, options.out, before)
    if options.out == STORE:
        fill(PAGE, MARKER, page(results))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=STORE, metavar="FILE")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="one small workload and few trials")
    parser.add_argument("--part", action="append", default=[], metavar="NAME")
    return parser.parse_args(arguments)


def _how(device: str, *, quick: bool) -> How:
    if quick:
        return How(device, (("digits_mlp", "smoke"),), 3)
    return How(device, tuple((name, "laptop") for name in trials.SEVEN), 20)


def measured(parts: Mapping[str, Part], how: How, out: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    """Run parts one after the other, write the results so far after each, and return all, those of `before` included."""
    started = time.monotonic()
    results = {**before, "about": {"date": datetime.now(UTC).date().isoformat(), "device": how.device}}
    for name, part in parts.items():
        began = time.monotonic()
        if part.needs_gpu and how.device == "cpu":
            found: Any = {"left_out": "it needs a GPU"}
        elif began - started > SECONDS:
            found = {"left_out": f"{SECONDS:.0f} s had passed"}
        else:
            found = _tried(part, how)
        results[name] = found
        print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr)
        write_atomically(out, json.dumps(results, indent=1) + "\n")
    return results


def _tried(part: Part, how: How) -> Any:
    """Return what a part measures, or how it failed: the other parts are measured all the same."""
    try:
        return part.measure(how)
    except Exception as error:  # noqa: BLE001
        return {"failed": f"{type(error).__name__}: {str(error)[:500]}"}


if __name__ == "__main__":
    raise SystemExit(main())
