"""Small trees of AlgoPerf logs, written by the tests."""

from __future__ import annotations

from pathlib import Path

HEADER = "accumulated_submission_time,global_step,validation/ssim\n"
GOOD = f"{HEADER}500,1,0.5\n1000,2,0.73\n"
"""A log of fastmri that meets its target at 1000 seconds."""


def put(
    tree: Path,
    submission: str,
    content: str | bytes = GOOD,
    *,
    study: str = "study_0",
    workload: str = "fastmri_jax",
    trial: str = "trial_1",
    name: str = "eval_measurements.csv",
) -> Path:
    """Write a log and return its path."""
    file = tree / submission / study / workload / trial / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def tree_in(place: Path) -> Path:
    """Return the directory of a tree of which the path names AlgoPerf 0.5 and its external ruleset, with one good log."""
    tree = place / "algoperf_v05" / "external_tuning"
    put(tree, "steady")
    return tree
