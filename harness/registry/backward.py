"""Backward passes that are refused where no clock runs: while a plug-in's file is imported, and in its constructor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness.contracts.errors import ContractError


@contextmanager
def backward_passes_refused(refused: Callable[[Sequence[Any]], str]) -> Iterator[None]:
    """Refuse backward passes by torch's autograd while the body runs.

    Args:
        refused: called with the tensors, or edges of the graph, from which a pass starts; returns why it is refused, or "".

    Raises:
        ContractError: at the pass, and again at the end, since a plug-in may have caught the first.
    """
    from torch.autograd.variable import Variable

    engine = Variable._execution_engine
    watched = _Engine(engine, refused)
    setattr(Variable, "_execution_engine", watched)  # noqa: B010  the type checker knows the engine's own class only
    try:
        yield
    finally:
        Variable._execution_engine = engine
        if watched.error is not None:
            raise watched.error


class _Engine:
    """Torch's engine of backward passes, with a look at where each starts."""

    def __init__(self, engine: Any, refused: Callable[[Sequence[Any]], str]) -> None:
        self._engine, self._refused = engine, refused
        self.error: ContractError | None = None

    def run_backward(self, roots: Sequence[Any], *arguments: Any, **keywords: Any) -> Any:
        """Run a backward pass, unless it is refused."""
        if reason := self._refused(roots):
            self.error = ContractError(reason)
            raise self.error
        return self._engine.run_backward(roots, *arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)
