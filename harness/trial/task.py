"""What a training algorithm gets from the harness: model, data and loss, every use of which is charged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import index
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor, is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.autograd.graph import register_multi_grad_hook

from harness.canonical import stable_seed
from harness.contracts.algorithms import Batch
from harness.contracts.errors import ContractError
from harness.contracts.messages import shown
from harness.contracts.spaces import Hyperparameters
from harness.contracts.workloads import Workload
from harness.records import TrialSpec
from harness.trial.batches import IndexStream, TrialBatch, checked_size, examples_of, on_device, plain_tensor, taken
from harness.trial.derivatives import (
    difference_product,
    frozen,
    gradients_one_by_one,
    is_missing_rule,
    twice_differentiable_attention,
)
from harness.trial.judging import autocast_of
from harness.trial.meter import Meter
from harness.trial.prefetch import Prefetched
from harness.trial.process.accelerator import is_accelerator

HVP_THIRDS = 9
"""Charge of a Hessian-vector product, thirds per example: forward 1, backward 2, and a backward through both of them 6."""

DIFFERENCE_THIRDS = 6
"""Charge of a Hessian-vector product by differences, thirds per example: two gradients."""

TRANSFORMED = (
    "a loss inside torch.func or forward-mode differentiation is charged less than it costs: use "
    "task.stacked_losses, task.example_gradients or task.hessian_vector_product"
)


PAID = "timetrial"
"""Key of a graph node's metadata: outputs whose forward and first backward pass are charged."""


class TrialTask:
    """The `harness.contracts.Task` of one trial: what a plug-in sees of it, and nothing that the harness reads.

    Args:
        spec: of the trial.
        workload: gives forward pass and losses.
        model: what is trained.
        train: the training examples, {name: tensor [n, ...]}, on the trial's device or on the host.
        meter: counts what is charged.
    """

    def __init__(
        self, spec: TrialSpec, workload: Workload, model: nn.Module, train: Mapping[str, Tensor], meter: Meter
    ) -> None:
        self.model = model
        self.device = meter.device
        self.workload = spec.workload_label
        self.batch_size = workload.size.batch_size
        self.train_size = len(next(iter(train.values())))
        self.budget, self.horizon, self.warmup = spec.budget, spec.horizon, spec.warmup
        self.reference: Hyperparameters = workload.reference_hyperparameters
        self.generator = torch.Generator().manual_seed(stable_seed(spec.seed, "algorithm"))
        self._meter, self._seal = meter, object()
        self._workload = workload
        self._train = train
        self._stream = IndexStream(self.train_size, stable_seed(spec.seed, "data"))
        homes = {values.device.type for name, values in train.items() if name not in workload.host}
        self._away = homes != {meter.device.type}
        self._reader = Prefetched(train, self._stream, pinned=is_accelerator(meter.device)) if self._away else None
        self._autocast = autocast_of(workload, meter.device)
        self._most = max(self.train_size, self.budget)
        self._vectorised = self._twice_differentiable = True
        self._sealed = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to set an attribute: a training algorithm may only read them."""
        if "_sealed" in self.__dict__ and name not in ("_vectorised", "_twice_differentiable"):
            raise ContractError(f"task.{name} cannot be set: the attributes of a task are read-only")
        super().__setattr__(name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse copies: what a copy charges would not be counted."""
        raise ContractError("a task cannot be copied or pickled")

    def close(self) -> None:
        """End what reads batches ahead; the harness calls it when the trial has ended."""
        if self._reader is not None:
            self._reader.close()

    @property
    def examples(self) -> float:
        """Charged examples so far."""
        return self._meter.thirds / 3

    @property
    def step(self) -> float:
        """Charged examples so far over the reference batch size."""
        return self._meter.thirds / (3 * self.batch_size)

    def draw(self, size: int) -> TrialBatch:
        """Return the next `size` training examples of the seeded stream."""
        number = checked_size(size, self._most)
        if self._reader is None:
            return self._batch(self._stream.take(number))
        indices, examples = self._reader.take(number)
        return TrialBatch(self._seal, indices, on_device(examples, self.device, self._workload.host, non_blocking=True))

    def fetch(self, indices: Tensor) -> TrialBatch:
        """Return the training examples `indices`, int64 [n]."""
        plain = plain_tensor(indices, "the indices of a batch")
        checked_size(len(plain), self._most)
        return self._batch(plain)

    def _batch(self, indices: Tensor) -> TrialBatch:
        examples = taken(self._train, indices)
        if self._away:
            examples = on_device(examples, self.device, self._workload.host)
        return TrialBatch(self._seal, indices, examples)

    def loss(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the mean training loss of `batch`; charges 1 per example with gradients enabled, 1/3 without."""
        loss = self._example_losses(batch, model).mean()
        if loss.requires_grad:
            self._charge_backward([loss], batch.size)
        self._meter.loss = loss.detach()
        return loss

    def example_losses(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the loss of every example, [size]; charged as `loss`."""
        losses = self._example_losses(batch, model)
        if losses.requires_grad:
            self._charge_backward([losses], batch.size)
        return losses

    def outputs(self, batch: Batch, model: nn.Module | None = None) -> Any:
        """Return the outputs of the model for `batch`; charged as `loss`, backward passes through the outputs included."""
        outputs = self._outputs(batch, model, examples_of(batch, self._seal))
        self._meter.show(batch.size)
        trained = [tensor for tensor in _tensors(outputs) if tensor.requires_grad]
        if trained:
            self._charge_backward(trained, batch.size)
            for tensor in trained:
                for each in (tensor, tensor._base):  # a view that is changed in place has another node, behind its base's
                    if each is not None and each.grad_fn is not None:
                        _metadata(each.grad_fn)[PAID] = self._seal
        return outputs

    def _is_paid(self, outputs: Tensor) -> bool:
        """Return whether a gradient of `outputs` reaches weights only through what `outputs` has returned."""
        waiting: list[Any] = [outputs.grad_fn] if outputs.grad_fn is not None else []
        seen: set[Any] = set()
        paid = not (outputs.requires_grad and outputs.is_leaf)
        while waiting and paid:
            node = waiting.pop()
            if node in seen or _metadata(node).get(PAID) is self._seal:
                continue
            seen.add(node)
            waiting += [before for before, _ in node.next_functions if before is not None]
            paid = not hasattr(node, "variable")  # a leaf
        return paid

    def output_losses(self, outputs: Any, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """Return the loss of every example of `batch`, [size], from outputs; only the first loss of outputs is paid for."""
        unpaid = torch.is_grad_enabled() and not all(map(self._is_paid, _tensors(outputs)))
        if unpaid:
            self._meter.charge(batch.size)
        else:
            self._meter.charge_read(batch.size)
        smoothing = {"label_smoothing": label_smoothing} if label_smoothing else {}
        with self._autocast():
            losses = self._workload.example_losses(outputs, examples_of(batch, self._seal), **smoothing)
        self._check_losses(losses, batch.size)
        if unpaid:
            self._charge_backward([losses], batch.size)
        self._meter.loss = losses.detach().mean()
        return losses

    def let_pass(self, examples: int) -> None:
        """Charge `examples` examples and compute nothing.

        Raises:
            ContractError: it is no whole number, or negative.
        """
        try:
            count = int.__index__(index(examples))  # an int itself: a subclass may compute anything
        except TypeError:
            raise ContractError(f"let_pass takes a whole number of examples, not {shown(examples)}") from None
        self._meter.charge(count)

    def example_correct(self, batch: Batch) -> Tensor:
        """Return whether every example is predicted correctly, bool [size]; charges 1/3 per example."""
        self._meter.charge(batch.size, 1)
        with torch.no_grad(), self._autocast():
            examples = examples_of(batch, self._seal)
            correct = self._workload.example_correct(self._workload.forward(self.model, examples), examples)
        if correct is None:
            raise ContractError(
                f"workload '{self.workload}' does not say which predictions are correct: example_correct cannot be used on it"
            )
        return correct

    def example_gradients(self, batch: Batch) -> dict[str, Tensor]:
        """Return per-example gradients {name: [size, *shape]}, statistics and dropout frozen; charges 1 per example."""
        self._meter.charge(batch.size)
        module = _MeanLoss(self._workload, self.model)
        weights = {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}

        def one(weights: Mapping[str, Tensor], example: Mapping[str, Tensor]) -> Tensor:
            single = {name: value.unsqueeze(0) for name, value in example.items()}
            value: Tensor = torch.func.functional_call(module, dict(weights), (single,))
            return value

        with frozen(self.model), self._autocast():
            examples = dict(examples_of(batch, self._seal))  # torch.func takes a dict
            gradients = self._vectorised_gradients(one, weights, examples)
            if gradients is None:
                gradients = gradients_one_by_one(one, weights, examples)
        return {name.removeprefix("model."): value for name, value in gradients.items()}

    def _vectorised_gradients(
        self, one: Callable[..., Tensor], weights: Mapping[str, Tensor], examples: Mapping[str, Tensor]
    ) -> dict[str, Tensor] | None:
        """Return the gradient of `one` for every example; None where torch cannot vectorise it."""
        if not self._vectorised:
            return None
        try:
            gradients: dict[str, Tensor] = torch.func.vmap(torch.func.grad(one), in_dims=(None, 0))(weights, examples)
        except RuntimeError as error:
            if not is_missing_rule(error):
                raise
            self._vectorised = False
            return None
        return gradients

    def hessian_vector_product(self, batch: Batch, vectors: Sequence[Tensor]) -> list[Tensor]:
        """Return the Hessian of the batch loss times `vectors`, frozen; charges 3 per example (`HVP_THIRDS`).

        Where the loss has no second derivative in torch, the product is a difference of gradients; it then charges 2.
        """
        self._meter.charge(batch.size, DIFFERENCE_THIRDS)  # first of all: a hook may see the gradients and then raise
        trained = [p for p in self.model.parameters() if p.requires_grad]

        def gradient(**keywords: Any) -> tuple[Tensor, ...]:
            with twice_differentiable_attention(), self._autocast():
                examples = examples_of(batch, self._seal)
                loss = self._workload.example_losses(self._workload.forward(self.model, examples), examples).mean()
                return torch.autograd.grad(loss, trained, **keywords)

        with frozen(self.model), torch.enable_grad():
            if self._twice_differentiable:
                try:
                    product = torch.stack([(g * v).sum() for g, v in zip(gradient(create_graph=True), vectors, strict=True)])
                    products = list(torch.autograd.grad(product.sum(), trained, materialize_grads=True))
                    self._meter.charge(batch.size, HVP_THIRDS - DIFFERENCE_THIRDS)
                    return products
                except RuntimeError as error:
                    if not is_missing_rule(error):
                        raise
                    self._twice_differentiable = False
            return difference_product(gradient, trained, vectors)

    def stacked_losses(self, batch: Batch, weights: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of `batch` under k sets of weights, [k], frozen; charges k/3 per example."""
        # Read once: the mapping may be any object.
        named = {f"model.{name}": plain_tensor(value, f"'{name}' of the weights") for name, value in weights.items()}
        self._meter.charge(batch.size * next(iter(named.values())).shape[0], 1)
        module = _MeanLoss(self._workload, self.model)

        def one(weights: Mapping[str, Tensor]) -> Tensor:
            value: Tensor = torch.func.functional_call(module, dict(weights), (examples_of(batch, self._seal),))
            return value

        with frozen(self.model), torch.no_grad(), self._autocast():
            losses: Tensor = torch.func.vmap(one)(named)
        return losses

    def _example_losses(self, batch: Batch, model: nn.Module | None) -> Tensor:
        examples = examples_of(batch, self._seal)
        outputs = self._outputs(batch, model, examples)
        with self._autocast():
            losses = self._workload.example_losses(outputs, examples)
        self._check_losses(losses, batch.size)
        return losses

    def _outputs(self, batch: Batch, model: nn.Module | None, examples: Mapping[str, Tensor]) -> Any:
        """Return the outputs of a model, charged: 1 per example with gradients enabled, 1/3 without."""
        thirds = 3 if torch.is_grad_enabled() else 1
        self._meter.charge(batch.size, thirds)
        with self._autocast():
            outputs = self._workload.forward(self.model if model is None else model, examples)
        found = _tensors(outputs)
        if forward_ad._current_level >= 0 or any(map(is_functorch_wrapped_tensor, found)):
            raise ContractError(TRANSFORMED)
        if thirds == 1 and any(tensor.requires_grad for tensor in found):  # gradients were enabled inside the model
            self._meter.charge(batch.size, 2)
        return outputs

    def _check_losses(self, losses: Tensor, size: int) -> None:
        if is_functorch_wrapped_tensor(losses):
            raise ContractError(TRANSFORMED)
        if losses.shape[0] != size:
            raise ContractError(f"{losses.shape[0]} losses of a batch of {size} examples: a batch is read-only")

    def _charge_backward(self, results: Sequence[Tensor], size: int) -> None:
        """Charge every backward pass through any of `results` after the first, which the call has charged already."""
        passes = 0

        def count(gradient: Tensor) -> None:
            nonlocal passes
            if torch.is_grad_enabled() or is_legacy_batchedtensor(gradient) or is_functorch_wrapped_tensor(gradient):
                raise ContractError(
                    "a backward pass with create_graph, is_grads_batched or inside torch.func is charged less than it costs: "
                    "use task.hessian_vector_product or task.example_gradients"
                )
            passes += 1
            if passes > 1:
                self._meter.charge(size, 2)

        if len(results) == 1:
            results[0].register_hook(count)
        else:
            register_multi_grad_hook(results, count, mode="any")


def _metadata(node: Any) -> dict[str, Any]:
    """Return what may be noted at a node of an autograd graph; torch declares it as a method."""
    noted: dict[str, Any] = node.metadata
    return noted


def _tensors(outputs: Any) -> list[Tensor]:
    """Return the tensors in what a forward pass returns: a tensor, or tuples, lists and dicts of them.

    Raises:
        ContractError: it is, or contains, something else, whose gradients could not be charged.
    """
    if isinstance(outputs, Tensor):
        return [outputs]
    if outputs is None or isinstance(outputs, bool | int | float | str):
        return []
    inside: Iterable[Any]  # by the methods of these types, not by those of a subclass
    if isinstance(outputs, dict):
        inside = dict.values(outputs)
    elif isinstance(outputs, tuple):
        inside = tuple.__iter__(outputs)
    elif isinstance(outputs, list):
        inside = list.__iter__(outputs)
    else:
        kind = type(outputs).__name__
        raise ContractError(f"outputs of a model must be tensors, or tuples, lists or dicts of them, not {kind}")
    return [tensor for item in inside for tensor in _tensors(item)]


class _MeanLoss(nn.Module):
    """The mean loss as a module, so that torch.func can evaluate it with other weights."""

    def __init__(self, workload: Workload, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._workload = workload

    def forward(self, examples: Mapping[str, Tensor]) -> Tensor:
        return self._workload.example_losses(self._workload.forward(self.model, examples), examples).mean()
