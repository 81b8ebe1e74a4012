"""Checks of the options of verbs that run trials."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.paths import check_directory
from harness.contracts.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from harness.execution.settings import Settings
    from harness.plan import Plan

BYTES_PER_GB = 10**9

MOST_GB = 1e6
"""A memory limit above this is no limit on any machine."""

EXECUTORS = ("ray", "inline")

DEVICES = {"auto": "auto", "cpu": "cpu", "cuda": "cuda", "rocm": "cuda"}
"""{what `--device` can be: the device in torch}."""

MOST_PER_DEVICE = 100
"""More trials on one GPU than these are a mistake."""

MOST_WORKERS = 10_000
"""More workers than any cluster has: a larger number is a mistake."""

MOST_SECONDS = 1e8
"""A time limit above this one, three years, is a mistake."""

ADDRESS = re.compile(r"auto|local|(?:ray://)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
"""What `--address` can be."""


def check_execution(executor: str, workers: int | None, results: Path, address: str = "") -> None:
    """Check the options that say where trials run.

    Raises:
        BadInput: the executor is unknown, there are no workers, nothing can be written to the results directory, or the
            address has not the form of one or does not belong to the executor.
    """
    if executor not in EXECUTORS:
        raise BadInput(f"no executor '{executor}': choose {' or '.join(EXECUTORS)}")
    if workers is not None and workers < 1:
        raise BadInput(f"--workers {workers}: at least 1 is needed")
    if workers is not None and workers > MOST_WORKERS:
        raise BadInput(f"--workers {workers}: at most {MOST_WORKERS:,} are possible")
    check_directory("--results", results)
    if address and executor != "ray":
        raise BadInput(f"--address {address} names a Ray cluster, which --executor {executor} does not use: leave one out")
    form = ADDRESS.fullmatch(address)
    if address and (form is None or int(form["port"] or 0) > 65535):
        raise BadInput(f"--address {address}: write HOST:PORT, ray://HOST:PORT, auto or local")


def checked_device(device: str, per_device: int) -> str:
    """Return the device that `--device` names, as torch names it; "auto" stays.

    Raises:
        BadInput: trials do not race on it, or so many cannot share one.
    """
    if device not in DEVICES:
        raise BadInput(
            f"--device {device}: trials race on cpu or cuda (rocm is cuda); auto chooses{did_you_mean(device, DEVICES)}"
        )
    if not 1 <= per_device <= MOST_PER_DEVICE:
        raise BadInput(f"--per-device {per_device}: 1 to {MOST_PER_DEVICE} trials can share a GPU")
    if device == "cpu" and per_device > 1:
        raise BadInput(f"--per-device {per_device}: a CPU core runs one trial at a time; leave it out, or --device cpu")
    return DEVICES[device]


def check_time_limit(seconds: float | None) -> None:
    """Check the time limit per trial.

    Raises:
        BadInput: it is not positive, or no number of seconds that a clock can count.
    """
    if seconds is not None and not seconds > 0:
        raise BadInput(f"--time-limit {seconds:g}: a positive number of seconds is needed")
    if seconds is not None and seconds > MOST_SECONDS:
        raise BadInput(f"--time-limit {seconds:g}: at most {MOST_SECONDS:,.0f} seconds; leave it out for no limit")


def memory_bytes(gigabytes: float | None) -> int | None:
    """Return the memory limit per worker in bytes; None stands for the default.

    Raises:
        BadInput: it is not a positive number, or too small to be counted in bytes.
    """
    if gigabytes is None:
        return None
    if not (math.isfinite(gigabytes) and BYTES_PER_GB * gigabytes >= 1):
        raise BadInput(f"--memory {gigabytes:g}: a positive number of gigabytes is needed, such as --memory 2.5")
    return round(BYTES_PER_GB * min(gigabytes, MOST_GB))


def check_pruning(plan: Plan, settings: Settings) -> None:
    """Check that a plan can be pruned in the way that the settings ask for.

    Raises:
        BadInput: the rule is unknown, or an option that stops trials does not suit the plan or another option.
    """
    from harness.pruning import RULES, SCORE_ONLY

    if not settings.prune:
        return
    if settings.prune not in RULES:
        raise BadInput(f"--prune {settings.prune}: choose one of {', '.join(RULES)}{did_you_mean(settings.prune, RULES)}")
    option, score_only = f"--prune {settings.prune}", settings.prune == SCORE_ONLY
    if plan.track.run_to_end:
        raise BadInput(f"{option} stops trials, and {plan.track.title} needs complete ones: leave it out")
    if plan.pair:
        raise BadInput(f"{option} leaves less to compare than --until-separable needs: leave one out")
    studies = 1 + max((spec.study for spec in plan.trials), default=0)
    if score_only and studies % 2 == 0:
        raise BadInput(f"--prune score-only needs an odd number of studies, not {studies}, so that the median is one of them")


def numbers(option: str, text: str) -> tuple[float, ...]:
    """Return the numbers of ``X,Y,Z``; none of an empty text.

    Raises:
        BadInput: an item is no number.
    """
    try:
        return tuple(float(item) for item in text.split(",")) if text else ()
    except ValueError:
        raise BadInput(f"{option} {text}: numbers with commas between them are needed, as in {option} 1,3,10") from None


def own_workloads(plan: Plan) -> list[str]:
    """Return the workloads of a plan that do not come with timetrial: the user's own take part in every race of their suite."""
    from harness.registry import BUILT_IN, workload_files

    mine = (w for w in plan.workloads.values() if not workload_files(w)[0].is_relative_to(BUILT_IN["workloads"]))
    return list(dict.fromkeys(workload.name for workload in mine))


def without_schedule(plan: Plan) -> list[str]:
    """Return a line for each optimizer of a plan that keeps one learning rate, but for those that are meant to."""
    lines = []
    for name, submission in plan.submissions.items():
        under = submission.raced_as
        if under != name and (submission.optimizer is None or submission.optimizer.schedule != "constant"):
            lines.append(
                f"{name} has no schedule: its learning rate is constant after the warm-up; -s {under} puts it under one"
            )
    return lines


def without_baseline(plan: Plan, results: Path) -> str:
    """Return a line if neither the race nor `results` has the baseline of its track, over which speed-ups are; else ""."""
    baselines = plan.track.baselines
    trials = results / "trials"
    names = [*baselines, "compact-*.parquet"]  # these may hold records of it
    if set(baselines) & plan.submissions.keys() or any(next(trials.glob(f"*/{name}"), None) for name in names):
        return ""
    kinds = {submission.kind for submission in plan.submissions.values()}
    name = baselines[0] if "schedule" in kinds else baselines[-1]
    return f"there will be no speed-ups: they compare with {name}, which is not in this race; -s {name} adds it"
