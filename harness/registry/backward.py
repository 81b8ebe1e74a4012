"""Backward passes that are refused where no clock runs: while a plug-in's file is imported, and in its constructor."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from harness.contracts.errors import ContractError


@contextmanager
def backward_passes_refused(refused: Callable[[Sequence[Any]], str]) -> Iterator[None]:
    """Refuse backward passes by torch's autograd while the body runs.

    Every name of torch that leads to its engine, or to the class of it, leads to one that asks `refused` first. This is no
    sandbox: the engine itself can be found in closures, frames and lists of classes, and native code and TorchScript need
    none of these names.

    Args:
        refused: called with the tensors, or edges of the graph, from which a pass starts; returns why it is refused, or "".

    Raises:
        ContractError: at the pass, and again at the end, since a plug-in may have caught the first.
    """
    import torch

    variable = import_module("torch.autograd.variable")  # torch.autograd has a function of that name
    engine: Any = variable.Variable._execution_engine
    errors: list[ContractError] = []
    running = [True]

    class Watched:
        """Torch's engine of backward passes, with a look at where each starts."""

        def run_backward(self, roots: tuple[Any, ...], *arguments: Any, **keywords: Any) -> Any:
            """Run a backward pass, unless it is refused."""
            roots = (*tuple.__iter__(roots),)  # as the engine reads them, whatever their class says
            if running and (reason := refused(roots)):
                errors.append(ContractError(reason))
                raise errors[-1]
            return engine.run_backward(roots, *arguments, **keywords)

        def queue_callback(self, callback: Callable[[], None]) -> None:
            """Call a function at the end of the present backward pass."""
            engine.queue_callback(callback)

        def is_checkpoint_valid(self) -> bool:
            """Return whether the present backward pass may compute parts of the graph anew."""
            return bool(engine.is_checkpoint_valid())

    originals = (
        (variable.Variable, "_execution_engine", engine),
        (variable, "ImperativeEngine", variable.ImperativeEngine),
        (torch._C, "_ImperativeEngine", torch._C._ImperativeEngine),
    )
    try:
        for owner, name, original in originals:
            setattr(owner, name, Watched() if original is engine else Watched)
        yield
    finally:
        running.clear()  # a plug-in may keep it
        for owner, name, original in originals:
            setattr(owner, name, original)
        if errors:
            raise errors[-1]


@contextmanager
def backward_passes_refused_once_loaded(refused: Callable[[Sequence[Any]], str]) -> Iterator[None]:
    """Refuse backward passes while the body runs, from when torch is loaded, whoever loads it; this itself does not load it.

    Args:
        refused: as `backward_passes_refused` takes it.

    Raises:
        ContractError: as there; or the body has loaded torch past the finders of Python's import system.
    """
    with ExitStack() as refusing:
        if sys.modules.get("torch") is not None:
            refusing.enter_context(backward_passes_refused(refused))
            yield
            return
        finder = _TorchFinder(lambda: refusing.enter_context(backward_passes_refused(refused)))
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path[:] = [other for other in sys.meta_path if other is not finder]
        if sys.modules.get("torch") is not None and not finder.has_loaded:
            raise ContractError("it loads torch without an `import torch` statement: write that")


class _TorchFinder:
    """Finds torch where the other finders do, and calls a function when it has been loaded.

    Args:
        loaded: the function.

    Attributes:
        has_loaded: whether it has been called.
    """

    def __init__(self, loaded: Callable[[], object]) -> None:
        self._loaded = loaded
        self.has_loaded = False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of torch, None of any other module."""
        if name != "torch":
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec.loader)
        return spec

    def _follow(self, loader: Any) -> None:
        """Let a loader, which is made for one specification, say when it has executed the module."""
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self._loaded()
            self.has_loaded = True

        loader.exec_module = exec_module
