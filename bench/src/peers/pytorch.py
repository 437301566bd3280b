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


WORKS = {"mlp": mlp, "lenet": lenet}


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
