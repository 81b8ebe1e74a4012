"""The workload contract: data, model, loss, metric, target and reference recipe, in one or more sizes."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from harness.contracts.attributes import check_attributes, first_line
from harness.contracts.errors import BadInput, ContractError, did_you_mean
from harness.contracts.fixed import fixed
from harness.contracts.spaces import Hyperparameters

if TYPE_CHECKING:
    from torch import Tensor, nn

Examples = Mapping[str, "Tensor"]
"""Examples as tensors that share their first dimension."""


class DataUnavailable(Exception):
    """The data of a workload cannot be loaded on this machine. Boards print the message as the reason."""


@dataclass(frozen=True)
class DataFacts:
    """Where the data come from, for boards and docs.

    Attributes:
        source: data set and distributor.
        licence: name of the licence.
        citation: authors, year, title and publisher.
        family: kind of data, such as "images" or "text"; boards group workloads by it.
    """

    source: str
    licence: str
    citation: str
    family: str


@dataclass(frozen=True)
class Reference:
    """The reference recipe of a workload, which the `schedule` track uses for every schedule.

    Attributes:
        learning_rate: the reference peak rate; the tracks try multiples of it.
        optimizer: name of a registered optimizer recipe.
        hyperparameters: the optimizer's hyperparameters except the learning rate; kept as a read-only copy.
        warmup: linear warm-up as a fraction of the budget.
    """

    learning_rate: float = 1e-3
    optimizer: str = "adamw"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    warmup: float = 0.05

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyperparameters", fixed(self.hyperparameters))


@dataclass(frozen=True)
class Size:
    """Everything about a workload that depends on its size.

    Attributes:
        batch_size: reference batch size, examples.
        budget: charged examples after which a trial ends.
        evaluation_period: charged examples between evaluations; 20 to 40 evaluations per budget are usual.
        parameters: number of the model's parameters.
        target: value of the metric that is to be reached. If it is left out, the file `TARGETS` beside the workload's module
            states it; `timetrial targets` writes that file.
        reference: reference optimizer, learning rate and warm-up; read from the same file as the target.
        validation_examples: an evaluation uses this many validation examples, the first ones; 0 means all.
        model: keyword arguments of the model; kept as a read-only copy.
        precision: "float32" or "bfloat16" (autocast), for every submission.
        compiled: whether torch.compile compiles the model.
        resident: whether all examples are moved to the device before the clock starts. If not, they stay in host memory and
            each batch is moved when it is drawn, as necessary for data larger than the device's memory.
        target_provenance: how the target was set, in words.
    """

    batch_size: int
    budget: int
    evaluation_period: int
    target: float = math.nan
    reference: Reference = field(default_factory=Reference)
    validation_examples: int = 0
    model: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "float32"
    compiled: bool = False
    resident: bool = True
    target_provenance: str = "provisional"
    parameters: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", fixed(self.model))


TARGETS = "targets.json"
"""Name of the file that `timetrial targets` writes: {workload: {size: {"target", "reference", "words", "variants", ...}}}."""

RULERS = "rulers.json"
"""File of the measured rulers: {workload: {size: {"version", "budget", "finals", ..., "variants": {variant: the same}}}}."""

RULER_FIELDS = ("workload", "version", "lower_is_better", "budget", "finals")
"""What a ruler is; the rest of its entry in `RULERS` is provenance."""


FACTS = ("name", "version", "summary", "algoperf", "metric", "lower_is_better", "data", "sizes", "variants", "host")
HOOKS = (
    "load",
    "build_model",
    "forward",
    "example_losses",
    "example_metrics",
    "example_correct",
    "aggregate",
    "trivial_metric",
)


class Workload:
    """A fixed training problem. Subclass it, state the facts, and define `load`, `build_model`, `forward`, `example_losses`.

    Facts are class attributes: `name`; `version` (raise it when results stop being comparable); `summary` (by default the
    docstring's first line); `algoperf`, the AlgoPerf workload that it corresponds to; `metric`, the name of the validation
    metric (a key of `example_metrics`); `lower_is_better`; `data`; `sizes`, {"smoke" | "laptop" | "full": Size}; `variants`,
    the held-out variants, {name: {field of `Size`: value}}, where `model` is merged into the base's and a mapping
    {size: value} gives each size its own value; `host`, names of examples that stay in the host's memory, because what is
    computed depends on their values, such as lengths, and reading them back from an accelerator makes the host wait for it:
    `forward` and the losses get them there, and move what they compute of them. Any other public name in the class body is an
    error.

    An instance is the workload at one size: the base, or one of its variants. Its `size` holds the values of that size, and
    `size_name` is the name.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    summary: ClassVar[str] = ""
    algoperf: ClassVar[str] = ""
    metric: ClassVar[str] = "loss"
    lower_is_better: ClassVar[bool] = True
    data: ClassVar[DataFacts]
    sizes: ClassVar[Mapping[str, Size]]
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = fixed({})
    host: ClassVar[tuple[str, ...]] = ()
    kind: ClassVar[str] = "workload"

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        check_attributes(cls, cls.__name__, "a Workload", HOOKS + FACTS)
        for fact in ("name", "data", "sizes"):
            if not getattr(cls, fact, None):
                raise ContractError(f"{cls.__name__} has no attribute '{fact}', which a Workload must state")
        if not isinstance(cls.host, tuple) or not all(isinstance(name, str) for name in cls.host):
            example = "write the names of examples as a tuple, such as ('lengths',)"
            raise ContractError(f"{cls.__name__}.host is {cls.host!r}: {example}")
        for hook in ("load", "build_model", "forward", "example_losses"):
            if getattr(cls, hook) is getattr(Workload, hook):
                raise ContractError(f"{cls.__name__} has no {hook}(), which a Workload must define")
        if "summary" not in vars(cls):
            cls.summary = first_line(cls)
        for shared in {"sizes", "variants"} & vars(cls).keys():
            setattr(cls, shared, fixed(vars(cls)[shared]))

    def __init__(self, size: str = "laptop", variant: str = "") -> None:
        """Fix the size and, for a held-out variant, its name.

        Raises:
            BadInput: no such size or variant.
        """
        if size not in self.sizes:
            raise BadInput(f"workload '{self.name}' has no size '{size}'{did_you_mean(size, self.sizes)}")
        if variant and variant not in self.variants:
            raise BadInput(f"workload '{self.name}' has no variant '{variant}'{did_you_mean(variant, self.variants)}")
        self.size_name = size
        self.variant = variant
        base = self.sizes[size]
        overrides = dict(self.variants[variant]) if variant else {}
        overrides = {
            name: value[size] if name != "model" and isinstance(value, Mapping) else value for name, value in overrides.items()
        }
        self.size: Size = replace(base, **{**overrides, "model": {**base.model, **overrides.get("model", {})}})
        if math.isnan(self.size.target):
            self.size = replace(self.size, **_from_targets_file(type(self), size, variant))

    @property
    def label(self) -> str:
        """The name on boards: ``name``, or ``name_variant`` for a held-out variant."""
        return f"{self.name}_{self.variant}" if self.variant else self.name

    @property
    def reference_hyperparameters(self) -> Hyperparameters:
        """The reference optimizer's hyperparameters, the learning rate included."""
        reference = self.size.reference
        return Hyperparameters({**reference.hyperparameters, "learning_rate": reference.learning_rate})

    @property
    def ruler(self) -> Mapping[str, Any] | None:
        """The workload's ruler as `RULERS` states it: what a quality is worth in budgets; None if it was not measured.

        Raises:
            BadInput: the file is damaged.
        """
        entry = _entry(rulers_file, type(self), self.size_name)
        if entry is None or not self.variant:
            return entry and {name: value for name, value in entry.items() if name != "variants"}
        found: Mapping[str, Any] | None = entry.get("variants", {}).get(self.variant)
        return found

    def load(self, directory: Path) -> Mapping[str, Examples]:
        """Return {"train", "validation", "test": {name: tensor [n, ...]}}; missing files are fetched into `directory`.

        Raises:
            DataUnavailable: the data cannot be loaded on this machine; the message says why and what to do.
        """
        raise NotImplementedError

    def build_model(self) -> nn.Module:
        """Return a newly initialised model; the harness has seeded torch's global generator.

        It is called twice per trial: one model is trained, and the other is judged with the first one's parameters and
        persistent buffers. Whatever evaluation depends on must be a parameter or a persistent buffer.
        """
        raise NotImplementedError

    def forward(self, model: nn.Module, examples: Examples) -> Any:
        """Return the model's outputs for a batch; AlgoPerf's ``model_fn``."""
        raise NotImplementedError

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Tensor:
        """Return the training loss of each example, [n]; AlgoPerf's ``loss_fn``.

        Args:
            outputs: what `forward` returned for `examples`.
            examples: the batch.
            label_smoothing: weight s of the uniform distribution over classes in each label, 0 to 1: labels become
                (1 - s) label + s / classes, binary ones (1 - s) label + s / 2. A workload whose loss has no class labels
                may leave the argument out.

        Raises:
            ContractError: the loss has no class labels, and `label_smoothing` is not 0.
        """
        raise NotImplementedError

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Tensor]:
        """Return the metric and other reported quantities for each example, {name: [n]}; evaluations record their means."""
        return {self.metric: self.example_losses(outputs, examples)}

    def example_correct(self, outputs: Any, examples: Examples) -> Tensor | None:
        """Return for each example whether its prediction is correct, bool [n]; None if the workload does not define that."""
        return None

    def aggregate(self, means: dict[str, float]) -> dict[str, float]:
        """Return what an evaluation records, computed from the means of `example_metrics` (default: the means themselves)."""
        return means

    def trivial_metric(self) -> float:
        """Return the metric of a model that has learnt nothing (NaN if unknown), from which regret is measured."""
        return float("nan")


def targets_file(workload: type[Workload]) -> Path:
    """Return the path of the file `TARGETS` beside the module that defines a workload; the file need not exist."""
    return Path(inspect.getfile(workload)).resolve().with_name(TARGETS)


def rulers_file(workload: type[Workload]) -> Path:
    """Return the path of the file `RULERS` beside the module that defines a workload; the file need not exist."""
    return targets_file(workload).with_name(RULERS)


def _entry(file: Callable[[type[Workload]], Path], workload: type[Workload], size: str) -> dict[str, Any] | None:
    """Return what a file beside the workload's module says of it at a size; None if there is no such file or entry.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        path = file(workload)
        stat = path.stat()
        texts = _texts(path, stat.st_mtime_ns, stat.st_size)
        entry = json.loads(texts.get(workload.name, "{}")).get(size)
    except (FileNotFoundError, TypeError):  # TypeError: a class that was typed at a prompt has no file
        return None
    except (ValueError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore it, or remove it and run `timetrial targets`") from None
    return entry if isinstance(entry, dict) else None


@lru_cache(maxsize=8)
def _texts(path: Path, modified: int, size: int) -> Mapping[str, str]:
    """Return {key: its value as JSON} of a JSON file: as text, since all trials of a process share it.

    Time and size are arguments so that a changed file is read again.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType({name: json.dumps(value) for name, value in content.items()})


def _from_targets_file(workload: type[Workload], size: str, variant: str) -> dict[str, Any]:
    """Return the fields of `Size` that the targets file states: target, reference recipe and provenance; {} if it has none.

    Raises:
        BadInput: the file is damaged.
    """
    entry = _entry(targets_file, workload, size)
    own = entry if entry is None or not variant else entry.get("variants", {}).get(variant)
    if entry is None or own is None:
        return {}
    reference = Reference(**entry["reference"])
    return {"target": own["target"], "reference": reference, "target_provenance": own["words"]}
