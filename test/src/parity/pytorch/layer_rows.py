"""Linear layers, convolutions, pools and layers that only move or scale elements."""

import torch
from torch import nn

from case import Case


def images(*shape):
    return lambda draw: {"x": draw.normal(*shape)}


class SeparableConv2d(nn.Module):
    """A depthwise and a pointwise convolution, which PyTorch has no layer of its own for."""

    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv2d(3, 6, 3, stride=2, padding=1, groups=3, bias=False)
        self.pointwise = nn.Conv2d(6, 5, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 5))

    def forward(self, x):
        return x + self.inner(x)


def contraction(name, pytorch, module, inputs, **options):
    return Case(name, pytorch, module, inputs, allowance="contraction", **options)


def linear():
    return [
        contraction("linear", "Linear(7, 5)", nn.Linear(7, 5), images(3, 7)),
        contraction("linear without bias", "Linear(7, 5, bias=False)", nn.Linear(7, 5, bias=False), images(3, 7)),
        contraction("linear over leading dimensions", "Linear(3, 5) on [2, 7, 3]", nn.Linear(3, 5), images(2, 7, 3)),
        Case(
            "sequential",
            "Sequential(Linear(5, 7), ReLU(), Linear(7, 3))",
            nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)),
            images(3, 5),
        ),
        Case("residual", "x + Sequential(Linear(5, 7), Tanh(), Linear(7, 5))(x)", Residual(), images(3, 5)),
    ]


def convolution1d():
    return [
        contraction("conv1d", "Conv1d(3, 4, 3)", nn.Conv1d(3, 4, 3), images(2, 3, 9)),
        contraction(
            "conv1d with stride and padding",
            "Conv1d(3, 5, 4, stride=3, padding=2)",
            nn.Conv1d(3, 5, 4, stride=3, padding=2),
            images(2, 3, 11),
        ),
        contraction(
            "conv1d same with dilation",
            "Conv1d(3, 2, 4, padding='same', dilation=2)",
            nn.Conv1d(3, 2, 4, padding="same", dilation=2),
            images(2, 3, 9),
        ),
        contraction(
            "conv1d with groups",
            "Conv1d(4, 6, 3, groups=2, bias=False)",
            nn.Conv1d(4, 6, 3, groups=2, bias=False),
            images(2, 4, 7),
        ),
    ]


def convolution2d():
    return [
        contraction("conv2d", "Conv2d(3, 4, (3, 2))", nn.Conv2d(3, 4, (3, 2)), images(2, 3, 7, 5)),
        contraction(
            "conv2d with stride and padding",
            "Conv2d(2, 3, 3, stride=2, padding=(1, 2))",
            nn.Conv2d(2, 3, 3, stride=2, padding=(1, 2)),
            images(3, 2, 7, 5),
        ),
        contraction(
            "conv2d same",
            "Conv2d(2, 3, (4, 3), padding='same')",
            nn.Conv2d(2, 3, (4, 3), padding="same"),
            images(2, 2, 5, 7),
        ),
        contraction(
            "conv2d with dilation and groups",
            "Conv2d(4, 6, 3, stride=(1, 2), padding=2, dilation=(2, 1), groups=2)",
            nn.Conv2d(4, 6, 3, stride=(1, 2), padding=2, dilation=(2, 1), groups=2),
            images(2, 4, 5, 7),
        ),
        contraction("conv2d 1 x 1", "Conv2d(5, 3, 1, bias=False)", nn.Conv2d(5, 3, 1, bias=False), images(2, 5, 3, 3)),
        contraction(
            "depthwise conv2d",
            "Conv2d(3, 6, 3, padding=1, groups=3)",
            nn.Conv2d(3, 6, 3, padding=1, groups=3),
            images(2, 3, 5, 7),
        ),
        contraction(
            "separable conv2d",
            "Conv2d(3, 6, 3, stride=2, padding=1, groups=3, bias=False), then Conv2d(6, 5, 1)",
            SeparableConv2d(),
            images(2, 3, 7, 5),
        ),
        contraction(
            "conv transpose2d",
            "ConvTranspose2d(3, 4, 3)",
            nn.ConvTranspose2d(3, 4, 3),
            images(2, 3, 4, 3),
        ),
        contraction(
            "conv transpose2d with stride and padding",
            "ConvTranspose2d(3, 2, (3, 4), stride=2, padding=1, output_padding=1)",
            nn.ConvTranspose2d(3, 2, (3, 4), stride=2, padding=1, output_padding=1),
            images(2, 3, 3, 5),
        ),
        contraction(
            "conv transpose2d with dilation and groups",
            "ConvTranspose2d(4, 6, 2, dilation=2, groups=2, bias=False)",
            nn.ConvTranspose2d(4, 6, 2, dilation=2, groups=2, bias=False),
            images(2, 4, 3, 3),
        ),
    ]


def pool(name, pytorch, module, allowance, *shape):
    return Case(name, pytorch, module, images(*shape), allowance=allowance)


class GlobalMax(nn.Module):
    def forward(self, x):
        return torch.amax(x, (2, 3))


class GlobalAverage(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def tied_images(draw):
    """Many equal elements, as after a ReLU: the first of each window gets the derivative."""
    return {"x": draw.normal(2, 3, 6, 6).clamp(min=0)}


def pools():
    rounded_average = "contraction"
    return [
        pool("max pool2d", "MaxPool2d(2)", nn.MaxPool2d(2), "elementwise", 2, 3, 7, 5),
        pool(
            "max pool2d with stride and padding",
            "MaxPool2d(3, stride=2, padding=1)",
            nn.MaxPool2d(3, stride=2, padding=1),
            "elementwise",
            2,
            3,
            7,
            5,
        ),
        Case(
            "max pool2d with ties",
            "MaxPool2d((3, 2), stride=1)",
            nn.MaxPool2d((3, 2), stride=1),
            tied_images,
            allowance="contraction",
        ),
        pool(
            "max pool2d with dilation in ceil mode",
            "MaxPool2d((2, 3), stride=2, dilation=(2, 1), ceil_mode=True)",
            nn.MaxPool2d((2, 3), stride=2, dilation=(2, 1), ceil_mode=True),
            "elementwise",
            2,
            3,
            7,
            6,
        ),
        pool("max pool1d", "MaxPool1d(3, stride=2)", nn.MaxPool1d(3, stride=2), "elementwise", 2, 3, 9),
        pool("avg pool1d", "AvgPool1d(3, stride=2)", nn.AvgPool1d(3, stride=2), rounded_average, 2, 3, 9),
        pool(
            "avg pool2d in ceil mode",
            "AvgPool2d(2, padding=1, ceil_mode=True)",
            nn.AvgPool2d(2, padding=1, ceil_mode=True),
            rounded_average,
            2,
            3,
            5,
            6,
        ),
        pool("avg pool2d", "AvgPool2d(2)", nn.AvgPool2d(2), rounded_average, 2, 3, 7, 5),
        pool(
            "avg pool2d with stride and padding",
            "AvgPool2d(3, stride=2, padding=1)",
            nn.AvgPool2d(3, stride=2, padding=1),
            rounded_average,
            2,
            3,
            7,
            5,
        ),
        pool(
            "avg pool2d without padding in the count",
            "AvgPool2d((3, 2), stride=(2, 1), padding=1, count_include_pad=False)",
            nn.AvgPool2d((3, 2), stride=(2, 1), padding=1, count_include_pad=False),
            rounded_average,
            2,
            3,
            7,
            5,
        ),
        pool(
            "adaptive avg pool2d to 1",
            "AdaptiveAvgPool2d(1)",
            nn.AdaptiveAvgPool2d(1),
            rounded_average,
            2,
            3,
            7,
            5,
        ),
        pool(
            "adaptive avg pool2d to a size that does not divide",
            "AdaptiveAvgPool2d((3, 2))",
            nn.AdaptiveAvgPool2d((3, 2)),
            rounded_average,
            2,
            3,
            7,
            5,
        ),
        pool("global avg pool", "x.mean((2, 3))", GlobalAverage(), rounded_average, 2, 3, 7, 5),
        pool("global max pool", "x.amax((2, 3))", GlobalMax(), "elementwise", 2, 3, 7, 5),
    ]


class Reshape(nn.Module):
    def forward(self, x):
        return x.reshape(2, 5, 6)


def movements():
    return [
        pool("dropout in evaluation", "Dropout(0.5).eval()", nn.Dropout(0.5).eval(), "elementwise", 3, 5),
        pool("flatten", "Flatten()", nn.Flatten(), "elementwise", 2, 3, 5),
        pool("reshape", "x.reshape(2, 5, 6)", Reshape(), "elementwise", 2, 3, 10),
        pool("upsample nearest", "Upsample(scale_factor=2)", nn.Upsample(scale_factor=2), "contraction", 2, 3, 3, 5),
        pool(
            "upsample nearest to a size",
            "Upsample(size=(5, 4))",
            nn.Upsample(size=(5, 4)),
            "contraction",
            2,
            3,
            3,
            7,
        ),
        pool(
            "upsample bilinear with aligned corners",
            "Upsample(size=(5, 7), mode='bilinear', align_corners=True)",
            nn.Upsample(size=(5, 7), mode="bilinear", align_corners=True),
            "contraction",
            2,
            2,
            3,
            4,
        ),
        pool(
            "upsample bilinear",
            "Upsample(scale_factor=3, mode='bilinear')",
            nn.Upsample(scale_factor=3, mode="bilinear"),
            "contraction",
            2,
            2,
            3,
            4,
        ),
    ]


def rows():
    all_rows = linear() + convolution1d() + convolution2d() + pools() + movements()
    for case in all_rows:
        if case.name == "dropout in evaluation":
            case.training = False
            case.module.eval()
    return all_rows
