"""The training-algorithm contract: what a submission may control, as in AlgoPerf, and what the harness gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from harness.contracts.attributes import check_attributes, check_signals, check_takes, first_line
from harness.contracts.errors import ContractError
from harness.contracts.schedules import SIGNALS, Feedback
from harness.contracts.spaces import Hyperparameters, Space, check_defaults, check_points, check_space

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


class Batch(Protocol):
    """Training examples for one step. A batch does not show its examples: only `Task` computes a loss from it."""

    @property
    def size(self) -> int:
        """Number of examples."""

    @property
    def indices(self) -> Tensor:
        """Indices of the examples in the training set, int64 [size]."""


class Task(Protocol):
    """What the harness gives a training algorithm: the model, the data and the loss. Every computation of a loss is charged.

    Charges in examples, per example of the batch: `loss` 1 with gradients enabled and 1/3 without, and 2/3 for every backward
    pass through a returned loss after the first; `example_losses` and `outputs` the same; `example_correct` 1/3;
    `example_gradients` 1; `hessian_vector_product` 3 (2 if the loss has no second derivative in torch); `stacked_losses` 1/3
    per set of weights.
    A loss inside torch.func's transforms or forward-mode differentiation raises `ContractError`, and so does a backward pass
    with `create_graph` or `is_grads_batched`: they would cost more than their charge.

    Setting an attribute of a task, or copying it, raises `ContractError`. At an evaluation the harness copies the values of
    `model`'s parameters and buffers into a model of its own and judges that. So write new values into the existing tensors: a
    trial fails if modules or parameters were replaced or added (keep averages outside of `model`; do not load a state dict
    with `assign=True`).

    Attributes:
        model: the module to train, on `device`, in training mode whenever the algorithm runs.
        device: where batches are.
        workload: the workload's name.
        batch_size: the workload's reference batch size.
        train_size: number of training examples.
        budget: charged examples after which every trial ends.
        horizon: charged examples after which this trial ends, <= budget.
        warmup: charged examples of the linear warm-up.
        reference: the reference optimizer's hyperparameters, `learning_rate` included.
        generator: a seeded CPU generator, the only source of randomness that an algorithm may use.
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
        """Charged examples so far divided by the reference batch size; a schedule's step is this minus the warm-up steps."""

    def draw(self, size: int) -> Batch:
        """Return the next `size` training examples of the seeded stream, which is the same for all submissions.

        Raises:
            ContractError: `size` is no integer, or not in 1 to the larger of `train_size` and `budget`: no trial can be
                charged more. The same goes for the number of indices in `fetch`.
        """

    def fetch(self, indices: Tensor) -> Batch:
        """Return the training examples `indices` (int64 [n], each in [0, train_size))."""

    def loss(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the mean training loss of `batch`, a scalar. `model` defaults to `task.model`."""

    def example_losses(self, batch: Batch, model: nn.Module | None = None) -> Tensor:
        """Return the loss of every example, [size]."""

    def outputs(self, batch: Batch, model: nn.Module | None = None) -> Any:
        """Return what the workload's forward pass returns for `batch`; `model` defaults to `task.model`.

        It is charged as `loss` is, and so are backward passes through the outputs.
        """

    def output_losses(self, outputs: Any, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """Return the loss of every example, [size], computed from outputs of the form that `outputs` returns.

        Outputs that were charged pay for one loss of each example; further ones cost 1/3 per example. Outputs whose gradient
        reaches weights by another way than through those that `outputs` returned cost 1, as a loss does.

        Args:
            outputs: of the examples of `batch`.
            batch: whose labels the loss compares with.
            label_smoothing: weight of the uniform distribution in each label, 0 to 1.

        Raises:
            ContractError: the loss has no class labels, and `label_smoothing` is not 0.
        """

    def let_pass(self, examples: int) -> None:
        """Charge `examples` examples and compute nothing, for a procedure that has ended before its horizon."""

    def example_correct(self, batch: Batch) -> Tensor:
        """Return for each example whether its prediction is correct, bool [size].

        Raises:
            ContractError: the workload does not define a correct prediction.
        """

    def example_gradients(self, batch: Batch) -> dict[str, Tensor]:
        """Return per-example gradients of the loss, ``{parameter name: [size, *shape]}``.

        Normalisation statistics and dropout are frozen. The computation is vectorised where torch supports it; otherwise it
        takes one example after the other, for the same charge.
        """

    def hessian_vector_product(self, batch: Batch, vectors: Sequence[Tensor]) -> list[Tensor]:
        """Return the product of the Hessian of the batch loss with `vectors`, one tensor per trained parameter.

        Normalisation statistics and dropout are frozen. If an operation of the loss has no second derivative in torch (as
        the CTC loss has none), the result is a central difference of two gradients, accurate to about one percent.
        """

    def stacked_losses(self, batch: Batch, weights: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of `batch` for each of k sets of weights, [k], without gradients.

        Args:
            batch: the examples.
            weights: ``{parameter name: [k, *shape]}``.
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
FACTS = (
    "name",
    "paper",
    "summary",
    "space",
    "defaults",
    "points",
    "anytime",
    "cost",
    "deviation",
    "listens",
    "refresh_batchnorm",
)


class TrainingAlgorithm:
    """A complete training procedure. Subclass it, define `update`, and override the other methods as needed.

    Facts are class attributes: `name`, `summary` (by default the docstring's first line), `paper`, `defaults`
    (hyperparameters), `space` (a search space, the same for all workloads), `anytime`, `cost`, `deviation`, `listens` (the
    signals of `Feedback` that `observe` receives) and `refresh_batchnorm` (whether the harness recomputes BatchNorm
    statistics on a fixed number of training examples before each evaluation, free of charge) and `points` (values of all
    hyperparameters of `defaults`, point by point: where a track draws from `space`, its trials take these in order instead).
    Any other public name in the class body is an error.

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
    points: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    kind: ClassVar[str] = "procedure"

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        check_attributes(cls, cls.__name__, "a TrainingAlgorithm", HOOKS + FACTS)
        if cls.update is TrainingAlgorithm.update:
            raise ContractError(
                f"{cls.__name__} has no update(self, batch): it is the one method that a TrainingAlgorithm must define"
            )
        check_takes(cls.__name__, cls, "update", "batch")
        check_signals(cls.__name__, cls.listens, SIGNALS)
        check_defaults(cls.__name__, cls.defaults)
        check_space(cls.__name__, cls.space, cls.defaults)
        check_points(cls.__name__, cls.points, cls.defaults)
        if "name" not in vars(cls):
            cls.name = "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")
        if "summary" not in vars(cls):
            cls.summary = first_line(cls)

    def __init__(self, task: Task, hyperparameters: Hyperparameters) -> None:
        """Prepare one trial; the time is not charged. To create optimizer state, override this and call `super().__init__`."""
        self.task = task
        self.hyperparameters = hyperparameters

    if not TYPE_CHECKING:  # a type checker would take it to mean that every name exists

        def __getattr__(self, name: str) -> Any:
            if name in ("task", "hyperparameters"):
                owner = type(self).__name__
                raise ContractError(
                    f"{owner} has no '{name}' yet: begin its __init__ with super().__init__(task, hyperparameters)"
                )
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def batch_size(self) -> int:
        """Return how many examples the next step takes (default: the workload's reference batch size)."""
        return self.task.batch_size

    def select(self) -> Batch:
        """Return the batch of the next step (default: the next `batch_size()` examples of the shared stream)."""
        return self.task.draw(self.batch_size())

    def update(self, batch: Batch) -> None:
        """Train the model on `batch`. Every subclass must define it."""
        raise NotImplementedError

    def observe(self, feedback: Feedback) -> None:
        """Receive the signals named in `listens`, after each step and after each evaluation."""

    def learning_rate(self) -> float | None:
        """Return the learning rate of the last step, for the record; None if the procedure has none."""
        return None

    def prepare_for_evaluation(self) -> None:
        """Write the weights that are to be judged into the model; charged like training."""

    def restore_after_evaluation(self) -> None:
        """Write the weights that are being trained back into the model; charged like training."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a resumed trial needs, apart from the model's weights."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
