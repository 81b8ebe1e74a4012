"""The training-algorithm contract: everything that AlgoPerf lets a submission own, and what the harness hands it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from harness.contracts.attributes import check_attributes, check_signals, first_line
from harness.contracts.errors import ContractError
from harness.contracts.schedules import SIGNALS, Feedback
from harness.contracts.spaces import Hyperparameters, Space, check_known, check_plain

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class Batch(Protocol):
    """Examples handed to a training algorithm. Opaque: only `Task` turns a batch into a loss."""

    @property
    def size(self) -> int:
        """Number of examples."""

    @property
    def indices(self) -> Tensor:
        """Which training examples these are, int64 [size]."""


class Task(Protocol):
    """What the harness hands to a training algorithm: the model, the data stream and the loss, all of it counted.

    Charges, in examples: `loss` with gradients enabled 1 an example, without 1/3; every backward pass through a
    returned loss after the first 2/3; `example_losses`, `example_correct` 1/3 (1 with gradients); `example_gradients`
    1; `hessian_vector_product` 3 (2 where the loss has no second derivative); `stacked_losses` 1/3 for each set of weights.
    A loss inside torch.func's transforms or forward-mode differentiation, and a backward pass through it with `create_graph` or
    `is_grads_batched`, raise `ContractError`, for they cost more than their charge.

    A task is there to be read: setting an attribute or copying it raises `ContractError`. At evaluations the harness judges a
    model of its own with the values of `model`'s parameters and buffers, so put new values into what is there. A trial fails
    whose modules or parameters were replaced or added to (keep averages outside of `model`; no `assign=True` in loading).

    Attributes:
        model: the module to train, on `device`, in training mode whenever the algorithm runs.
        device: where batches live.
        workload: the workload's name.
        batch_size: the workload's reference batch size.
        train_size: number of training examples.
        budget: charged examples after which the trial ends at the latest.
        horizon: charged examples after which this trial ends, <= budget.
        warmup: examples of the workload's reference warm-up.
        reference: the reference optimizer's hyperparameters, `learning_rate` included.
        generator: a seeded CPU generator, the only source of randomness an algorithm may use.
    """

    model: nn.Module
    device: torch.device
    workload: str
    batch_size: int
    train_size: int
    budget: int
    horizon: int
    warmup: int
    reference: Hyperparameters
    generator: torch.Generator

    @property
    def examples(self) -> float:
        """Charged examples so far."""

    @property
    def step(self) -> float:
        """Charged examples so far over the reference batch size; a schedule's step is this less the warm-up's."""

    def draw(self, size: int) -> Batch:
        """Return the next `size` training examples of the seeded stream (shared by all submissions)."""

    def fetch(self, indices: Tensor) -> Batch:
        """Return the training examples `indices` (int64 [n], each in [0, train_size))."""

    def loss(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the mean training loss of `batch`, a scalar. `model` defaults to `task.model`."""

    def example_losses(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the loss of every example, [size]."""

    def example_correct(self, batch: Batch) -> Tensor:
        """Return whether every example is predicted correctly, bool [size].

        Raises:
            ContractError: the workload has no notion of a correct prediction.
        """

    def example_gradients(self, batch: Batch) -> dict[str, Tensor]:
        """Return per-example gradients of the loss, {parameter name: [size, *shape]}, normalisation statistics frozen.

        Vectorised where torch can; else one example after the other, at the same charge.
        """

    def hessian_vector_product(self, batch: Batch, vectors: Sequence[Tensor]) -> list[Tensor]:
        """Return the Hessian of the batch loss times `vectors` (one a trained parameter), statistics and dropout frozen.

        Where an operation of the loss has no second derivative in torch (the CTC loss, say): the central difference of
        two gradients, good to about a percent.
        """

    def stacked_losses(self, batch: Batch, weights: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of `batch` under k sets of weights, [k], without gradients.

        `weights` maps parameter names to [k, *shape].
        """


HOOKS = (
    "batch_size",
    "select",
    "update",
    "observe",
    "learning_rate",
    "prepare_for_evaluation",
    "restore_after_evaluation",
    "state_dict",
    "load_state_dict",
)
FACTS = ("name", "paper", "summary", "space", "defaults", "anytime", "cost", "deviation", "listens", "refresh_batchnorm")


class TrainingAlgorithm:
    """A whole training procedure. Subclass it, write `update`, and override what else you own.

    Facts are class attributes: `paper`, `defaults` (hyperparameters), `space` (workload-agnostic search space),
    `anytime`, `cost`, `deviation`, `listens` (signals of `Feedback` to be sent to `observe`) and
    `refresh_batchnorm` (whether the harness recomputes BatchNorm statistics on a fixed number of training examples
    before each evaluation; free of charge). Any other public name in the class body is an error.

    >>> class Sgd(TrainingAlgorithm):
    ...     '''Plain gradient descent.'''
    ...     defaults = {"learning_rate": 0.1}
    ...     def update(self, batch):
    ...         self.task.model.zero_grad()
    ...         self.task.loss(batch).backward()
    ...         for p in self.task.model.parameters():
    ...             p.data.add_(p.grad, alpha=-self.hyperparameters.learning_rate)
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    space: ClassVar[Space] = {}
    defaults: ClassVar[Mapping[str, Any]] = {}
    anytime: ClassVar[bool] = True
    cost: ClassVar[str] = ""
    deviation: ClassVar[str] = ""
    listens: ClassVar[tuple[str, ...]] = ()
    refresh_batchnorm: ClassVar[bool] = False
    kind: ClassVar[str] = "procedure"

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        check_attributes(cls, cls.__name__, "a TrainingAlgorithm", HOOKS + FACTS)
        if cls.update is TrainingAlgorithm.update:
            raise ContractError(
                f"{cls.__name__} has no update(self, batch): it is the one method that a TrainingAlgorithm must define"
            )
        check_signals(cls.__name__, cls.listens, SIGNALS)
        check_known(cls.__name__, cls.space, cls.defaults)
        check_plain(cls.__name__, cls.defaults, cls.space)
        if "name" not in vars(cls):
            cls.name = "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")
        if "summary" not in vars(cls):
            cls.summary = first_line(cls)

    def __init__(self, task: Task, hyperparameters: Hyperparameters) -> None:
        """Set up for one trial; not charged. Override `__init__` to make optimizer state, and call super first."""
        self.task = task
        self.hyperparameters = hyperparameters

    def batch_size(self) -> int:
        """Return how many examples the coming step draws (default: the workload's reference)."""
        return self.task.batch_size

    def select(self) -> Batch:
        """Return the batch of the coming step (default: the next `batch_size()` of the shared stream)."""
        return self.task.draw(self.batch_size())

    def update(self, batch: Batch) -> None:
        """Train the model on `batch`: required."""
        raise NotImplementedError

    def observe(self, feedback: Feedback) -> None:
        """Hear the signals named in `listens`."""

    def learning_rate(self) -> float | None:
        """Return the learning rate of the last step, for the record; None where there is no such thing."""
        return None

    def prepare_for_evaluation(self) -> None:
        """Bring the weights to be judged into the model; charged like training."""

    def restore_after_evaluation(self) -> None:
        """Bring the weights to be trained back; charged like training."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that a resumed trial needs beside the model's weights."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state that `state_dict` returned."""
