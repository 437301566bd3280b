"""Activations, on random values and on the points where their derivative jumps."""

import torch
from torch import nn

from case import Case

KINKS = [-25.0, -20.0, -10.0, -6.0, -5.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 5.0, 6.0, 10.0, 20.0, 25.0]


def values(draw):
    return {"x": torch.cat([torch.tensor(KINKS), draw.normal(31, scale=2.0)]).reshape(7, 7)}


def values_for_hardswish(draw):
    """Without 3, where PyTorch's derivative is 1 in its vector code and 3/2 in its scalar code."""
    x = values(draw)["x"]
    return {"x": torch.where(x == 3, torch.tensor(2.5), x)}


def channels(draw):
    return {"x": draw.normal(2, 3, 5)}


def elementwise(name, module, inputs=values):
    return Case(name, name_of(module), module, inputs, allowance="elementwise")


def name_of(module):
    return repr(module).replace("negative_slope=", "").replace("\n", " ")


def rows():
    return [
        elementwise("relu", nn.ReLU()),
        elementwise("leaky relu", nn.LeakyReLU()),
        elementwise("leaky relu with slope", nn.LeakyReLU(0.2)),
        Case("prelu", "PReLU()", nn.PReLU(), values),
        Case("prelu by channel", "PReLU(3)", nn.PReLU(3), channels),
        elementwise("relu6", nn.ReLU6()),
        elementwise("elu", nn.ELU()),
        elementwise("elu with alpha", nn.ELU(0.5)),
        elementwise("selu", nn.SELU()),
        elementwise("gelu", nn.GELU()),
        elementwise("gelu by tanh", nn.GELU(approximate="tanh")),
        elementwise("silu", nn.SiLU()),
        elementwise("mish", nn.Mish()),
        elementwise("softplus", nn.Softplus()),
        elementwise("softplus with beta and threshold", nn.Softplus(beta=2, threshold=5)),
        elementwise("softsign", nn.Softsign()),
        elementwise("tanh", nn.Tanh()),
        elementwise("sigmoid", nn.Sigmoid()),
        elementwise("hardsigmoid", nn.Hardsigmoid()),
        elementwise("hardswish", nn.Hardswish(), values_for_hardswish),
        Case("softmax", "Softmax(-1)", nn.Softmax(-1), values),
        Case("softmax over channels", "Softmax(1)", nn.Softmax(1), channels),
        Case("log softmax", "LogSoftmax(-1)", nn.LogSoftmax(-1), values),
        Case("log softmax over channels", "LogSoftmax(1)", nn.LogSoftmax(1), channels),
    ]
