"""The modules that a submission imports by names of AlgoPerf or of its own folder, and when they exist."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.registry.sources import Sources

PACKAGES = ("algoperf", "algorithmic_efficiency")
"""The two names that AlgoPerf's package has had."""

PARTS = ("spec", "pytorch_utils", "data_utils", "random_utils")
"""Its modules that have a stand-in."""

OTHERS = {"absl": {"logging": "absl_logging", "flags": "absl_flags"}, "optax": {}}
"""Other packages with a stand-in: {package: {module: name of the stand-in}}."""

STAND_INS = (*PACKAGES, *OTHERS)


def _stand_in(name: str) -> ModuleType:
    """Return a copy of a stand-in, so that what a submission sets in it is seen by no other one."""
    original = importlib.import_module(f"harness.compat.submissions.stand_ins.{name}")
    copy = ModuleType(name)
    vars(copy).update(vars(original))
    if (own := getattr(original, "own_names", None)) is not None:
        vars(copy).update(own())
    return copy


def _package(name: str, parts: Mapping[str, ModuleType], search: tuple[str, ...] = ()) -> dict[str, ModuleType]:
    """Return {dotted name: module} of a package with these modules; it finds others in `search`."""
    package = ModuleType(name)
    package.__path__ = list(search)
    for part, module in parts.items():
        setattr(package, part, module)
    return {name: package, **{f"{name}.{part}": module for part, module in parts.items()}}


def stand_ins() -> dict[str, ModuleType]:
    """Return {dotted name: module} of everything that stands in for another module."""
    own = {part: _stand_in(part) for part in PARTS}
    found: dict[str, ModuleType] = {"optax": _stand_in("optax")}
    for name in PACKAGES:
        found |= _package(name, own)
    return found | _package("absl", {part: _stand_in(name) for part, name in OTHERS["absl"].items()})


class Modules:
    """The modules of one submission: they are in `sys.modules` inside of `present` only.

    Args:
        sources: of the submission.
    """

    def __init__(self, sources: Sources) -> None:
        self._folder = sources.files[0].parent
        self._files = {str(file) for file in sources.files}
        self._known: dict[str, ModuleType] = stand_ins()
        for dotted in sorted(name for name in sources.siblings if "." in name):
            self._known |= self._outer(dotted)
        self._plain = {name for name in sources.siblings if "." not in name}
        self._search = [str(folder) for folder in sources.search] if self._plain else []

    def _outer(self, dotted: str) -> dict[str, ModuleType]:
        """Return the packages of ``a.b.FOLDER``, the last of which is the submission's folder."""
        names = dotted.split(".")
        found: dict[str, ModuleType] = {}
        for end in range(1, len(names) + 1):
            name = ".".join(names[:end])
            search = (str(self._folder),) if end == len(names) else ()
            found |= {name: self._known[name]} if name in self._known else _package(name, {}, search)
        return found

    @contextmanager
    def present(self) -> Iterator[None]:
        """Make the modules importable by their names while the body runs.

        What the body imports from the submission's folder is kept for the next time, and is not importable afterwards.
        """
        hidden: dict[str, Any] = {name: sys.modules.get(name) for name in self._known}
        for name in self._plain - self._known.keys():
            hidden |= {key: sys.modules.pop(key) for key in list(sys.modules) if key.partition(".")[0] == name}
        sys.modules.update(self._known)
        path, writes = list(sys.path), sys.dont_write_bytecode
        sys.path[:0] = self._search
        sys.dont_write_bytecode = True
        before = len(sys.modules)
        try:
            yield
        finally:
            sys.dont_write_bytecode = writes
            sys.path[:] = path
            if len(sys.modules) != before:
                new = {name: module for name, module in sys.modules.items() if name not in hidden and self._is_own(module)}
                self._known |= new
                hidden |= dict.fromkeys(new)
            for name, module in hidden.items():
                if module is None:
                    sys.modules.pop(name, None)
                else:
                    sys.modules[name] = module

    def _is_own(self, module: ModuleType) -> bool:
        """Return whether a module comes from the submission's folder: from one of its files, or a folder of them."""
        file = getattr(module, "__file__", None)
        if file:
            return str(Path(file).resolve()) in self._files
        search = [Path(entry).resolve() for entry in getattr(module, "__path__", ())]
        return bool(search) and all(entry.is_relative_to(self._folder) for entry in search)

    def own(self) -> list[ModuleType]:
        """Return the modules that were loaded from the submission's folder."""
        return [module for module in self._known.values() if self._is_own(module)]
