"""PyTorch on the CPU, one thread: the process of an engine.

Speaks what serve-engine.ts speaks: prepares the work named on the command line, warms up, answers each line
{"milliseconds": n} with the steps done in that time, and ends with its input.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

CLASSES = 10
WARM_UP_STEPS_MIN = 3
WARM_UP_SECONDS_MIN = 1.0


def mlp():
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(),
        nn.Linear(512, 512), nn.ReLU(),
        nn.Linear(512, CLASSES),
    )
    return model, torch.randn(128, 784), torch.randint(0, CLASSES, (128,)), functional.cross_entropy


def lenet():
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, CLASSES),
    )
    return model, torch.randn(128, 1, 28, 28), torch.randint(0, CLASSES, (128,)), functional.cross_entropy


class SequenceRegressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 128, batch_first=True)
        self.head = nn.Linear(128, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1]).squeeze(-1)


def lstm():
    return SequenceRegressor(), torch.randn(64, 50, 16), torch.randn(64), functional.mse_loss


class Block(nn.Module):
    """Heads of attention written as PyTorch 1.13 runs them fastest here: batched products."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        samples, places, width = x.shape
        parts = self.projection(self.norm1(x)).split(width, 2)
        q, k, v = (part.view(samples, places, self.heads, width // self.heads).transpose(1, 2) for part in parts)
        scores = (q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5
        hidden = torch.triu(torch.ones(places, places, dtype=torch.bool), 1)
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        x = x + self.output((weights @ v).transpose(1, 2).reshape(samples, places, width))
        return x + self.dense(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, vocabulary=65, context=128, width=128, heads=4, blocks=4):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        embedded = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(embedded))).flatten(0, 1)


def gpt():
    return Gpt(), torch.randint(0, 65, (16, 128)), torch.randint(0, 65, (16 * 128,)), functional.cross_entropy


WORKS = {"mlp": mlp, "lenet": lenet, "lstm": lstm, "gpt": gpt}


def answer(**fields):
    print(json.dumps(fields), flush=True)


def run_steps(step, seconds_min, steps_min):
    steps = 0
    elapsed = 0.0
    start = time.perf_counter()
    cpu_start = time.thread_time()
    while elapsed < seconds_min or steps < steps_min:
        step()
        steps += 1
        elapsed = time.perf_counter() - start
    return {"steps": steps, "milliseconds": elapsed * 1000, "coreShare": (time.thread_time() - cpu_start) / elapsed}


def blas_note():
    """The reference BLAS, which Debian installs when nothing better is asked for, is some twenty times slower."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            loaded = maps.read()
    except OSError:
        return None
    if any(name in loaded or name in torch.__config__.show().lower() for name in ("openblas", "mkl_", "blis")):
        return None
    return "no fast BLAS is loaded, so that its matrix products are slow: install libopenblas0-pthread for a fair figure"


def main():
    name = sys.argv[1]
    if name not in WORKS:
        answer(state="refused", reason=f"{name} is not written for PyTorch")
        return
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model, inputs, targets, loss_of = WORKS[name]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    run_steps(step, WARM_UP_SECONDS_MIN, WARM_UP_STEPS_MIN)
    if not torch.isfinite(step()):
        answer(state="refused", reason="The loss is not finite after some steps")
        return
    parameters = sum(parameter.numel() for parameter in model.parameters())
    note = blas_note()
    answer(state="ready", parameters=parameters, threads=torch.get_num_threads(), **({"note": note} if note else {}))
    for line in sys.stdin:
        answer(state="window", **run_steps(step, json.loads(line)["milliseconds"] / 1000, 1))


main()
