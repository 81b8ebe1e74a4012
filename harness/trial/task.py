"""What the harness hands to a training algorithm: model, data stream and loss, all of it counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor, is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

from harness.contracts import SIGNALS, Batch, ContractError, Feedback, Hyperparameters, Workload
from harness.records import TrialSpec, stable_seed
from harness.trial.clock import Examples
from harness.trial.derivatives import Descent, difference_product, gradients_one_by_one, is_missing_rule

IDLE_STEPS = 100
"""A training algorithm whose loss is not called in this many steps has failed."""

HVP_THIRDS = 9
"""Charge of a Hessian-vector product: forward 1, backward 2, and a backward through both of them 6 thirds."""

DIFFERENCE_THIRDS = 6
"""Charge of a Hessian-vector product by differences: two gradients."""


class IndexStream:
    """The shared data order: one seeded stream of indices, permutation after permutation; a batch takes the next b."""

    def __init__(self, size: int, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._size = size
        self._order = torch.randperm(size, generator=self._generator)
        self._at = 0

    def take(self, size: int) -> Tensor:
        """Return the next `size` indices, int64 [size]."""
        end = self._at + size
        if end <= self._size:
            taken = self._order[self._at : end]
            self._at = end
            return taken
        parts = [self._order[self._at :]]
        missing = size - len(parts[0])
        while missing > 0:
            self._order = torch.randperm(self._size, generator=self._generator)
            parts.append(self._order[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return torch.cat(parts)


@dataclass(slots=True)
class Ended:
    """The steps that have ended: how many, the last loss, the charge at the last one that charged, how many since did not."""

    steps: int = 0
    loss: Tensor | None = None
    thirds: int = 0
    idle: int = 0


class TrialBatch:
    """Examples that only `TrialTask` turns into a loss."""

    __slots__ = ("_examples", "_indices", "_size")

    def __init__(self, indices: Tensor, examples: Mapping[str, Tensor]) -> None:
        self._indices, self._size = indices, indices.shape[0]
        self._examples = examples

    @property
    def size(self) -> int:
        """Number of examples."""
        return self._size

    @property
    def indices(self) -> Tensor:
        """Which training examples these are, int64 [size]."""
        return self._indices


class TrialTask:
    """The `harness.contracts.Task` of one trial."""

    def __init__(
        self, spec: TrialSpec, workload: Workload, model: nn.Module, train: Mapping[str, Tensor], device: torch.device
    ) -> None:
        settings = workload.settings
        self.model = model
        self.device = device
        self.workload = spec.workload_label
        self.batch_size = settings.batch_size
        self.train_size = len(next(iter(train.values())))
        self.budget, self.horizon, self.warmup = spec.budget, spec.horizon, spec.warmup
        self.reference: Hyperparameters = workload.reference_hyperparameters
        self.generator = torch.Generator().manual_seed(stable_seed(spec.seed, "algorithm"))
        self._charged = Examples()
        self._workload = workload
        self._train = train
        self._home = next(iter(train.values())).device
        self._stream = IndexStream(self.train_size, stable_seed(spec.seed, "data"))
        self._autocast: Callable[[], Any] = nullcontext
        if settings.precision == "bfloat16":
            self._autocast = lambda: torch.autocast(device.type, torch.bfloat16)
        self._ended = Ended()
        self._all_finite = torch.ones((), dtype=torch.bool, device=device)
        self._descent = Descent(model)
        self._vectorised = self._twice_differentiable = True
        self._sealed = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Set what is the task's own; what it tells an algorithm is there to be read."""
        if "_sealed" in self.__dict__ and not name.startswith("_"):
            raise ContractError(f"task.{name} cannot be set: a task says how things are")
        super().__setattr__(name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse copies: what a copy counts nobody would read."""
        raise ContractError("a task cannot be copied or pickled")

    @property
    def steps(self) -> int:
        """Steps so far."""
        return self._ended.steps

    @property
    def examples(self) -> float:
        """Charged examples so far."""
        return self._charged.thirds / 3

    @property
    def step(self) -> float:
        """Charged examples so far over the reference batch size."""
        return self._charged.thirds / (3 * self.batch_size)

    def draw(self, size: int) -> TrialBatch:
        """Return the next `size` training examples of the seeded stream."""
        return self.fetch(self._stream.take(size))

    def fetch(self, indices: Tensor) -> TrialBatch:
        """Return the training examples `indices`, int64 [n]."""
        chosen = indices.to(self._home, non_blocking=True)
        examples = {name: values.index_select(0, chosen) for name, values in self._train.items()}
        if self._home != self.device:
            examples = {name: values.to(self.device) for name, values in examples.items()}
        return TrialBatch(indices, examples)

    def _prime(self) -> None:
        """Pay for compilation and first-step set-up: one step forward and back that leaves no trace and costs nothing."""
        buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
        examples = {name: values[: self.batch_size].to(self.device) for name, values in self._train.items()}
        with self._autocast():
            outputs = self._workload.forward(self.model, examples)
            loss = self._workload.example_losses(outputs, examples).mean()
        loss.backward()
        self.model.zero_grad()
        for name, buffer in self.model.named_buffers():
            buffer.copy_(buffers[name])

    def loss(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the mean training loss of `batch`; charges 1 an example with gradients enabled, 1/3 without."""
        loss = self._example_losses(batch, model).mean()
        if loss.requires_grad:
            self._charge_backward(loss, batch.size)
        self._ended.loss = loss.detach()
        return loss

    def example_losses(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the loss of every example, [size]; charged as `loss`."""
        losses = self._example_losses(batch, model)
        if losses.requires_grad:
            self._charge_backward(losses, batch.size)
        return losses

    def example_correct(self, batch: Batch) -> Tensor:
        """Return whether every example is predicted correctly, bool [size]; charges 1/3 an example."""
        self._charged.charge(batch.size, 1)
        with torch.no_grad(), self._autocast():
            examples = _examples_of(batch)
            correct = self._workload.example_correct(self._workload.forward(self.model, examples), examples)
        if correct is None:
            raise ContractError(
                f"workload '{self.workload}' has no notion of a correct prediction: example_correct is not for it"
            )
        return correct

    def example_gradients(self, batch: Batch) -> dict[str, Tensor]:
        """Return per-example gradients {name: [size, *shape]}, statistics and dropout frozen; charges 1 an example."""
        self._charged.charge(batch.size)
        lossy = _LossModule(self._workload, self.model)
        weights = {name: p.detach() for name, p in lossy.named_parameters() if p.requires_grad}

        def one(weights: Mapping[str, Tensor], example: Mapping[str, Tensor]) -> Tensor:
            single = {name: value.unsqueeze(0) for name, value in example.items()}
            value: Tensor = torch.func.functional_call(lossy, dict(weights), (single,))
            return value

        with _frozen(self.model), self._autocast():
            gradients = self._vectorised_gradients(one, weights, _examples_of(batch))
            if gradients is None:
                gradients = gradients_one_by_one(one, weights, _examples_of(batch))
        return {name.removeprefix("model."): value for name, value in gradients.items()}

    def _vectorised_gradients(
        self, one: Callable[..., Tensor], weights: Mapping[str, Tensor], examples: Mapping[str, Tensor]
    ) -> dict[str, Tensor] | None:
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
        """Return the Hessian of the batch loss times `vectors`, frozen; charges 3 an example (`HVP_THIRDS`).

        By differences, for 2 an example, where the loss has no second derivative in torch.
        """
        self._charged.charge(batch.size, DIFFERENCE_THIRDS)  # before anything is computed: a hook may see it, then raise
        trained = [p for p in self.model.parameters() if p.requires_grad]

        def gradient(**keywords: Any) -> tuple[Tensor, ...]:
            with _plain_attention(), self._autocast():
                examples = _examples_of(batch)
                loss = self._workload.example_losses(self._workload.forward(self.model, examples), examples).mean()
                return torch.autograd.grad(loss, trained, **keywords)

        with _frozen(self.model), torch.enable_grad():
            if self._twice_differentiable:
                try:
                    product = torch.stack([(g * v).sum() for g, v in zip(gradient(create_graph=True), vectors, strict=True)])
                    found = list(torch.autograd.grad(product.sum(), trained, materialize_grads=True))
                    self._charged.charge(batch.size, HVP_THIRDS - DIFFERENCE_THIRDS)
                    return found
                except RuntimeError as error:
                    if not is_missing_rule(error):
                        raise
                    self._twice_differentiable = False
            return difference_product(gradient, trained, vectors)

    def stacked_losses(self, batch: Batch, weights: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of `batch` under k sets of weights, [k], frozen; charges k/3 an example."""
        sets = len(next(iter(weights.values())))
        self._charged.charge(batch.size * sets, 1)
        lossy = _LossModule(self._workload, self.model)
        named = {f"model.{name}": value for name, value in weights.items()}

        def one(weights: Mapping[str, Tensor]) -> Tensor:
            value: Tensor = torch.func.functional_call(lossy, dict(weights), (_examples_of(batch),))
            return value

        with _frozen(self.model), torch.no_grad(), self._autocast():
            losses: Tensor = torch.func.vmap(one)(named)
        return losses

    def end_step(self) -> bool:
        """Close a step; return whether its loss was finite (on an accelerator: whether all were, see `finite`).

        Raises:
            ContractError: the loss has not been called for `IDLE_STEPS` steps.
        """
        ended, thirds = self._ended, self._charged.thirds
        ended.steps += 1
        if thirds == ended.thirds:
            ended.idle += 1
            if ended.idle > IDLE_STEPS:
                raise ContractError(f"update() has charged nothing in {IDLE_STEPS} steps: call self.task.loss(batch)")
        else:
            ended.idle, ended.thirds = 0, thirds
        if ended.loss is None:
            return True
        if self.device.type == "cpu":
            return math.isfinite(ended.loss.item())
        self._all_finite &= torch.isfinite(ended.loss)  # read at evaluations: a read here would stall the device
        return True

    def finite(self) -> bool:
        """Return whether all losses at step ends and all weights are finite."""
        return bool(self._all_finite.item()) and all(bool(torch.isfinite(p).all()) for p in self.model.parameters())

    def feedback(
        self, signals: Sequence[str], validation_metric: float | None = None, learning_rate: float | None = None
    ) -> Feedback:
        """Return the signals of the step, or of the evaluation, that just ended."""
        heard: dict[str, float | None] = {}
        if validation_metric is not None:
            heard["validation_metric"] = validation_metric
        else:
            if SIGNALS[0] in signals and self._ended.loss is not None:
                heard[SIGNALS[0]] = self._ended.loss.item()
            heard |= {
                name: self._gradient_norm(order)
                for name, order in (("gradient_norm_l1", 1), ("gradient_norm_l2", 2))
                if name in signals
            }
            if "learning_rate" in signals:
                heard["learning_rate"] = learning_rate
            if "descent" in signals or "descent_cosine" in signals:
                heard |= {name: value for name, value in self._descent.measure().items() if name in signals}
        return Feedback(step=self.step - self.warmup / self.batch_size - 1, examples=self.examples, **heard)

    def _gradient_norm(self, order: int) -> float:
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        if not gradients:
            return 0.0
        return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients, order)), order))

    def _example_losses(self, batch: Batch, model: nn.Module | None) -> Tensor:
        examples = _examples_of(batch)
        thirds = 3 if torch.is_grad_enabled() else 1
        self._charged.charge(batch.size, thirds)
        with self._autocast():
            outputs = self._workload.forward(self.model if model is None else model, examples)
            losses = self._workload.example_losses(outputs, examples)
        if is_functorch_wrapped_tensor(losses) or forward_ad._current_level >= 0:
            raise ContractError(
                "a loss inside torch.func or forward-mode differentiation counts for less than it costs: use "
                "task.stacked_losses, task.example_gradients or task.hessian_vector_product"
            )
        if losses.requires_grad and thirds == 1:  # gradients were enabled inside the model
            self._charged.charge(batch.size, 2)
        return losses

    def _charge_backward(self, loss: Tensor, size: int) -> None:
        passes = 0

        def count(gradient: Tensor) -> None:
            nonlocal passes
            if torch.is_grad_enabled() or is_legacy_batchedtensor(gradient):
                raise ContractError(
                    "a backward pass with create_graph or is_grads_batched counts for less than it costs: use "
                    "task.hessian_vector_product or task.example_gradients"
                )
            passes += 1
            if passes > 1:
                self._charged.charge(size, 2)

        loss.register_hook(count)


class _LossModule(nn.Module):
    """The mean loss as a module, so that torch.func can put other weights in."""

    def __init__(self, workload: Workload, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._workload = workload

    def forward(self, examples: Mapping[str, Tensor]) -> Tensor:
        return self._workload.example_losses(self._workload.forward(self.model, examples), examples).mean()


def _examples_of(batch: Batch) -> Mapping[str, Tensor]:
    if not isinstance(batch, TrialBatch):
        raise ContractError(f"expected a batch from task.draw() or task.fetch(), got {type(batch).__name__}")
    return batch._examples


def _plain_attention() -> Any:
    """Return a context in which attention is computed by operations that have second derivatives."""
    return sdpa_kernel(SDPBackend.MATH)


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Freeze normalisation statistics and dropout; recurrent layers stay in training mode, or cuDNN would not differentiate."""
    modes = [(module, module.training) for module in model.modules()]
    recurrent = [(module, module.dropout) for module in model.modules() if isinstance(module, nn.RNNBase)]
    model.eval()
    for layer, _ in recurrent:
        layer.training, layer.dropout = True, 0.0
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for layer, dropout in recurrent:
            layer.dropout = dropout
