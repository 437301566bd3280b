"""Loads a LeNet written as safetensors into PyTorch and prints its logits.

    python3 read_safetensors.py MODEL.safetensors INPUTS.safetensors

The reader is written after the format's description alone: eight bytes with the header's length, a JSON header, raw tensors.
INPUTS holds one uint8 tensor `inputs`. Prints one JSON object: names and shapes of the model's tensors, and the logits.
"""

import json
import struct
import sys

import torch
from torch import nn

DTYPES = {"F32": torch.float32, "U8": torch.uint8}


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (header_length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_length])
    body = data[8 + header_length :]
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(bytearray(body[begin:end]), dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def main():
    model = lenet()
    state = read_safetensors(sys.argv[1])
    model.load_state_dict(state, strict=True)
    inputs = read_safetensors(sys.argv[2])["inputs"].to(torch.float32) / 255
    with torch.no_grad():
        logits = model(inputs)
    shapes = {name: list(tensor.shape) for name, tensor in state.items()}
    print(json.dumps({"shapes": shapes, "shape": list(logits.shape), "logits": logits.flatten().tolist()}))


main()
