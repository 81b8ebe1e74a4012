"""What kind of parameter each one is, in AlgoPerf's words."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from harness.compat.submissions.stand_ins.spec import ParameterType, ShapeTuple

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)

ATTENTION = {
    "in_proj_weight": "ATTENTION_QKV",
    "q_proj_weight": "ATTENTION_Q",
    "k_proj_weight": "ATTENTION_K",
    "v_proj_weight": "ATTENTION_V",
    "in_proj_bias": "ATTENTION_BIAS",
    "bias_k": "ATTENTION_BIAS",
    "bias_v": "ATTENTION_BIAS",
}


def parameter_shapes(model: nn.Module) -> dict[str, ShapeTuple]:
    """Return {name: shape} of a model's parameters."""
    return {name: ShapeTuple(p.shape) for name, p in model.named_parameters()}


def parameter_types(model: nn.Module) -> dict[str, ParameterType]:
    """Return {name: type} of a model's parameters, by the modules that have them."""
    modules = dict(model.named_modules())
    return {name: ParameterType[_type(modules, *_split(name))] for name, _ in model.named_parameters()}


def output_parameters(model: nn.Module) -> frozenset[str]:
    """Return the names of the parameters of the last linear layer or convolution."""
    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear | _ConvNd)]
    inside = modules[layers[-1]].named_parameters() if (modules := dict(model.named_modules())) and layers else ()
    return frozenset(".".join(filter(None, (layers[-1], name))) for name, _ in inside)


def _split(name: str) -> tuple[str, str]:
    owner, _, leaf = name.rpartition(".")
    return owner, leaf


def _type(modules: dict[str, nn.Module], owner: str, leaf: str) -> str:
    module = modules[owner]
    bias = "bias" in leaf
    if isinstance(module, _BatchNorm):
        return "BATCH_NORM_BIAS" if bias else "BATCH_NORM_SCALE"
    if isinstance(module, NORMS):
        return "LAYER_NORM_BIAS" if bias else "LAYER_NORM_SCALE"
    if isinstance(module, nn.MultiheadAttention):
        return ATTENTION.get(leaf, "WEIGHT")
    if isinstance(modules[owner.rpartition(".")[0]], nn.MultiheadAttention):
        return "ATTENTION_BIAS" if bias else "ATTENTION_OUT"
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return "EMBEDDING"
    if isinstance(module, _ConvNd) and not bias:
        return "CONV_WEIGHT"
    return "BIAS" if bias else "WEIGHT"
