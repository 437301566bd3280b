"""Writes the weights of a Keras model as safetensors, for `fit(run, { initialWeights })` and `model.withSafetensors`.

    python3 keras_to_safetensors.py MODEL.keras OUT.safetensors

Tensors keep Keras' layouts and are called LAYER/WEIGHT; the metadata list the layers in order, with their class. Needs keras, nothing else.
"""

import json
import struct
import sys


def short_name(weight):
    """ "kernel" of "dense/kernel" (Keras 3) and of "dense/kernel:0" (Keras 2)."""
    return (getattr(weight, "path", None) or weight.name).split("/")[-1].split(":")[0]


def leaves(model):
    """The layers in order, those of nested models in their place."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from leaves(layer)
        else:
            yield layer


def collect(model):
    """Layers with weights as the metadata have them, and arrays by name."""
    layers, tensors, flattened = [], {}, None
    for layer in leaves(model):
        kind = type(layer).__name__
        if kind == "Flatten":
            shape = tuple(layer.input.shape)[1:]
            # Rows, columns, channels: the reader puts channels first.
            flattened = list(shape) if len(shape) == 3 else None
        # Keras counts the states of random layers among the weights; they are no part of what was learned.
        weights = [weight for weight in layer.weights if "seed" not in short_name(weight)]
        if not weights:
            continue
        entry = {"name": layer.name, "kind": kind, "weights": [short_name(weight) for weight in weights]}
        if kind == "Dense" and flattened:
            entry["flattened"] = flattened
            flattened = None
        layers.append(entry)
        for weight in weights:
            array = weight.numpy().astype("<f4")
            tensors[f"{layer.name}/{short_name(weight)}"] = (list(array.shape), array.tobytes())
    return layers, tensors


def write_safetensors(path, tensors, metadata):
    """Length of the header (8 bytes, little-endian), header as JSON padded to 8 bytes, then the tensors. All are float32."""
    header, offset = {"__metadata__": metadata}, 0
    for name, (shape, data) in sorted(tensors.items()):
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, (_, data) in sorted(tensors.items()):
            file.write(data)


def main():
    import keras

    if len(sys.argv) != 3:
        sys.exit(__doc__)
    layers, tensors = collect(keras.models.load_model(sys.argv[1], compile=False))
    write_safetensors(sys.argv[2], tensors, {"format": "keras", "layers": json.dumps(layers)})
    print(f"{len(tensors)} tensors of {len(layers)} layers written to {sys.argv[2]}")


if __name__ == "__main__":
    main()
