"""The workload contract: data, model, loss, metric, target and the reference recipe, in one or more sizes."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.contracts.attributes import check_attributes, first_line
from harness.contracts.errors import BadInput, ContractError, did_you_mean
from harness.contracts.spaces import Hyperparameters

if TYPE_CHECKING:
    from torch import Tensor, nn

Examples = Mapping[str, "Tensor"]
"""Examples as tensors that share their first dimension."""


class DataUnavailable(Exception):
    """The data of a workload cannot be had; the message is the reason that the board prints."""


@dataclass(frozen=True)
class DataFacts:
    """Where data come from: shown on the board and in the docs."""

    source: str
    licence: str
    citation: str
    family: str


@dataclass(frozen=True)
class Reference:
    """The reference recipe of a workload: what the `schedule` track holds fixed.

    Attributes:
        learning_rate: centre of the peak-rate grid.
        optimizer: name of a registered optimizer recipe.
        hyperparameters: its hyperparameters other than the learning rate.
        warmup: linear warm-up as a fraction of the budget.
    """

    learning_rate: float = 1e-3
    optimizer: str = "adamw"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    warmup: float = 0.05


@dataclass(frozen=True)
class Size:
    """Everything about a workload that depends on its size.

    Attributes:
        batch_size: reference batch size, examples.
        budget: charged examples after which a trial ends.
        evaluation_period: charged examples between evaluations; 20 to 40 a budget.
        parameters: how many parameters the model has, as the built model counts them.
        target: value of the metric that ends the race; left out, it is read from `TARGETS` beside the workload's module,
            which `timetrial targets` writes.
        reference: reference optimizer, learning rate and warm-up; read from there too where the target is.
        validation_examples: how many validation examples an evaluation uses (the first ones); 0 means all.
        model: keyword arguments of the model.
        precision: "float32" or "bfloat16" (autocast), the same for every submission.
        compiled: whether the model is compiled by torch.compile.
        resident: whether examples are moved to the device whole, before the clock starts; else they stay on the host
            and each batch is moved, as data must that the device cannot hold.
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


TARGETS = "targets.json"
"""Where targets set by the protocol lie: {workload: {size: {"target", "reference", "words", "variants", ...}}}."""


FACTS = ("name", "version", "summary", "algoperf", "metric", "lower_is_better", "data", "sizes", "variants")
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
    """A fixed problem. Subclass it, state the facts, and write `load`, `build_model`, `forward` and `example_losses`.

    Facts (class attributes): `name`; `version` (raise it when the meaning changes); `algoperf`, the AlgoPerf
    counterpart; `metric`, the name of the validation metric (a key of `example_metrics`); `lower_is_better`;
    `data`; `sizes`, {"smoke" | "laptop" | "full": Size}; `variants`, the held-out variants {name: overrides of
    `Size` fields, `model` merged into the base's; a mapping {size: value} where sizes differ}. Any other public name in
    the class body is an error.

    An instance is the workload at one size, as itself or as one of its variants.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    summary: ClassVar[str] = ""
    algoperf: ClassVar[str] = ""
    metric: ClassVar[str] = "loss"
    lower_is_better: ClassVar[bool] = True
    data: ClassVar[DataFacts]
    sizes: ClassVar[Mapping[str, Size]]
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    kind: ClassVar[str] = "workload"

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        check_attributes(cls, cls.__name__, "a Workload", HOOKS + FACTS)
        for fact in ("name", "data", "sizes"):
            if not getattr(cls, fact, None):
                raise ContractError(f"{cls.__name__} states no {fact}: it is a required fact of a Workload")
        for hook in ("load", "build_model", "forward", "example_losses"):
            if getattr(cls, hook) is getattr(Workload, hook):
                raise ContractError(f"{cls.__name__} has no {hook}(): it is a required part of a Workload")
        if "summary" not in vars(cls):
            cls.summary = first_line(cls)

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
        self.settings: Size = replace(base, **{**overrides, "model": {**base.model, **overrides.get("model", {})}})
        if math.isnan(self.settings.target):
            self.settings = replace(self.settings, **_from_protocol(type(self), size, variant))

    @property
    def label(self) -> str:
        """What boards call it: the name, and for a variant ``name_variant``."""
        return f"{self.name}_{self.variant}" if self.variant else self.name

    @property
    def reference_hyperparameters(self) -> Hyperparameters:
        """The reference optimizer's hyperparameters, the learning rate included."""
        reference = self.settings.reference
        return Hyperparameters({**reference.hyperparameters, "learning_rate": reference.learning_rate})

    def load(self, directory: Path) -> Mapping[str, Examples]:
        """Return {"train", "validation", "test": {name: tensor [n, ...]}}, fetched into `directory` where needed.

        Raises:
            DataUnavailable: the data cannot be had here; the message says why and what to do.
        """
        raise NotImplementedError

    def build_model(self) -> nn.Module:
        """Return a freshly initialised model; torch's global generator is seeded by the harness.

        It is called twice a trial: one model is trained, the other is judged with the first one's parameters and saved
        buffers. What evaluation needs must be one of these.
        """
        raise NotImplementedError

    def forward(self, model: nn.Module, examples: Examples) -> Any:
        """Return the model's outputs for a batch; AlgoPerf's ``model_fn``."""
        raise NotImplementedError

    def example_losses(self, outputs: Any, examples: Examples) -> Tensor:
        """Return the training loss of every example, [n]; AlgoPerf's ``loss_fn``."""
        raise NotImplementedError

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Tensor]:
        """Return the metric, and what is reported beside it, for every example: {name: [n]}; boards print means."""
        return {self.metric: self.example_losses(outputs, examples)}

    def example_correct(self, outputs: Any, examples: Examples) -> Tensor | None:
        """Return whether every example is predicted correctly, bool [n], or None where that means nothing."""
        return None

    def aggregate(self, means: dict[str, float]) -> dict[str, float]:
        """Return what is recorded of an evaluation, from the means of all that `example_metrics` names: here the means."""
        return means

    def trivial_metric(self) -> float:
        """Return the metric of a model that has learnt nothing (NaN where unknown): the zero of regret."""
        return float("nan")


def targets_file(workload: type[Workload]) -> Path:
    """Return the path of `TARGETS` beside the module that defines a workload; the file need not exist."""
    return Path(inspect.getfile(workload)).resolve().with_name(TARGETS)


@lru_cache(maxsize=8)
def _targets(path: Path, modified: int, size: int) -> dict[str, Any]:
    """Return the content of a targets file; read again once the file has changed."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _from_protocol(workload: type[Workload], size: str, variant: str) -> dict[str, Any]:
    """Return the settings that the target protocol fixed: target, reference recipe and provenance, as far as there are any.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        path = targets_file(workload)
        stat = path.stat()
        entry = _targets(path, stat.st_mtime_ns, stat.st_size).get(workload.name, {}).get(size)
    except (FileNotFoundError, TypeError):  # TypeError: a class typed at a prompt has no file
        return {}
    except (ValueError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore it, or write it anew by `timetrial targets`") from None
    own = entry if entry is None or not variant else entry.get("variants", {}).get(variant)
    if own is None:
        return {}
    reference = Reference(**entry["reference"])
    return {"target": own["target"], "reference": reference, "target_provenance": own["words"]}
