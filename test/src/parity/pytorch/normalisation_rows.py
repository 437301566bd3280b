"""Layers that normalise, in training and in evaluation, with their running statistics."""

import torch
from torch import nn

from case import Case, rounded


def batch(*shape):
    # Means and deviations that differ by channel, so that a wrong axis shows.
    def inputs(draw):
        centre = draw.normal(1, shape[1], *([1] * (len(shape) - 2)))
        spread = draw.uniform(1, shape[1], *([1] * (len(shape) - 2)), low=0.5, high=2)
        # A channel that varies so little that eps counts.
        spread[:, 0] = 0.01
        return {"x": rounded(draw.normal(*shape) * spread + centre)}

    return inputs


def samples(*shape):
    # And a sample that does, for layers that keep samples apart.
    def inputs(draw):
        x = batch(*shape)(draw)["x"]
        x[0] = rounded(x[0] * 0.01)
        return {"x": x}

    return inputs


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) weight: by its formula, for this PyTorch has none."""

    def __init__(self, features, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rows():
    return [
        Case("batch norm1d", "BatchNorm1d(5)", nn.BatchNorm1d(5), batch(7, 5)),
        Case("batch norm1d over time", "BatchNorm1d(3) on [4, 3, 5]", nn.BatchNorm1d(3), batch(4, 3, 5)),
        Case("batch norm1d in evaluation", "BatchNorm1d(5).eval()", nn.BatchNorm1d(5), batch(7, 5), training=False),
        Case("batch norm2d", "BatchNorm2d(3)", nn.BatchNorm2d(3), batch(3, 3, 4, 3)),
        Case(
            "batch norm2d in evaluation",
            "BatchNorm2d(3).eval()",
            nn.BatchNorm2d(3),
            batch(3, 3, 4, 3),
            training=False,
        ),
        Case(
            "batch norm2d with eps and momentum",
            "BatchNorm2d(3, eps=1e-3, momentum=0.3)",
            nn.BatchNorm2d(3, eps=1e-3, momentum=0.3),
            batch(3, 3, 4, 3),
        ),
        Case(
            "batch norm2d without affine",
            "BatchNorm2d(3, affine=False)",
            nn.BatchNorm2d(3, affine=False),
            batch(3, 3, 4, 3),
        ),
        Case("layer norm", "LayerNorm(7)", nn.LayerNorm(7), samples(3, 2, 7)),
        Case("layer norm of two dimensions", "LayerNorm((3, 5))", nn.LayerNorm((3, 5)), samples(2, 3, 5)),
        Case(
            "layer norm without affine",
            "LayerNorm(7, eps=1e-3, elementwise_affine=False)",
            nn.LayerNorm(7, eps=1e-3, elementwise_affine=False),
            samples(3, 7),
        ),
        Case("group norm", "GroupNorm(3, 6)", nn.GroupNorm(3, 6), samples(2, 6, 3, 3)),
        Case("group norm of vectors", "GroupNorm(2, 6)", nn.GroupNorm(2, 6), samples(3, 6)),
        Case("rms norm", "x / sqrt(mean(x^2) + 1e-6) weight", RMSNorm(7, 1e-6), samples(3, 2, 7)),
        Case("rms norm with the default eps", "x / sqrt(mean(x^2) + 2^-23) weight", RMSNorm(5, 2**-23), samples(3, 5)),
    ]
