"""Writes the safetensors format: length of the header, header in JSON, then the bytes. Nothing but Python and torch is needed."""

import json
import struct

import torch

# Expected values keep their float64; what float32 holds exactly is written as float32; magnitudes need few digits.
NAMES = {torch.float64: "F64", torch.float32: "F32", torch.bfloat16: "BF16", torch.int32: "I32", torch.uint8: "U8"}


def stored(name, tensor):
    if tensor.dtype == torch.bool:
        return tensor.to(torch.uint8)
    if not tensor.is_floating_point():
        return tensor.to(torch.int32)
    if "/magnitude/" in name:
        return tensor.to(torch.bfloat16)
    exact = tensor.float().double().equal(tensor.double())
    return tensor.float() if exact else tensor.double()


def raw_bytes(tensor):
    flat = tensor.detach().contiguous().reshape(-1)
    if tensor.dtype == torch.bfloat16:
        flat = flat.view(torch.int16)
    return flat.numpy().tobytes()


def write(path, tensors, metadata):
    """tensors: name -> tensor. Larger elements first, then by name, so that every tensor is aligned."""
    entries = [(name, stored(name, tensor)) for name, tensor in tensors.items()]
    entries.sort(key=lambda entry: (-entry[1].element_size(), entry[0]))
    header = {"__metadata__": metadata}
    blocks = []
    offset = 0
    for name, tensor in entries:
        block = raw_bytes(tensor)
        header[name] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(block)],
        }
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))
