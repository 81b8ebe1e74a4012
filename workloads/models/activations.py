"""Activation functions by name, as `Size.model` of a workload names them."""

from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU}


def activation(name: str) -> nn.Module:
    """Return a fresh activation module: "relu", "tanh", "silu" or "gelu" (the exact, erf form).

    Raises:
        KeyError: no such activation.
    """
    return ACTIVATIONS[name]()
