"""CPU seconds, memory and size of the page for 12 x 12 x 9 generated trials, and for 100,800 trials of 40 submissions.

    python -m tests.benchmarks.page_at_scale [--write DIR]

`tests.report.boards` makes the records from families of schedules, so that some submissions win, some miss and some diverge.
Each size runs in a process of its own. The command prints its CPU seconds while it makes the page (scoring on every clock
included), its peak memory and the size of the page; `--write DIR` keeps the pages.
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
    """Size of a board, and its limits: CPU seconds, megabytes of memory, megabytes of the page."""

    submissions: int
    studies: int
    trials: int
    seconds: float
    memory: float
    page: float


SIZES = {"small": Size(12, 3, 3, 20, 2000, 1.5), "large": Size(40, 35, 6, 90, 2000, 6)}
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
    """Return `count` schedules by name: first the ten of the tests, then members of three families."""
    named = dict(SCHEDULES)
    for place in range(max(0, count - len(named))):
        power = 0.4 + 0.3 * (place // 3)
        kind = ("power", "cosine_to", "decay")[place % 3]
        named[f"{kind}_{power:.1f}".replace(".", "_")] = _member(kind, power)
    return dict(list(named.items())[:count])


def _member(kind: str, power: float) -> Shape:
    if kind == "power":
        return lambda u: (1 - u) ** power
    if kind == "decay":
        return lambda u: math.exp(-power * 2 * u)
    return lambda u: 0.1 / power + (1 - 0.1 / power) * 0.5 * (1 + math.cos(math.pi * u))


def generated(size: Size) -> pd.DataFrame:
    """Return the trials of a board of this size."""
    return board_trials(shapes(size.submissions), WORKLOADS, studies=size.studies, trials=size.trials, rulers=True)


def measure(name: str, out: Path) -> dict[str, float]:
    """Write the page of one size to `out` and return its cost."""
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
    """Measure both sizes; the exit status is 1 if one exceeds its limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="keep the pages in this directory")
    parser.add_argument("--only", choices=SIZES, help="one size, in this process")
    given = parser.parse_args()
    if given.only:
        out = (given.write or Path(tempfile.mkdtemp())) / f"{given.only}.html"
        print(json.dumps(measure(given.only, out)))
        return 0
    worst = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name, size in SIZES.items():
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.page_at_scale",
                "--only",
                name,
                "--write",
                str(given.write or temporary),
            ]
            cost = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            within = cost["cpu_seconds"] <= size.seconds and cost["memory_mb"] <= size.memory and cost["page_mb"] <= size.page
            worst |= not within
            text = f"{cost['cpu_seconds']} CPU s, {cost['memory_mb']} MB memory, {cost['page_mb']} MB page"
            print(f"{name}: {cost['trials']:,} trials, {text}{'' if within else ', beyond its limits'}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
