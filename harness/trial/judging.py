"""Evaluating trained weights: it needs only a workload and a model, so anyone can repeat it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from harness.contracts.errors import ContractError
from harness.contracts.workloads import Workload
from harness.rules import BATCHNORM_EXAMPLES
from harness.trial.batches import PLAIN, on_device, taken
from harness.trial.process.torch_state import check_hooks
from harness.trial.tampering import Tampering

EVALUATION_BATCH = 1024
"""Examples per forward pass of an evaluation."""


def build_model(workload: Workload, device: torch.device) -> nn.Module:
    """Return a new model of the workload on `device`, compiled where the workload says so."""
    model = workload.build_model().to(device)
    if workload.size.compiled:
        model.compile()
    return model


def autocast_of(workload: Workload, device: torch.device) -> Callable[[], Any]:
    """Return a function that makes the context in which the workload's model computes: its precision."""
    if workload.size.precision == "bfloat16":
        return lambda: torch.autocast(device.type, torch.bfloat16)
    return nullcontext


class Judge:
    """The harness's own model, built before a plug-in sees the other one: it is evaluated with the values of that one.

    So hooks on the plug-in's model, and replaced parts or methods of it, have no effect on the metric, and an evaluation
    changes nothing in that model.

    Args:
        workload: builds the model.
        model: what the plug-in will train, built by the same workload.
    """

    def __init__(self, workload: Workload, model: nn.Module) -> None:
        self._model = build_model(workload, next(model.parameters()).device)
        modules = list(_modules(model))
        self._kinds = {name: type(module) for name, module in modules}
        self._parts, self._given = _parts(modules), _tensors(modules)
        self._types = {name: type(tensor) for name, tensor in self._given.items()}
        self._tensors = _saved_tensors(self._model)
        self._built = _build_of(self._model)
        self.model_with_values_of(model)

    def model_with_values_of(self, model: nn.Module) -> nn.Module:
        """Return the harness's own model with the values of the plug-in's.

        Raises:
            ContractError: a hook is registered for all modules; a module or parameter of the plug-in's model was replaced,
                added or removed; or a parameter or saved buffer of it has another shape or type.
            Tampering: the harness's own model was changed.
        """
        check_hooks()
        if _build_of(self._model) != self._built:
            raise Tampering("the model with which the harness evaluates was changed: leave it as it is")
        with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():
            theirs = self._same_parts(model)
            for name, own in self._tensors.items():
                own.copy_(theirs[name])
        return self._model

    def weights_of(self, model: nn.Module) -> list[Tensor]:
        """Return the parameters of a plug-in's model.

        Raises:
            ContractError: as `model_with_values_of`.
        """
        with torch._C.DisableTorchFunctionSubclass():
            theirs = self._same_parts(model)
        return [theirs[name] for name, part in self._parts.items() if isinstance(part, Tensor)]

    def _same_parts(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the parameters and buffers of a model, after a check that it still has the parts that it was built with.

        Nothing that belongs to the model is called: a plug-in may have replaced it.
        """
        modules = list(_modules(model, self._kinds))
        present = _parts(modules)
        for name in {**self._parts, **present}:
            if self._parts.get(name) is not present.get(name):
                raise _replaced(name)
        theirs = _tensors(modules)
        for name, own in self._tensors.items():
            given = theirs.get(name)
            as_built = given is self._given[name] and type(given) is self._types[name]
            if given is None or not (as_built or type(given) in PLAIN) or _form(given) != _form(own):
                raise ContractError(f"'{name}' of the model has another shape or type: put new values into the tensors it has")
        return theirs

    def check_untrained(self, model: nn.Module) -> None:
        """Check that a model is as it was built, the values of parameters and saved buffers included.

        Raises:
            ContractError: it is not.
        """
        with torch._C.DisableTorchFunctionSubclass():
            theirs = self._same_parts(model)
            changed = next((name for name, own in self._tensors.items() if not torch.equal(own, theirs[name])), None)
        if changed is not None:
            raise ContractError(f"'{changed}' of the model was changed before the first step: train in update()")


def _build_of(model: nn.Module) -> list[Any]:
    """Return which modules and parameters a model has, and which hooks and functions of its own each module has."""
    hooks = ("_forward_hooks", "_forward_pre_hooks")
    modules = list(_modules(model))
    functions = [
        (
            name,
            type(module),
            *(len(vars(module)[hook]) for hook in hooks),
            sorted(key for key, value in vars(module).items() if callable(value)),
        )
        for name, module in modules
    ]
    return [*((name, id(part)) for name, part in _parts(modules).items()), *functions]


def _modules(model: nn.Module, kinds: Mapping[str, type] | None = None, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules of a model with their names, one that occurs twice under each; nothing that belongs to them is called.

    Args:
        model: an instance, whatever a plug-in has made of it.
        kinds: {name: class}; others are refused before they are looked into.
        name: of the model inside of another one.

    Raises:
        ContractError: a module has another class, or its attributes, parts or their names are of a class of somebody's own.
    """
    if kinds is not None and type(model) is not kinds.get(name):
        raise _replaced(name)
    yield name, model
    for part, inside in _named(model, "_modules", name):
        yield from _modules(inside, kinds, part)


def _named(module: nn.Module, table: str, name: str) -> list[tuple[str, Any]]:
    """Return what one of a module's tables has, with full names."""
    own = vars(module)
    found = own[table] if type(own) is dict else None
    if type(found) is not dict or any(type(key) is not str for key in found):
        raise _replaced(name)
    return [(f"{name}.{key}" if name else key, value) for key, value in found.items() if value is not None]


def _replaced(name: str) -> ContractError:
    what = f"'{name}' of the model" if name else "the model"
    return ContractError(f"{what} was replaced, added or removed: put new values into the tensors it has")


def _parts(modules: Sequence[tuple[str, nn.Module]]) -> dict[str, nn.Module | Tensor]:
    """Return modules and parameters by name; a part that occurs twice (tied weights) under each of its names."""
    return {**dict(modules), **{key: p for name, module in modules for key, p in _named(module, "_parameters", name)}}


def _tensors(modules: Sequence[tuple[str, nn.Module]]) -> dict[str, Tensor]:
    """Return parameters and buffers by name; a tensor that occurs twice under each of its names."""
    tables = ("_parameters", "_buffers")
    return {key: tensor for table in tables for name, module in modules for key, tensor in _named(module, table, name)}


def _saved_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Return parameters and saved buffers by name; a buffer that is not saved is a cache, which a model fills for itself."""
    modules = list(_modules(model))
    caches = {f"{prefix}.{name}".lstrip(".") for prefix, module in modules for name in module._non_persistent_buffers_set}
    return {name: tensor for name, tensor in _tensors(modules).items() if name not in caches}


def _form(tensor: Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return tensor.shape, tensor.dtype, tensor.device


def judged_examples(examples: Mapping[str, Tensor], limit: int) -> int:
    """Return how many of the examples an evaluation uses: the first `limit`, or all of them where `limit` is 0."""
    size = len(next(iter(examples.values())))
    return min(size, limit) if limit else size


@torch.no_grad()
def evaluate(workload: Workload, model: nn.Module, examples: Mapping[str, Tensor], limit: int = 0) -> dict[str, float]:
    """Return the workload's metric, and what it reports beside it, over the first `limit` examples.

    Args:
        workload: gives forward pass and metrics.
        model: put into evaluation mode, and back into its own mode afterwards.
        examples: {name: tensor [n, ...]}; each part is moved to the model's device.
        limit: how many examples; 0 means all.
    """
    size = judged_examples(examples, limit)
    device = next(model.parameters()).device
    autocast = autocast_of(workload, device)
    sums: dict[str, float] = {}
    training = model.training
    model.eval()
    try:
        for start in range(0, size, EVALUATION_BATCH):
            end = min(start + EVALUATION_BATCH, size)
            part = on_device({name: values[start:end] for name, values in examples.items()}, device, workload.host)
            with autocast():
                metrics = workload.example_metrics(workload.forward(model, part), part)
            for name, values in metrics.items():
                sums[name] = sums.get(name, 0.0) + float(values.double().sum())
    finally:
        model.train(training)
    return workload.aggregate({name: total / size for name, total in sums.items()})


def evaluate_parts(workload: Workload, model: nn.Module, parts: Mapping[str, Mapping[str, Tensor]]) -> dict[str, float]:
    """Return all metrics over all examples of each part of the data, {PART_METRIC: value}."""
    means = {part: evaluate(workload, model, examples) for part, examples in parts.items()}
    return {f"{part}_{name}": value for part, values in means.items() for name, value in values.items()}


@torch.no_grad()
def refresh_batchnorm(workload: Workload, model: nn.Module, train: Mapping[str, Tensor], *, seed: int) -> None:
    """Recompute BatchNorm statistics on `BATCHNORM_EXAMPLES` fixed training examples, and leave the model in evaluation mode.

    This service has a fixed size and is never charged; nothing happens where the model has no BatchNorm.

    Args:
        workload: gives the forward pass.
        model: its statistics are overwritten.
        train: {name: tensor [n, ...]}; each batch is moved to the model's device.
        seed: decides which examples are used.
    """
    model.eval()
    layers = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    if not layers:
        return
    size = len(next(iter(train.values())))
    chosen = torch.randperm(size, generator=torch.Generator().manual_seed(seed))[:BATCHNORM_EXAMPLES]
    device = next(model.parameters()).device
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum, layer.training = None, True  # None: the plain average over batches
    for indices in chosen.split(workload.size.batch_size):
        workload.forward(model, on_device(taken(train, indices), device, workload.host))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum, layer.training = momentum, False
