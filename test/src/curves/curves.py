"""Trains four models with PyTorch, for curves.test.ts to train again: python3 curves.py FOLDER [work ...]

Writes for each work FOLDER/WORK-initial.safetensors, the state_dict before training, and FOLDER/WORK-batches.safetensors: the
samples of all steps in order, and the loss of each step in float32 and in float64.
"""

import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "parity" / "pytorch"))

import safetensors_file

RATE = 0.01


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 128, batch_first=True)
        self.output = nn.Linear(128, 1)

    def forward(self, x):
        return self.output(self.lstm(x)[0][:, -1]).squeeze(-1)


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(65, 128)
        self.positions = nn.Embedding(128, 128)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(128, 4, 512, 0.0, "gelu", batch_first=True, norm_first=True) for _ in range(4)
        )
        self.norm = nn.LayerNorm(128)
        self.head = nn.Linear(128, 65, bias=False)

    def forward(self, x):
        length = x.shape[1]
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        y = self.tokens(x) + self.positions.weight[:length]
        for block in self.blocks:
            y = block(y, src_mask=mask)
        return self.head(self.norm(y)).transpose(1, 2)


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        inner = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(x + self.norm2(self.conv2(inner)))


class Separable(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride=2, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return functional.relu(self.norm(self.pointwise(self.depthwise(x))))


def resnet():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        Residual(32), Separable(32, 64), Residual(64), Separable(64, 128), Residual(128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10),
    )


def images(samples, *shape):
    """Ten classes of images: a pattern each, under noise."""
    targets = torch.randint(0, 10, (samples,))
    return torch.randn(10, *shape)[targets] * 2 + torch.randn(samples, *shape) * 0.5, targets


def series(samples):
    """The mean of the first feature over the last ten times is to be told."""
    inputs = torch.randn(samples, 50, 16)
    return inputs, inputs[:, -10:, 0].mean(1)


def text(samples):
    """Every token follows from the one before it, but for one in ten."""
    tokens = torch.randint(0, 65, (samples, 33))
    for place in range(1, 33):
        follows = torch.rand(samples) < 0.9
        tokens[:, place] = torch.where(follows, (tokens[:, place - 1] * 7 + 3) % 65, tokens[:, place])
    return tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


# model, data for so many samples, loss, batch, steps, momentum
WORKS = {
    "lenet": (lenet, lambda n: images(n, 1, 28, 28), functional.cross_entropy, 32, 50, 0.9),
    "lstm": (Lstm, series, functional.mse_loss, 4, 50, 0.9),
    "gpt": (Gpt, text, functional.cross_entropy, 2, 50, 0.9),
    "resnet": (resnet, lambda n: images(n, 3, 32, 32), functional.cross_entropy, 8, 10, 0.0),
}


def train(make, state, batches, loss_of, momentum, dtype):
    model = make()
    model.load_state_dict(state)
    model.to(dtype).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=momentum)
    losses = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        convert = lambda each: each.to(dtype) if each.is_floating_point() else each
        loss = loss_of(model(convert(inputs)), convert(targets))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    for name in sys.argv[2:] or WORKS:
        make, draw, loss_of, batch, steps, momentum = WORKS[name]
        torch.manual_seed(1)
        state = {key: value.clone() for key, value in make().state_dict().items()}
        inputs, targets = draw(batch * steps)
        batches = list(zip(inputs.split(batch), targets.split(batch)))
        kept = {key: value for key, value in state.items() if value.is_floating_point()}
        metadata = {"torch": torch.__version__}
        safetensors_file.write(folder / f"{name}-initial.safetensors", kept, metadata)
        curves = {
            f"losses/{label}": train(make, state, batches, loss_of, momentum, dtype)
            for label, dtype in (("float32", torch.float32), ("float64", torch.float64))
        }
        tensors = {"inputs": inputs, "targets": targets, **curves}
        safetensors_file.write(folder / f"{name}-batches.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
