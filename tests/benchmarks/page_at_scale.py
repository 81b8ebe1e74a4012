"""How long the page takes and how large it gets: 12 x 12 x 9 generated trials, and 100,800 of 40 submissions.

The records are made by `tests.report.boards` from families of schedules, so that boards look like boards: some win,
some miss, some diverge. Each size runs in a process of its own; printed are the CPU seconds of that process while it
makes the page (scoring on every clock included), its highest memory use, and the size of the page.
`python -m tests.benchmarks.page_at_scale`, and `--write DIR` to keep the pages.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.report.boards import SCHEDULES, board_trials

Shape = Callable[[float], float]


@dataclass(frozen=True)
class Size:
    """How many of what, and the limits: CPU seconds, megabytes of memory, megabytes of the page."""

    submissions: int
    studies: int
    trials: int
    seconds: float
    memory: float
    page: float


SIZES = {"small": Size(12, 3, 3, 20, 2000, 1.5), "large": Size(40, 35, 6, 60, 2000, 6)}
WORKLOADS = {
    "adult_logreg": (0.69, 0.36),
    "census_dlrm": (0.55, 0.3),
    "digits_mlp": (2.3, 0.9),
    "fashion_mnist_mlp": (2.3, 1.0),
    "fashion_mnist_resnet": (2.3, 1.2),
    "fashion_mnist_vit": (2.3, 1.1),
    "flights_dlrm": (0.6, 0.33),
    "g2p_transformer": (3.6, 1.7),
    "mri_unet": (1.0, 0.5),
    "qm9_gnn": (1.8, 0.8),
    "shakespeare_lm": (4.4, 2.6),
    "speech_conformer": (3.3, 1.6),
}


def shapes(count: int) -> dict[str, Shape]:
    """Return `count` schedules by name: the ten of the tests, then members of three families."""
    found = dict(SCHEDULES)
    for place in range(max(0, count - len(found))):
        power = 0.4 + 0.3 * (place // 3)
        kind = ("power", "cosine_to", "decay")[place % 3]
        found[f"{kind}_{power:.1f}".replace(".", "_")] = _member(kind, power)
    return dict(list(found.items())[:count])


def _member(kind: str, power: float) -> Shape:
    if kind == "power":
        return lambda u: (1 - u) ** power
    if kind == "decay":
        return lambda u: math.exp(-power * 2 * u)
    return lambda u: 0.1 / power + (1 - 0.1 / power) * 0.5 * (1 + math.cos(math.pi * u))


def generated(size: Size) -> pd.DataFrame:
    """Return the trials of a board of this size."""
    drawn = shapes(size.submissions)
    return board_trials(tuple(drawn), WORKLOADS, studies=size.studies, trials=size.trials, shapes=drawn)


def measure(name: str, out: Path) -> dict[str, float]:
    """Write the page of one size to `out` and return what it took."""
    from harness.report import write_report
    from harness.results import BoardInput

    trials = generated(SIZES[name])
    start = time.process_time()
    write_report(BoardInput(trials), out)
    return {
        "trials": len(trials),
        "cpu_seconds": round(time.process_time() - start, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
        "page_mb": round(out.stat().st_size / 1e6, 2),
    }


def main() -> int:
    """Measure both sizes; 1 where a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="keep the pages in this directory")
    parser.add_argument("--only", choices=SIZES, help="one size, in this process")
    asked = parser.parse_args()
    if asked.only:
        out = (asked.write or Path(tempfile.mkdtemp())) / f"{asked.only}.html"
        print(json.dumps(measure(asked.only, out)))
        return 0
    worst = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, size in SIZES.items():
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.page_at_scale",
                "--only",
                name,
                "--write",
                str(asked.write or scratch),
            ]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            good = found["cpu_seconds"] <= size.seconds and found["memory_mb"] <= size.memory and found["page_mb"] <= size.page
            worst |= not good
            told = f"{found['cpu_seconds']} CPU s, {found['memory_mb']} MB memory, {found['page_mb']} MB page"
            print(f"{name}: {found['trials']:,} trials, {told}{'' if good else ', beyond its limits'}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
