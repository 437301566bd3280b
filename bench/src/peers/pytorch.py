"""PyTorch on the CPU with one thread, or with --cuda on the GPU: the process of an engine.

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
        hidden = torch.triu(torch.ones(places, places, dtype=torch.bool, device=x.device), 1)
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
        embedded = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        return self.head(self.norm(self.blocks(embedded))).flatten(0, 1)


def gpt():
    return Gpt(), torch.randint(0, 65, (16, 128)), torch.randint(0, 65, (16 * 128,)), functional.cross_entropy


class Product(nn.Module):
    """One product of two square matrices, for the GPU alone; float32 throughout, without TensorFloat-32."""

    def __init__(self, size):
        super().__init__()
        self.register_buffer("a", torch.randn(size, size))
        self.register_buffer("b", torch.randn(size, size))

    def forward(self):
        return self.a @ self.b


WORKS = {"mlp": mlp, "lenet": lenet, "lstm": lstm, "gpt": gpt}


def answer(**fields):
    print(json.dumps(fields), flush=True)


STEPS_AHEAD = 8


def run_steps(step, seconds_min, steps_min, finish):
    steps = 0
    elapsed = 0.0
    start = time.perf_counter()
    cpu_start = time.thread_time()
    while elapsed < seconds_min or steps < steps_min:
        step()
        steps += 1
        if steps % STEPS_AHEAD == 0:
            finish()
        elapsed = time.perf_counter() - start
    finish()
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


def prepare_training(name, device):
    model, inputs, targets, loss_of = WORKS[name]()
    model, inputs, targets = model.to(device), inputs.to(device), targets.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    return step, sum(parameter.numel() for parameter in model.parameters())


def prepare_product(name, device):
    product = Product(int(name.removeprefix("product-"))).to(device)

    def step():
        with torch.no_grad():
            return product()

    return step, 0


def main():
    on_gpu = sys.argv[1] == "--cuda"
    name = sys.argv[-1]
    is_product = on_gpu and name.startswith("product-")
    if not is_product and name not in WORKS:
        answer(state="refused", reason=f"{name} is not written for PyTorch")
        return
    if on_gpu and not torch.cuda.is_available():
        answer(state="refused", reason="This PyTorch has no CUDA, or finds no GPU")
        return
    torch.set_num_threads(1)
    torch.manual_seed(1)
    device = torch.device("cuda" if on_gpu else "cpu")
    finish = torch.cuda.synchronize if on_gpu else lambda: None
    step, parameters = (prepare_product if is_product else prepare_training)(name, device)
    run_steps(step, WARM_UP_SECONDS_MIN, WARM_UP_STEPS_MIN, finish)
    if not torch.isfinite(step()).all():
        answer(state="refused", reason="The loss is not finite after some steps")
        return
    note = None if on_gpu else blas_note()
    answer(state="ready", parameters=parameters, threads=torch.get_num_threads(), **({"note": note} if note else {}))
    for line in sys.stdin:
        answer(state="window", **run_steps(step, json.loads(line)["milliseconds"] / 1000, 1, finish))


main()
