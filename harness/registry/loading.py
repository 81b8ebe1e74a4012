"""Loads a Python file and returns the plug-ins that it defines."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import BadInput, ContractError
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.contracts.workloads import Workload
from harness.registry.sources import OURS, Sources, display_path, read_sources

Plugin = Schedule | Optimizer | type[TrainingAlgorithm] | type[Workload]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
PLUGIN_PACKAGE = "timetrial_plugins"
"""Name of the package under which plug-ins outside of installed packages are imported."""

_loaded: dict[Path, tuple[str, ModuleType]] = {}


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
        ContractError: a plug-in in it does not keep its contract.
    """
    path = path.resolve()
    try:
        sources = read_sources(path)
    except OSError as error:
        raise BadInput(f"cannot read {display_path(path)}: {error.strerror}") from None
    loaded = _loaded.get(path)
    if loaded is not None and loaded[0] == sources.text_hash:
        module = loaded[1]
    else:
        if loaded is not None:
            _forget(_loaded_from(sources.files, sys.modules))
        module = _run(path, sources)
        _loaded[path] = sources.text_hash, module
    return [LoadedPlugin(plugin.name, plugin, sources, module.__name__) for plugin in plugins_of(module)]


def plugins_of(module: ModuleType) -> list[Plugin]:
    """Return the public plug-ins that `module` itself defines, without those that it imports.

    Raises:
        ContractError: a plug-in's name contains characters that the command line does not accept.
    """
    plugins: list[Plugin] = []
    for attribute, value in vars(module).items():
        if attribute.startswith("_") or any(value is other for other in plugins):
            continue
        if _defining_module(value) == module.__name__:
            if not NAME.fullmatch(value.name):
                raise ContractError(
                    f"{display_path(Path(module.__file__ or module.__name__))}: a plug-in cannot be called '{value.name}':"
                    " a name starts with a letter and contains only letters, digits, '_' and '-'"
                )
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
    name = _module_name(path)
    before = set(sys.modules)
    try:
        _check_siblings(path.parent, sources.siblings)
        if name.split(".")[0] in OURS:
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, path, loader=_UncachedLoader(name, str(path)))
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        _UncachedLoader(name, str(path)).exec_module(module)
    except (Exception, SystemExit) as error:
        new = {key: sys.modules[key] for key in set(sys.modules) - before}
        _forget(_loaded_from(sources.files, new))
        raise _one_line(path, error) from error
    return module


class _UncachedLoader(SourceFileLoader):
    """Compiles the source at every load, since cached byte code has time stamps too coarse for a file that is being edited."""

    def get_code(self, fullname: str) -> CodeType | None:
        code = self.source_to_code(self.get_data(self.path), self.path)
        return code if isinstance(code, CodeType) else None


def _module_name(path: Path) -> str:
    """Return the name under which the file is imported, and make sure that its parent packages exist."""
    for package, folder in OURS.items():
        if path.is_relative_to(folder):
            _import_built_in(package, folder)
            return ".".join((package, *path.relative_to(folder).with_suffix("").parts))
    _make_package(PLUGIN_PACKAGE, [])
    folder_name = f"{PLUGIN_PACKAGE}.d{hashlib.sha256(str(path.parent).encode()).hexdigest()[:12]}"
    _make_package(folder_name, [str(path.parent)])
    return f"{folder_name}.{path.stem}"


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


def _loaded_from(files: Iterable[Path], modules: dict[str, ModuleType]) -> list[str]:
    """Return the names of those modules that were loaded from one of the files."""
    paths = {str(file) for file in files}
    located = {name: getattr(module, "__file__", None) for name, module in modules.items()}
    return [name for name, file in located.items() if file and str(Path(file).resolve()) in paths]


def _forget(names: Iterable[str]) -> None:
    for name in names:
        if name not in OURS:
            sys.modules.pop(name, None)


def _one_line(path: Path, error: BaseException) -> BadInput:
    """Return the error of an import as one line that names the file and the line."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).resolve() == path]
    where = f"{display_path(path)}, line {lines[-1]}" if lines and lines[-1] else display_path(path)
    if isinstance(error, BadInput):
        return type(error)(f"{where}: {error}")
    if isinstance(error, ModuleNotFoundError):
        return BadInput(f"{where}: needs the module '{error.name}', which is not installed here")
    message = " ".join(str(error).split())
    return BadInput(f"{where}: {type(error).__name__}: {message}" if message else f"{where}: {type(error).__name__}")
