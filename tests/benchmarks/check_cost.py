"""What `timetrial check` takes: CPU seconds of the command and of everything that it starts, a submission of each kind.

python -m tests.benchmarks.check_cost [NAME ...]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.execution.commands import command

NAMES = ("cosine", "plateau", "adamw+cosine", "soap+cosine", "diloco+cosine", "sam", "schedule_free_adamw", "lanczos")


def cpu_seconds() -> float:
    """Return the CPU seconds of all processes that this one started, and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(names: Sequence[str]) -> None:
    """Check each submission and print what it took.

    Raises:
        SystemExit: a check failed.
    """
    for name in names or NAMES:
        before, since = cpu_seconds(), time.monotonic()
        done = subprocess.run(command("check", name), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
        print(f"{name:20} {cpu_seconds() - before:5.1f} CPU seconds, {time.monotonic() - since:5.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
