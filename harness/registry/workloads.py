"""Returns workloads by name, their content hashes, and the suites that contain them."""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict
from pathlib import Path

from harness.canonical import stable_hash
from harness.contracts.errors import BadInput, ContractError
from harness.contracts.workloads import Workload
from harness.registry.index import Broken, workloads_index
from harness.registry.loading import LoadedPlugin
from harness.registry.names import is_file, plugin_from_file, unknown_name
from harness.registry.sources import OURS, Sources, read_sources
from harness.registry.submissions import find_submission
from harness.rules import SUITES, Reading, Track


def find_workload(name: str, size: str, variant: str = "") -> Workload:
    """Return the workload with a name at a size: the base, or one of its held-out variants.

    The name is looked up in ./workloads and ./submissions, in the built-in folders and among installed entry points
    (group ``timetrial.workloads``). It can also be a file, ``./my.py`` or ``./my.py:name``.

    Raises:
        BadInput: there is no such workload, size or variant, or two files define the name.
    """
    index = workloads_index()
    loaded = plugin_from_file(name, index, "workload") if is_file(name) else index.find(name)
    if loaded is None:
        raise unknown_name("workload", name, index)
    return _class(loaded)(size, variant)


def all_workloads() -> list[type[Workload]]:
    """Return all workloads of the index that can be used on this machine, sorted by name; see `broken_workloads`."""
    return [_class(loaded) for loaded in workloads_index().sorted_out()[0]]


def broken_workloads() -> list[Broken]:
    """Return the workload files, entry points and ambiguous names that cannot be used on this machine, sorted by name.

    A broken file in a folder of submissions counts as a submission, since it may be either.
    """
    broken = workloads_index().sorted_out()[1]
    return [item for item in broken if item.path is None or "submissions" not in item.path.parts]


def suites() -> dict[str, list[str]]:
    """Return {suite: names of the workloads that have that size}."""
    workloads = all_workloads()
    return {suite: [workload.name for workload in workloads if suite in workload.sizes] for suite in SUITES}


def workload_hash(workload: Workload, *, targeted: bool = True, reference_recipe: bool = True, ruler: bool = True) -> str:
    """Return the SHA-256 of everything that defines a trial's workload at its size and variant.

    It covers name, version, size, and the source of the workload's module and of the built-in modules that it imports.

    Args:
        workload: at a size.
        targeted: the trial has the workload's target; the hash then covers it.
        reference_recipe: the trial trains with the reference recipe; the hash then covers its hyperparameters and the source
            of its optimizer.
        ruler: boards read the trial off the workload's ruler; the hash then covers its version and its values.

    Raises:
        ContractError: the class was not defined in a file.
    """
    size = asdict(workload.size)
    del size["target_provenance"]
    if not targeted:
        del size["target"]
    facts = [workload.name, workload.version, workload.metric, workload.lower_is_better, workload.size_name, workload.variant]
    recipe = ""
    if reference_recipe:
        recipe = find_submission(workload.size.reference.optimizer, calibrated=False).content_hash
    else:
        del size["reference"]
    measured = (workload.ruler or {}) if ruler else {}
    read_off = {name: measured[name] for name in ("version", "budget", "finals") if name in measured}
    return stable_hash(facts, size, _sources(type(workload)).content_hash, recipe, read_off)


def hash_for_track(workload: Workload, track: Track, *, reference_recipe: bool) -> str:
    """Return the `workload_hash` of trials of a track: it covers the target and the ruler if the track uses them."""
    reads_ruler = Reading.COMPUTE_SAVED in track.reads
    return workload_hash(workload, targeted=track.targeted, reference_recipe=reference_recipe, ruler=reads_ruler)


def workload_files(workload: Workload) -> tuple[Path, ...]:
    """Return the files of a workload: that of its class, and those that it imports from its folder or built-in packages.

    Raises:
        ContractError: the class was not defined in a file.
    """
    return _sources(type(workload)).files


def _sources(workload: type[Workload]) -> Sources:
    try:
        path = Path(inspect.getfile(workload)).resolve()
    except (TypeError, OSError):
        raise ContractError(f"workload '{workload.name}' has no source file: define it in a .py file") from None
    packages = dict(OURS)
    top = sys.modules.get(workload.__module__.partition(".")[0])
    if top is not None and "." in workload.__module__ and getattr(top, "__file__", None):
        packages.setdefault(workload.__module__.partition(".")[0], Path(next(iter(top.__path__))).resolve())
    return read_sources(path, packages)


def _class(loaded: LoadedPlugin) -> type[Workload]:
    if not (isinstance(loaded.plugin, type) and issubclass(loaded.plugin, Workload)):
        raise BadInput(f"'{loaded.name}' is not a workload")
    return loaded.plugin
