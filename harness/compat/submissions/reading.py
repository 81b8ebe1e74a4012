"""Reads a submission's file: what it needs, its search space, and its functions as a plug-in."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.canonical import stable_hash
from harness.compat.submissions.modules import PACKAGES, STAND_INS, Modules
from harness.compat.submissions.space import SearchSpace, read_space
from harness.compat.submissions.stand_ins.accelerator import NAME
from harness.contracts.errors import BadInput, ContractError
from harness.contracts.messages import display_path
from harness.registry.loading import LoadedPlugin, UncachedLoader, check_readable, importing, module_name, resolved
from harness.registry.sources import Sources, read_sources
from harness.rules import RATE_MULTIPLE

VERSION = 1
"""Raise it when a submission's trials change because of the code in this package: it is part of their content hash."""

JAX = ("jax", "jaxlib", "flax", "chex")
"""Packages that only a submission in JAX imports."""

_loaded: dict[Path, tuple[str, LoadedPlugin]] = {}


def read_submission(path: Path) -> LoadedPlugin:
    """Return the plug-in of a submission's file. A file that has changed is loaded again.

    Raises:
        BadInput: it is written in JAX, lacks one of AlgoPerf's functions or something that it imports, or cannot be read.
    """
    try:
        check_readable(path)
        path = resolved(path)
        sources = read_sources(path, {}, anywhere=True)
        tree = ast.parse(path.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read {display_path(path)}: {error.strerror or error}") from None
    _check_framework(path, tree)
    space = read_space(path)
    state = stable_hash(sources.text_hash, space.content)
    if path not in _loaded or _loaded[path][0] != state:
        _loaded[path] = state, _read(path, sources, space)
    return _loaded[path][1]


def _check_framework(path: Path, tree: ast.Module) -> None:
    """Check that a submission does not itself import JAX.

    Raises:
        BadInput: it does.
    """
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in names:
            if name.partition(".")[0] in JAX:
                raise BadInput(f"{display_path(path)} is a submission in JAX: only submissions in PyTorch run here")


def _read(path: Path, sources: Sources, space: SearchSpace) -> LoadedPlugin:
    from harness.compat.submissions.algorithm import OPTIONAL, REQUIRED, AlgoPerfSubmission, Loaded

    modules = Modules(sources)
    name = module_name(path)
    with importing(path, sources), modules.present():
        module = _executed(name, path)
    _answer_for_one_process([module, *modules.own()])
    lacking = [function for function in REQUIRED if not callable(getattr(module, function, None))]
    if lacking:
        raise ContractError(f"{display_path(path)} has no {lacking[0]}(), which a submission to AlgoPerf must define")
    found = [function for function in (*REQUIRED, OPTIONAL) if callable(getattr(module, function, None))]
    content = stable_hash("algoperf", VERSION, sources.content_hash, space.content)
    facts: dict[str, Any] = {
        "__module__": name,
        "__doc__": module.__doc__ or "A submission in AlgoPerf's form.",
        "name": _plain(path),
        "defaults": {**space.defaults, RATE_MULTIPLE: 1.0},
        "space": space.space,
        "points": tuple({**point, RATE_MULTIPLE: 1.0} for point in space.points),
        "anytime": False,
        "listens": ("validation_metric",) if _reads_evaluations(sources) else (),
        "_loaded": Loaded({function: getattr(module, function) for function in found}, modules, names_accelerator(sources)),
    }
    plugin: Any = type("Submission", (AlgoPerfSubmission,), facts)
    own = replace(sources, stated_hash=content, libraries=sources.libraries - frozenset(STAND_INS))
    return LoadedPlugin(plugin.name, plugin, own, name)


def _executed(name: str, path: Path) -> ModuleType:
    """Return the module of a file after it has run.

    Raises:
        BadInput: it imports a module of AlgoPerf that has no stand-in.
    """
    from importlib.util import module_from_spec, spec_from_file_location

    loader = UncachedLoader(name, str(path))
    spec = spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in STAND_INS:
            raise BadInput(f"it asks for {error.name}, which is not there outside of AlgoPerf") from None
        raise
    except ImportError as error:
        if (error.name or "").startswith((*PACKAGES, "harness.compat.submissions.stand_ins")):
            wanted = getattr(error, "name_from", None) or str(error)
            raise BadInput(f"it asks for '{wanted}' of {_spelt(error.name)}, which is not there outside of AlgoPerf") from None
        raise
    return module


def _spelt(name: str | None) -> str:
    return (name or "").replace("harness.compat.submissions.stand_ins.", "algoperf.")


def _answer_for_one_process(modules: list[ModuleType]) -> None:
    """Replace what the modules have imported of torch.distributed by what answers for one process."""
    from harness.compat.submissions.stand_ins.one_process import answered, answers

    own = answers()
    for module in modules:
        for key, value in list(vars(module).items()):
            other = answered(value, *own)
            if other is not value:
                setattr(module, key, other)


def names_accelerator(sources: Sources) -> bool:
    """Return whether a submission names the accelerator: as the text "cuda", or by ``.cuda()``."""
    nodes = [node for file in sources.files for node in ast.walk(ast.parse(file.read_bytes()))]
    return any(
        (isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.partition(":")[0] == NAME)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == NAME)
        for node in nodes
    )


def _reads_evaluations(sources: Sources) -> bool:
    """Return whether a submission reads ``eval_results`` anywhere: each evaluation that it sees is then charged."""
    trees = [ast.parse(file.read_bytes()) for file in sources.files]
    names = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name))
    return any(node.id == "eval_results" and isinstance(node.ctx, ast.Load) for node in names)


def _plain(path: Path) -> str:
    """Return a plug-in's name made of the file's folder."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", path.parent.name)
    return name if name[:1].isalpha() else f"algoperf_{name}"
