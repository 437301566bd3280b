import {
  BatchNorm2d,
  Conv2d,
  describeModel,
  Flatten,
  GRU,
  Linear,
  LSTM,
  type Module,
  SeparableConv2d,
  Sequential,
} from "@tributary/nn";
import { createLayout } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { decodeModelFile } from "./model-file.ts";
import { encodeSafetensors, type SafetensorsEntry } from "./safetensors.ts";

interface Layer {
  readonly name: string;
  readonly kind: string;
  readonly flattened?: readonly number[];
  /** Shape and values by the weight's short name. */
  readonly weights: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
}

const layoutOf = (model: Module) => createLayout(describeModel(model));

/** A file as keras_to_safetensors.py writes it. */
function kerasFile(layers: readonly Layer[]): Uint8Array {
  const tensors = layers.flatMap(({ name, weights }) =>
    Object.entries(weights).map(([weight, [shape, values]]): [string, SafetensorsEntry] => [
      `${name}/${weight}`,
      { dtype: "F32", shape, bytes: new Uint8Array(Float32Array.from(values).buffer) },
    ]),
  );
  const listed = layers.map(({ weights, ...layer }) => ({ ...layer, weights: Object.keys(weights) }));
  const metadata = new Map([
    ["format", "keras"],
    ["layers", JSON.stringify(listed)],
  ]);
  return encodeSafetensors({ tensors: new Map(tensors), metadata });
}

/** Shape and values of every tensor under our names. */
function brought(model: Module, layers: readonly Layer[]): Record<string, [readonly number[], number[]]> {
  const { tensors } = decodeModelFile(layoutOf(model), kerasFile(layers));
  return Object.fromEntries(
    [...tensors].map(([name, { shape, bytes }]) => [name, [shape, [...new Float32Array(bytes.slice().buffer)]]]),
  );
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("Keras weights", () => {
  it("of Dense are transposed: [in, out] becomes [out, in]", () => {
    const dense: Layer = {
      name: "dense",
      kind: "Dense",
      weights: { kernel: [[2, 3], upTo(6)], bias: [[3], [7, 8, 9]] },
    };
    expect(brought(new Sequential(new Linear(2, 3)), [dense])).toEqual({
      "0.weight": [
        [3, 2],
        [0, 3, 1, 4, 2, 5],
      ],
      "0.bias": [[3], [7, 8, 9]],
    });
  });

  it("of Conv2D go from [rows, columns, in, out] to [out, in, rows, columns]", () => {
    const conv: Layer = { name: "conv", kind: "Conv2D", weights: { kernel: [[1, 2, 2, 2], upTo(8)] } };
    // Element (column c, in i, out o) is 4 c + 2 i + o.
    expect(brought(new Sequential(new Conv2d(2, 2, [1, 2], { bias: false })), [conv])).toEqual({
      "0.weight": [
        [2, 2, 1, 2],
        [0, 4, 2, 6, 1, 5, 3, 7],
      ],
    });
  });

  it("of Dense behind a Flatten take their inputs channel by channel", () => {
    // 1 x 2 pixels of 2 channels: Keras' inputs are (p0 c0, p0 c1, p1 c0, p1 c1), ours (c0 p0, c0 p1, c1 p0, c1 p1).
    const dense: Layer = {
      name: "dense",
      kind: "Dense",
      flattened: [1, 2, 2],
      weights: {
        kernel: [
          [4, 1],
          [10, 11, 20, 21],
        ],
        bias: [[1], [0]],
      },
    };
    expect(brought(new Sequential(new Flatten(), new Linear(4, 1)), [dense])["1.weight"]).toEqual([
      [1, 4],
      [10, 20, 11, 21],
    ]);
  });

  it("of normalisations and separable convolutions get our names, running values included", () => {
    const model = new Sequential(new SeparableConv2d(2, 1, 1), new BatchNorm2d(1));
    const layers: Layer[] = [
      {
        name: "sep",
        kind: "SeparableConv2D",
        weights: {
          depthwise_kernel: [
            [1, 1, 2, 1],
            [1, 2],
          ],
          pointwise_kernel: [
            [1, 1, 2, 1],
            [3, 4],
          ],
          bias: [[1], [5]],
        },
      },
      {
        name: "bn",
        kind: "BatchNormalization",
        weights: { gamma: [[1], [6]], beta: [[1], [7]], moving_mean: [[1], [8]], moving_variance: [[1], [9]] },
      },
    ];
    expect(brought(model, layers)).toEqual({
      "0.depthwise.weight": [
        [2, 1, 1, 1],
        [1, 2],
      ],
      "0.pointwise.weight": [
        [1, 2, 1, 1],
        [3, 4],
      ],
      "0.pointwise.bias": [[1], [5]],
      "1.weight": [[1], [6]],
      "1.bias": [[1], [7]],
      "1.running_mean": [[1], [8]],
      "1.running_var": [[1], [9]],
    });
  });

  it("of LSTM keep the order of gates; the one bias is the input's", () => {
    const lstm: Layer = {
      name: "lstm",
      kind: "LSTM",
      weights: {
        kernel: [
          [1, 4],
          [1, 2, 3, 4],
        ],
        recurrent_kernel: [
          [1, 4],
          [5, 6, 7, 8],
        ],
        bias: [[4], [0, 1, 0, 0]],
      },
    };
    expect(brought(new Sequential(new LSTM(1, 1)), [lstm])).toEqual({
      "0.weight_ih_l0": [
        [4, 1],
        [1, 2, 3, 4],
      ],
      "0.weight_hh_l0": [
        [4, 1],
        [5, 6, 7, 8],
      ],
      "0.bias_ih_l0": [[4], [0, 1, 0, 0]],
      "0.bias_hh_l0": [[4], [0, 0, 0, 0]],
    });
  });

  it("of GRU change update and reset gate, in both biases", () => {
    const gru: Layer = {
      name: "gru",
      kind: "GRU",
      weights: {
        kernel: [
          [1, 3],
          [1, 2, 3],
        ],
        recurrent_kernel: [
          [1, 3],
          [4, 5, 6],
        ],
        bias: [[2, 3], upTo(6)],
      },
    };
    const found = brought(new Sequential(new GRU(1, 1)), [gru]);
    expect(Object.values(found).map(([, values]) => values)).toEqual([
      [2, 1, 3],
      [5, 4, 6],
      [1, 0, 2],
      [4, 3, 5],
    ]);
  });

  it("that do not match are named, all of them", () => {
    const layers: Layer[] = [
      { name: "dense", kind: "Dense", weights: { kernel: [[2, 4], upTo(8)], bias: [[4], upTo(4)] } },
      { name: "odd", kind: "Bidirectional", weights: { kernel: [[1], [0]] } },
    ];
    expect(() => brought(new Sequential(new Linear(2, 3, { bias: false }), new Linear(3, 1)), layers)).toThrow(
      "The Keras layers do not match the model: " +
        "dense (Dense) gives weight [4,2], but 0 has weight [3,2]; " +
        "dense (Dense) gives bias [4], but 0 has no bias (it has weight); " +
        "odd is a Bidirectional, which is not known here",
    );
    expect(() => brought(new Sequential(new Linear(2, 3, { bias: false }), new Linear(3, 1)), layers)).toThrow(
      "the model's 1 has no Keras layer any more: give the model the same layers in the same order",
    );
  });

  it("without the list of layers are refused", () => {
    const bytes = encodeSafetensors({ tensors: new Map(), metadata: new Map([["format", "keras"]]) });
    expect(() => decodeModelFile(layoutOf(new Linear(1, 1)), bytes)).toThrow(
      /does not say which layers there are: write it with examples\/python\/keras_to_safetensors.py/,
    );
  });
});
