"""What whole commands do on a device: tests, a suite over Ray, plug-ins that break the device, several trials at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

EXHAUSTS = '''
"""Fills the memory of its device."""
from harness import TrainingAlgorithm


class Exhausts(TrainingAlgorithm):
    """Keeps more and more memory."""

    defaults = {"learning_rate": 0.1}

    def update(self, batch):
        """Allocate 4 GiB more."""
        import torch

        self.task.loss(batch).backward()
        self._kept = [*getattr(self, "_kept", []), torch.empty(2**30, device=self.task.device)]
'''

ASSERTS = '''
"""Breaks its device."""
from harness import TrainingAlgorithm


class Asserts(TrainingAlgorithm):
    """Reads beyond the end of a tensor on the device."""

    defaults = {"learning_rate": 0.1}

    def update(self, batch):
        """Index out of range, which a GPU finds out later."""
        import torch

        self.task.loss(batch).backward()
        torch.zeros(4, device=self.task.device)[torch.full((4,), 10**6, device=self.task.device)].sum().item()
'''

NORMAL = "sgd+cosine"


def run(*arguments: str, seconds: float, folder: Path = ROOT) -> dict[str, Any]:
    """Run a command of Python's and return its exit status, seconds, and last lines."""
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=folder,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"status": None, "seconds": seconds, "said": f"not done after {seconds:.0f} s"}
    said = (done.stdout + done.stderr).strip().splitlines()[-4:]
    return {"status": done.returncode, "seconds": round(time.monotonic() - started, 1), "said": "\n".join(said)}


def marked_tests(seconds: float) -> dict[str, Any]:
    """Run the tests that need a GPU."""
    return run("-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests", seconds=seconds)


def race(submissions: list[str], seconds: float, *options: str) -> dict[str, Any]:
    """Race submissions on the smoke suite over Ray; return what the command said, and {submission: {status: trials}}."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "exhausts.py").write_text(EXHAUSTS)
        (folder / "asserts.py").write_text(ASSERTS)
        named = [word for submission in submissions for word in ("-s", submission)]
        line = ["-m", "timetrial", "run", "--suite", "smoke", "--track", "self-tuning", "--results", "r", *named, *options]
        said = run(*line, seconds=seconds, folder=folder)
        records = [json.loads(path.read_text()) for path in folder.glob("r/trials/*/*/*.json")]
    statuses: dict[str, Counter[str]] = {}
    for record in records:
        statuses.setdefault(record["spec"]["submission"], Counter())[record["status"]] += 1
    reasons = {record["spec"]["submission"]: record["reason"][:300] for record in records if record["status"] == "failed"}
    return {**said, "statuses": {name: dict(counts) for name, counts in statuses.items()}, "reasons": reasons}


def side_by_side(counts: tuple[int, ...], name: str, size: str, device: str, seconds: float) -> dict[str, Any]:
    """Return, by how many processes share the device, the training seconds of their trials and trials per second."""
    arguments = json.dumps([[[name, size], [name, size]], device, True])
    found: dict[str, Any] = {}
    for count in counts:
        command = [sys.executable, "-m", "tests.benchmarks.gpu_parts.trials", arguments]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(count)]
        try:
            said = [child.communicate(timeout=seconds)[0] for child in children]
            each = [json.loads(text.splitlines()[-1])[name][1] for text in said]
            found[str(count)] = {"seconds": max(each), "trials_per_second": round(count / max(each), 3)}
        except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
            found[str(count)] = {"failed": type(error).__name__}
        finally:
            for child in children:
                child.kill()
    return found
