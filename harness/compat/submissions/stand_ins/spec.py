"""Stands in for ``algoperf.spec``: the names of AlgoPerf's interface, with the values that its specification gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any


class LossType(Enum):
    """Kinds of loss."""

    SOFTMAX_CROSS_ENTROPY = 0
    SIGMOID_CROSS_ENTROPY = 1
    MEAN_SQUARED_ERROR = 2
    CTC_LOSS = 3
    MEAN_ABSOLUTE_ERROR = 4


class ForwardPassMode(Enum):
    """Whether a forward pass trains."""

    TRAIN = 0
    EVAL = 1


ParameterType = Enum(
    "ParameterType",
    [
        "WEIGHT",
        "BIAS",
        "CONV_WEIGHT",
        "BATCH_NORM_SCALE",
        "BATCH_NORM_BIAS",
        "LAYER_NORM_SCALE",
        "LAYER_NORM_BIAS",
        "EMBEDDING",
        "ATTENTION_Q",
        "ATTENTION_K",
        "ATTENTION_V",
        "ATTENTION_OUT",
        "ATTENTION_QKV",
        "ATTENTION_KV",
        "ATTENTION_BIAS",
    ],
    start=0,
    module=__name__,
)
"""Kinds of parameter."""


class ShapeTuple:
    """The shape of a parameter, as one leaf of a tree.

    Attributes:
        shape_tuple: the shape.
    """

    def __init__(self, shape_tuple: Any) -> None:
        self.shape_tuple = shape_tuple

    def __repr__(self) -> str:
        return f"ShapeTuple({self.shape_tuple})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShapeTuple) and bool(self.shape_tuple == other.shape_tuple)

    def __hash__(self) -> int:
        return hash(tuple(self.shape_tuple))


class TrainingCompleteError(Exception):
    """A submission raises it from ``update_params`` when it wants to train no longer."""


class Workload:
    """What a submission gets as its workload is an instance of a subclass."""


Tensor = Any
Shape = Any
ParameterShapeTree = dict[str, Any]
ParameterKey = str
ParameterContainer = Any
ParameterTypeTree = dict[str, Any]
RandomState = Any
OptimizerState = dict[str, Any] | tuple[Any, Any]
Hyperparameters = Any
Timing = int
Steps = int
ModelAuxiliaryState = Any
ModelInitState = tuple[Any, Any]
UpdateReturn = tuple[Any, Any, Any]
InitOptimizerFn = Callable[..., Any]
UpdateParamsFn = Callable[..., UpdateReturn]
PrepareForEvalFn = Callable[..., UpdateReturn]
DataSelectionFn = Callable[..., dict[str, Any]]
InputQueue = Iterator[dict[str, Any]]
