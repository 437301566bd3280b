"""Runs keras_to_safetensors.py's functions on a model that only looks like one of Keras, so that Keras need not be installed.

    python3 stand_in_keras.py FOLDER_OF_THE_SCRIPT OUT.safetensors
"""

import json
import sys

import numpy

sys.path.insert(0, sys.argv[1])
from keras_to_safetensors import collect, write_safetensors  # noqa: E402


class Weight:
    def __init__(self, path, array):
        self.path = path
        self.array = numpy.asarray(array, dtype="float32")

    def numpy(self):
        return self.array


class Layer:
    def __init__(self, name, weights=(), input_shape=None):
        self.name = name
        self.weights = [Weight(f"{name}/{short}", array) for short, array in weights]
        self.input = type("Input", (), {"shape": input_shape})


class Flatten(Layer):
    pass


class Dense(Layer):
    pass


class Dropout(Layer):
    pass


class Model:
    def __init__(self, layers):
        self.layers = layers


model = Model(
    [
        Flatten("flatten", input_shape=(None, 1, 2, 2)),
        Dropout("dropout", [("seed_generator_state", [1, 2])]),
        Model([Dense("dense", [("kernel", [[10], [11], [20], [21]]), ("bias", [1])])]),
    ]
)
layers, tensors = collect(model)
write_safetensors(sys.argv[2], tensors, {"format": "keras", "layers": json.dumps(layers)})
