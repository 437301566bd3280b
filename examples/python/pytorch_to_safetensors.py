"""Writes a PyTorch state_dict as safetensors, for `fit(run, { initialWeights })` and `model.withSafetensors`.

    python3 pytorch_to_safetensors.py STATE.pt OUT.safetensors

STATE.pt holds a state_dict (torch.save(model.state_dict(), ...)), or a dictionary with one under "state_dict" or "model". Names and layouts stay
as they are. Left out, and named: what is no floating-point tensor, and second names of shared tensors. Needs torch, nothing else.
"""

import inspect
import json
import struct
import sys

import torch

DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}


def load_state(path):
    # Unpickling can run code: newer versions of PyTorch can refuse to.
    safe = {"weights_only": True} if "weights_only" in inspect.signature(torch.load).parameters else {}
    state = torch.load(path, map_location="cpu", **safe)
    for key in ("state_dict", "model"):
        if isinstance(state.get(key), dict):
            return state[key]
    return state


def raw_bytes(tensor):
    flat = tensor.detach().contiguous().reshape(-1)
    # NumPy knows no bfloat16; its bits are those of an int16.
    return (flat.view(torch.int16) if flat.dtype == torch.bfloat16 else flat).numpy().tobytes()


def collect(state):
    """Tensors to be written by name, and the names of what is left out."""
    tensors, left_out, seen = {}, [], set()
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor) or tensor.dtype not in DTYPES:
            left_out.append(name)
            continue
        place = (tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride()))
        if tensor.numel() > 0 and place in seen:
            left_out.append(name)
            continue
        seen.add(place)
        tensors[name] = (DTYPES[tensor.dtype], list(tensor.shape), raw_bytes(tensor))
    return tensors, left_out


def write_safetensors(path, tensors):
    """Length of the header (8 bytes, little-endian), header as JSON padded to 8 bytes, then the tensors, larger elements first."""
    widths = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
    entries = sorted(tensors.items(), key=lambda item: (-widths[item[1][0]], item[0]))
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in entries:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, (_, _, data) in entries:
            file.write(data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tensors, left_out = collect(load_state(sys.argv[1]))
    write_safetensors(sys.argv[2], tensors)
    print(f"{len(tensors)} tensors written to {sys.argv[2]}" + (f"; left out: {', '.join(left_out)}" if left_out else ""))


if __name__ == "__main__":
    main()
