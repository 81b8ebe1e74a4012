"""The time to read and score as many official logs as AlgoPerf v0.5 has: 11 x 14 x 5 x 5 files.

    python -m tests.benchmarks.algoperf_speed [--only-scoring]

The files are hard links to the sample in `tests/data/algoperf`, for 11 submissions on 14 workloads (with the names of v0.5's,
each with the metric of the sample that replaces it). Every step runs in a process of its own on one core. The command prints
CPU seconds, wall seconds and the peak memory of each.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from harness.scoring.rules import ScoringRules

SAMPLE = Path(__file__).parents[1] / "data" / "algoperf" / "logs_sample" / "external_tuning"
SUBMISSIONS, STUDIES, TRIALS = 11, 5, 5
MOST_SECONDS, MOST_MEGABYTES = 6.0, 400.0


def sample_of(place: int) -> str:
    """Return the workload of the sample whose files the n-th label has."""
    return ("fastmri", "ogbg")[place % 2]


def targets():
    """Return v0.5's targets, with the metric and value of each label's sample."""
    from harness.compat import V05

    labels = (*V05.bases, *V05.held_out)
    return replace(V05, goals={label: V05.goals[sample_of(place)] for place, label in enumerate(labels)})


def build(root: Path) -> int:
    """Link the files into `root` and return their number."""
    goals = targets().goals
    names = sorted(path.name for path in SAMPLE.iterdir())
    count = 0
    for s in range(SUBMISSIONS):
        for place, label in enumerate(goals):
            for study in range(STUDIES):
                for trial in range(TRIALS):
                    source = SAMPLE / names[s % len(names)] / f"study_{(study + s) % 2}"
                    found = sorted(
                        source.glob(f"{sample_of(place)}_*/trial_{(trial + study + s) % 5 + 1}/eval_measurements.csv")
                    )
                    target = (
                        root / f"submission_{s:02}" / f"study_{study}" / f"{label}_jax" / f"trial_{trial + 1}" / found[0].name
                    )
                    target.parent.mkdir(parents=True)
                    os.link(found[0], target)
                    count += 1
    return count


def step(name: str, root: Path) -> None:
    """Run one step, as a user's process does."""
    logs_at, results = root / "external_tuning", root / "results"
    if name in ("read and score", "read and write records"):
        from harness.compat import read_logs, write_logs
        from harness.results import ResultStore
        from harness.scoring import score_board

        logs = read_logs(logs_at, targets=targets())
        if name == "read and write records":
            write_logs(logs, ResultStore(results))
        else:
            score_board(logs.trials, ScoringRules("seconds", baseline="submission_00", workloads=logs.workloads))
        return
    from harness.report import write_report
    from harness.results import board_input

    given = board_input(results)
    write_report(given, root / "page.html", ScoringRules("seconds", baseline="submission_00", workloads=given.workloads))


STEPS = ("read and score", "read and write records", "report from records")


def measure(name: str, root: Path) -> dict[str, float | str]:
    """Run a step in a process of its own on one core; CPU and wall seconds include the start of Python."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    code = "import sys, os; from pathlib import Path; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from tests.benchmarks.algoperf_speed import step; step(sys.argv[1], Path(sys.argv[2]))\n"
    code += "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code, name, str(root)], capture_output=True, text=True, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"step": name, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "MB": round(int(done.stdout) / 1024, 1)}


def main() -> int:
    """Print one line of JSON per step; the exit status is 1 if reading and scoring takes more than its limits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only-scoring", action="store_true", help="leave out the records and the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=SAMPLE.parent) as place:
        root = Path(place)
        print(json.dumps({"files": build(root / "external_tuning")}))
        first, *rest = STEPS
        scored = measure(first, root)
        print(json.dumps(scored), flush=True)
        for name in () if options.only_scoring else rest:
            print(json.dumps(measure(name, root)), flush=True)
    return int(float(scored["cpu_s"]) > MOST_SECONDS or float(scored["MB"]) > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
