"""Loads a Python file and returns the plug-ins that it defines."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import BadInput, ContractError
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.contracts.workloads import Workload
from harness.registry.backward import backward_passes_refused_once_loaded
from harness.registry.facts import Plugin, check_facts
from harness.registry.import_errors import ImportTimeout, import_error, import_limit, noted_interrupts
from harness.registry.refusals import calls_refused
from harness.registry.sources import OURS, Sources, display_path, read_sources
from harness.registry.untouched import untouched

PLUGIN_PACKAGE = "timetrial_plugins"
"""Name of the package under which plug-ins outside of installed packages are imported."""

MOST_BYTES = 10_000_000
"""A larger file is no plug-in."""

_loaded: dict[Path, tuple[str, ModuleType]] = {}
_unending: dict[Path, tuple[str, BadInput]] = {}
"""Files whose import did not end, with the hash of their text: they are not waited for again."""


@dataclass(frozen=True)
class LoadedPlugin:
    """A plug-in and where it comes from.

    Attributes:
        name: its name in the index; of an entry point that names one object, the entry point's name.
        plugin: the schedule, optimizer, training algorithm or workload.
        sources: its file and the files that it imports.
        module: name of the module that defines it.
    """

    name: str
    plugin: Plugin
    sources: Sources
    module: str

    @property
    def path(self) -> Path:
        """The file that defines the plug-in."""
        return self.sources.files[0]


def load_file(path: Path) -> list[LoadedPlugin]:
    """Return the plug-ins that file `path` defines, in the order of definition. A file that has changed is loaded again.

    The file can import modules of its folder as ``from .helper import x`` or ``from helper import x``.

    Raises:
        BadInput: the file cannot be read, or its import raises an error; the message names file and line.
        ContractError: a plug-in in it does not keep its contract, or its import trains or replaces a part of the harness.
    """
    try:
        check_readable(path)
        path = resolved(path)
        sources = read_sources(path)
    except (OSError, RuntimeError) as error:  # of a symbolic link to itself, Python 3.11 and 3.12 say RuntimeError
        raise BadInput(f"cannot read {display_path(path)}: {getattr(error, 'strerror', '') or error}") from None
    loaded = _loaded.get(path)
    if loaded is not None and loaded[0] == sources.text_hash:
        module = loaded[1]
    elif path in _unending and _unending[path][0] == sources.text_hash:
        raise _unending[path][1]
    else:
        if loaded is not None:
            _forget(loaded_from(sources.files, sys.modules))
        module = _run(path, sources)
        _loaded[path] = sources.text_hash, module
    try:
        with nullcontext() if _is_ours(path) else untouched():
            return [LoadedPlugin(plugin.name, plugin, sources, module.__name__) for plugin in plugins_of(module)]
    except (Exception, SystemExit) as error:  # a class can raise anything where its facts are read
        if type(error) is ContractError:
            raise
        raise import_error(path, error) from error


def resolved(path: Path) -> Path:
    """Return the path without symbolic links; of a link to itself, the absolute path."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def check_readable(path: Path) -> None:
    """Check that a path is a regular file of a plug-in's size: a pipe has no end that a reader would find.

    Raises:
        BadInput: it is not.
        OSError: there is no such file.
    """
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise BadInput(f"cannot read {display_path(path)}: it is not a regular file")
    if facts.st_size > MOST_BYTES:
        raise BadInput(f"cannot read {display_path(path)}: a plug-in's file has at most {MOST_BYTES:,} bytes")


def plugins_of(module: ModuleType) -> list[Plugin]:
    """Return the public plug-ins that `module` itself defines, without those that it imports.

    Raises:
        ContractError: a plug-in's name contains characters that the command line does not accept, or another fact is not of
            its type.
    """
    plugins: list[Plugin] = []
    for attribute, value in vars(module).items():
        if attribute.startswith("_") or any(value is other for other in plugins):
            continue
        if _defining_module(value) == module.__name__:
            check_facts(display_path(Path(module.__file__ or module.__name__)), value)
            plugins.append(value)
    return plugins


def _defining_module(value: object) -> str | None:
    """Return the name of the module that defines a plug-in, or None if `value` is not a plug-in."""
    if isinstance(value, Schedule | Optimizer):
        return getattr(value.function, "__module__", None)
    if isinstance(value, type) and issubclass(value, TrainingAlgorithm | Workload):
        return None if value in (TrainingAlgorithm, Workload) else value.__module__
    return None


def _run(path: Path, sources: Sources) -> ModuleType:
    name = module_name(path)
    try:
        with importing(path, sources):
            _check_siblings(path.parent, sources.siblings)
            return _executed(name, path)
    except BadInput as error:
        if isinstance(error.__cause__, ImportTimeout):
            _unending[path] = sources.text_hash, error
        raise


@contextmanager
def importing(path: Path, sources: Sources) -> Iterator[None]:
    """Surround the import of a plug-in's file: it prints, ends, trains and replaces nothing, and its time is limited.

    Modules that were loaded from its sources before an error are forgotten.

    Raises:
        BadInput: the body raised an error; the message names file and line.
    """
    before = set(sys.modules)
    with noted_interrupts() as interrupts:
        try:
            # Standard output may be another program's JSON.
            with redirect_stdout(sys.stderr), calls_refused(), import_limit(), _distrusted(path):
                yield
        except BaseException as error:
            new = {key: sys.modules[key] for key in set(sys.modules) - before}
            _forget(loaded_from(sources.files, new))
            if type(error).__module__.startswith("harness.") and not isinstance(error, Exception | ImportTimeout):
                raise  # the trial's time limit has rung: that is not the plug-in's error
            if interrupts:
                raise KeyboardInterrupt(f"while {display_path(path)} was imported") from None
            raise import_error(path, error) from error


@contextmanager
def _distrusted(path: Path) -> Iterator[None]:
    """Refuse, unless the file is ours, backward passes, since no clock runs yet, and that it replaces parts of the harness."""
    if _is_ours(path):
        yield
        return
    reason = "a backward pass while the file is imported: train in update()"
    with backward_passes_refused_once_loaded(lambda roots: reason), untouched():
        yield


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in OURS.values())


def _executed(name: str, path: Path) -> ModuleType:
    """Return the module of a file after it has run."""
    if name.split(".")[0] in OURS:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, path, loader=UncachedLoader(name, str(path)))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    UncachedLoader(name, str(path)).exec_module(module)
    return module


class UncachedLoader(SourceFileLoader):
    """Compiles the source at every load, since cached byte code has time stamps too coarse for a file that is being edited."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the compiled source."""
        code = self.source_to_code(self.get_data(self.path), self.path)
        return code if isinstance(code, CodeType) else None


def module_name(path: Path) -> str:
    """Return the name under which the file is imported, and make sure that its parent packages exist."""
    for package, folder in OURS.items():
        if path.is_relative_to(folder):
            _import_built_in(package, folder)
            return ".".join((package, *path.relative_to(folder).with_suffix("").parts))
    _make_package(PLUGIN_PACKAGE, [])
    folder_name = f"{PLUGIN_PACKAGE}.d{hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:12]}"
    _make_package(folder_name, [str(path.parent)])
    if path.stem.isidentifier():
        return f"{folder_name}.{path.stem}"
    # A dot in a module's name would mean a package, so that relative imports in adam.v2.py would look for one called adam.
    own = hashlib.sha256(os.fsencode(path.stem)).hexdigest()[:12]
    return f"{folder_name}.{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}_{own}"


def _import_built_in(package: str, folder: Path) -> None:
    """Import our package of this name, even if the current directory has a folder of that name on the import path."""
    present = sys.modules.get(package)
    if present is not None and str(folder) in [str(Path(entry).resolve()) for entry in present.__path__]:
        return
    spec = importlib.util.spec_from_file_location(package, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)


def _make_package(name: str, search: list[str]) -> None:
    if name not in sys.modules:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = search
        sys.modules[name] = importlib.util.module_from_spec(spec)


def _check_siblings(folder: Path, siblings: Iterable[str]) -> None:
    """Make modules of the folder importable by their plain names, and check that no other module has such a name."""
    for name in sorted(siblings):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        importlib.invalidate_caches()
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin not in ((folder / f"{name}.py").resolve(), (folder / name / "__init__.py").resolve()):
            raise BadInput(
                f"'import {name}' could mean {display_path(folder / name)} or {origin}: write 'from .{name} import ...'"
            )


def loaded_from(files: Iterable[Path], modules: dict[str, ModuleType]) -> list[str]:
    """Return the names of those modules that were loaded from one of the files."""
    paths = {str(file) for file in files}
    located = {name: getattr(module, "__file__", None) for name, module in modules.items()}
    return [name for name, file in located.items() if file and str(Path(file).resolve()) in paths]


def _forget(names: Iterable[str]) -> None:
    for name in names:
        if name not in OURS:
            sys.modules.pop(name, None)
