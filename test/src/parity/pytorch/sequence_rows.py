"""Embeddings, recurrent layers, attention and the transformer's block."""

import math

import torch
from torch import nn

from case import Case


class LearnedPositions(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(9, 6))

    def forward(self, x):
        return x + self.weight[: x.shape[1]]


class LastStep(nn.Module):
    def forward(self, x):
        return x[:, -1]


class SinusoidalPositions(nn.Module):
    """Vaswani et al. (2017), section 3.5: sin and cos alternate, wavelengths from 2 pi to 10000 * 2 pi."""

    def forward(self, x):
        time, width = x.shape[1:]
        angles = torch.arange(time)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(10000) / width))
        return x + torch.stack([angles.sin(), angles.cos()], -1).reshape(time, width)


def embeddings():
    tokens = {"x": torch.tensor([[0, 3, 3, 8], [8, 1, 3, 5]])}
    return [
        Case("embedding", "Embedding(9, 5)", nn.Embedding(9, 5), lambda draw: tokens, allowance="contraction"),
        Case(
            "embedding with padding index",
            "Embedding(9, 5, padding_idx=3)",
            nn.Embedding(9, 5, padding_idx=3),
            lambda draw: tokens,
            allowance="contraction",
        ),
        Case("last step", "x[:, -1]", LastStep(), lambda draw: {"x": draw.normal(2, 5, 3)}, allowance="elementwise"),
        Case("learned positions", "x + weight[:T]", LearnedPositions(), lambda draw: {"x": draw.normal(2, 5, 6)}),
        Case(
            "sinusoidal positions",
            "x + sin and cos of the position",
            SinusoidalPositions(),
            lambda draw: {"x": draw.normal(2, 5, 6)},
            allowance="elementwise",
        ),
    ]


def run_recurrent(module, inputs):
    states = [inputs[name] for name in ("h0", "c0") if name in inputs]
    state = None if not states else tuple(states) if len(states) == 2 else states[0]
    output, last = module(inputs["x"], state) if state is not None else module(inputs["x"])
    if isinstance(last, tuple):
        return {"output": output, "h": last[0], "c": last[1]}
    return {"output": output, "h": last}


def recurrent(name, kind, layers=1, both=False, first=True, state=False, **options):
    hidden = 4
    directions = 2 if both else 1

    def inputs(draw):
        found = {"x": draw.normal(2, 5, 3) if first else draw.normal(5, 2, 3)}
        for key in ["h0", "c0"][: (2 if kind == "LSTM" else 1) if state else 0]:
            found[key] = draw.normal(layers * directions, 2, hidden)
        return found

    module = getattr(nn, kind)(
        3, hidden, num_layers=layers, bidirectional=both, batch_first=first, **options
    )
    shown = [f"3, {hidden}"]
    shown += [f"num_layers={layers}"] * (layers > 1) + ["bidirectional=True"] * both + ["batch_first=True"] * first
    shown += [f"{key}={value!r}" for key, value in options.items()]
    return Case(name, f"{kind}({', '.join(shown)})", module, inputs, run_recurrent)


def recurrents():
    found = []
    for kind in ("RNN", "GRU", "LSTM"):
        label = kind.lower()
        found += [
            recurrent(label, kind),
            recurrent(f"{label} with initial state", kind, state=True),
            recurrent(f"{label} time first without bias", kind, first=False, bias=False),
            recurrent(f"{label} of two layers in both directions", kind, layers=2, both=True, state=True),
        ]
    found.append(recurrent("rnn with relu", "RNN", nonlinearity="relu"))
    return found


def causal_mask(length):
    return torch.triu(torch.ones(length, length, dtype=torch.bool), 1)


def run_self_attention(causal):
    def run(module, inputs):
        x = inputs["x"]
        mask = causal_mask(x.shape[1]) if causal else None
        return {"output": module(x, x, x, need_weights=False, attn_mask=mask)[0]}

    return run


def run_cross_attention(module, inputs):
    return {"output": module(inputs["x"], inputs["key"], inputs["value"], need_weights=False)[0]}


def run_padded_attention(module, inputs):
    x = inputs["x"]
    return {"output": module(x, x, x, need_weights=False, key_padding_mask=inputs["padding"].bool())[0]}


def attention():
    def padded(draw):
        return {"x": draw.normal(2, 5, 6), "padding": torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 1, 1]])}

    def sequence(draw):
        return {"x": draw.normal(2, 5, 6)}

    def cross(draw):
        return {"x": draw.normal(2, 3, 6), "key": draw.normal(2, 5, 6), "value": draw.normal(2, 5, 6)}

    def heads(**options):
        return nn.MultiheadAttention(6, 2, batch_first=True, **options)

    return [
        Case("attention", "MultiheadAttention(6, 2, batch_first=True)", heads(), sequence, run_self_attention(False)),
        Case(
            "attention causal",
            "MultiheadAttention(6, 2, batch_first=True) with a causal mask",
            heads(),
            sequence,
            run_self_attention(True),
        ),
        Case(
            "attention without bias",
            "MultiheadAttention(6, 3, bias=False, batch_first=True)",
            nn.MultiheadAttention(6, 3, bias=False, batch_first=True),
            sequence,
            run_self_attention(False),
        ),
        Case(
            "attention of another sequence",
            "MultiheadAttention(6, 2, batch_first=True)(query, key, value)",
            heads(),
            cross,
            run_cross_attention,
        ),
        Case(
            "attention with padded keys",
            "MultiheadAttention(6, 2, batch_first=True)(x, x, x, key_padding_mask=padding)",
            heads(),
            padded,
            run_padded_attention,
        ),
    ]


def run_block(causal):
    def run(module, inputs):
        x = inputs["x"]
        return {"output": module(x, src_mask=causal_mask(x.shape[1]) if causal else None)}

    return run


def blocks():
    def block():
        return nn.TransformerEncoderLayer(
            6, 2, dim_feedforward=11, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )

    def inputs(draw):
        return {"x": draw.normal(2, 4, 6)}

    shown = "TransformerEncoderLayer(6, 2, 11, dropout=0, activation='gelu', batch_first=True, norm_first=True)"
    return [
        Case("transformer block", shown, block(), inputs, run_block(False)),
        Case("transformer block causal", f"{shown} with a causal mask", block(), inputs, run_block(True)),
    ]


def rows():
    return embeddings() + recurrents() + attention() + blocks()
