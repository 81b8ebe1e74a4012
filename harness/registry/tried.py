"""Whether a library's optimizer trains: it takes two steps on a small model when it is named."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.messages import said
from harness.contracts.optimizers import Optimizer
from harness.contracts.returned import PROCEDURE, check_kept, takes_loss
from harness.registry.libraries.table import HESSIAN, RECIPE

STEPS = 2
"""Steps that an optimizer takes: state that the first one makes is used by the second."""

_trained: set[str] = set()
"""What has been tried in this process, and trains."""


def check_trains(name: str, recipe: Optimizer, values: Mapping[str, Any]) -> None:
    """Check that a recipe trains a small model for `STEPS` steps, each of them as in a trial.

    Random state, warnings and what else belongs to the process are afterwards as they were; what is printed is discarded.

    Args:
        name: what the user typed.
        recipe: wraps a library's class.
        values: hyperparameters that the user set.

    Raises:
        BadInput: it does not; the message says what it needs, as far as another try finds that out, and what to write instead.
    """
    key = f"{recipe.name} {sorted(values.items())!r}"
    if key in _trained:
        return
    error = _tried(recipe, values)
    if error is not None:
        raise _refusal(name, error, recipe, values) from error
    _trained.add(key)


def _refusal(name: str, error: Exception, recipe: Optimizer, values: Mapping[str, Any]) -> BadInput:
    first = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if values and _tried(recipe, {}) is None:
        return BadInput(f"'{name}' does not train a small model with these values ({said(first)}): set others")
    if isinstance(first, ImportError):
        return BadInput(f"'{name}' needs a library that is not installed here ({said(first)})")
    if isinstance(error, BadInput):
        return error
    if _tried(recipe, values, graph=True) is None:
        return BadInput(f"'{name}' needs the graph of the gradient, which the harness's step does not keep: {HESSIAN}")
    if _tried(recipe, values, closure=True) is None:
        return BadInput(f"'{name}' needs a closure that returns the loss, and the harness's step passes none: {PROCEDURE}")
    return BadInput(f"'{name}' does not train a small model ({said(first)}): {RECIPE}")


def _tried(recipe: Optimizer, values: Mapping[str, Any], *, graph: bool = False, closure: bool = False) -> Exception | None:
    """Return what a few steps on a small model raised, or None.

    Args:
        recipe, values: of the optimizer.
        graph: whether the gradient keeps its graph.
        closure: whether the step gets a closure.
    """
    import torch

    with _undisturbed():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
        inputs, labels = torch.randn(8, 4), torch.arange(8) % 3
        return _stepped(
            recipe, values, model, lambda: torch.nn.functional.cross_entropy(model(inputs), labels), graph, closure=closure
        )


def first_steps(recipe: Optimizer, values: Mapping[str, Any], build: Callable[[], Any], loss: Callable[[Any], Any]) -> str:
    """Return what `STEPS` steps on a model raised, in one line; "" if they raised nothing.

    Random state and what else belongs to the process are afterwards as they were; what is printed is discarded.

    Args:
        recipe: wraps a library's class.
        values: its hyperparameters.
        build: returns a new model.
        loss: returns the loss of a model on a few examples.
    """
    import torch

    with _undisturbed():
        torch.manual_seed(0)
        model = build()
        error = _stepped(recipe, values, model, lambda: loss(model))
        first = error.__cause__ if error is not None and isinstance(error.__cause__, Exception) else error
        return said(first) if first is not None else ""


def _stepped(
    recipe: Optimizer,
    values: Mapping[str, Any],
    model: Any,
    loss_of: Callable[[], Any],
    graph: bool = False,
    *,
    closure: bool = False,
) -> Exception | None:
    """Return what `STEPS` steps raised, each of them as in a trial, or None."""
    try:
        optimizer: Any = recipe(model, values)
        peaks = [group["lr"] for group in optimizer.param_groups]
        for step in range(STEPS):
            rates = [peak * (1 - step / (2 * STEPS)) for peak in peaks]
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
            optimizer.zero_grad()
            loss = loss_of()
            loss.backward(create_graph=graph)
            optimizer.step(*[loss.item] if closure or takes_loss(optimizer) else [])
            check_kept(recipe.title, optimizer, rates)
    except Exception as error:  # noqa: BLE001  a library's class may raise anything
        return error
    return None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep what belongs to the process: random state, grad mode, default type, threads, warnings, and what is printed."""
    import numpy as np
    import torch

    states, dtype, threads = (random.getstate(), np.random.get_state()), torch.get_default_dtype(), torch.get_num_threads()
    try:
        with (
            torch.random.fork_rng(devices=[]),
            torch.enable_grad(),
            warnings.catch_warnings(),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
