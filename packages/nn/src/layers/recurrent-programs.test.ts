import { arange, ones, randomKey, setDefaultBackend, type Tensor, tensor, traceProgram } from "@tributary/autograd";
import type { Program } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { bindModel, initialiseModel } from "../binding.ts";
import { pattern, patternValues } from "../testing/patterns.ts";
import { recurrentDerivatives } from "../testing/recurrent-derivatives.ts";
import { GRU } from "./gru.ts";
import { LSTM } from "./lstm.ts";
import type { Recurrent } from "./recurrent.ts";
import { RNN } from "./rnn.ts";

/** Everything that a layer gives and all derivatives as one program. */
function trace(layer: Recurrent, shape: readonly number[]): Program {
  const types = {
    x: shape,
    ...Object.fromEntries(layer.namedParameters().map(([name, owner]) => [name, owner.shape])),
  };
  const inputs = Object.fromEntries(
    Object.entries(types).map(([name, each]) => [name, { dtype: "float32" as const, shape: each }]),
  );
  return traceProgram({ name: "recurrent", inputs }, ({ x, ...tensors }) =>
    recurrentDerivatives(layer, tensors, x, []),
  );
}

/** What a layer gives and all derivatives, computed on a backend. */
async function runOn(backend: "reference" | "wasm", layer: Recurrent): Promise<Map<string, ArrayLike<number>>> {
  await setDefaultBackend(backend);
  try {
    const x = pattern([3, 4, 5], 5, 17, 8, 24);
    const found = Object.entries(recurrentDerivatives(layer, patternValues(layer), x, []));
    return new Map(await Promise.all(found.map(async ([name, value]) => [name, await value.data()] as const)));
  } finally {
    await setDefaultBackend("reference");
  }
}

describe("recurrent layers as programs", () => {
  const layers: readonly (readonly [string, Recurrent])[] = [
    ["RNN", new RNN(5, 7, { numLayers: 2 })],
    ["GRU", new GRU(5, 7, { bidirectional: true })],
    ["GRU with the reset before the product", new GRU(5, 7, { resetAfter: false })],
    ["LSTM", new LSTM(5, 7, { numLayers: 2, bidirectional: true, batchFirst: true })],
  ];
  it.each(layers)("%s gives on wasm what it gives on the reference", async (_, layer) => {
    const [expected, actual] = [await runOn("reference", layer), await runOn("wasm", layer)];
    for (const [name, elements] of expected) {
      for (const [index, element] of Array.from(elements).entries()) {
        const difference = Math.abs((actual.get(name)?.[index] ?? Number.NaN) - element);
        expect(difference, `${name}, element ${index}`).toBeLessThan(1e-5 * Math.max(1, Math.abs(element)));
      }
    }
  });
  it("an LSTM is a loop forwards with one product, a loop backwards with one, and products outside of them", () => {
    const { graph } = trace(new LSTM(3, 4), [6, 2, 3]);
    const loops = graph.nodes.flatMap((node) => (node.operation === "scan" ? [node.attributes.body] : []));
    const products = (nodes: readonly { operation: string }[]) =>
      nodes.filter(({ operation }) => operation === "matmul").length;
    expect(loops.map(({ nodes }) => products(nodes))).toEqual([1, 1]);
    // Of the input: the product and its two derivatives; of the state: the derivative by its matrix.
    expect(products(graph.nodes)).toBe(4);
    const again = loops[1].nodes.filter(({ operation }) => ["exp", "tanh"].includes(operation));
    expect(again).toEqual([]);
  });
});

describe("recurrent layers", () => {
  it("have PyTorch's names and shapes", () => {
    const shapes = new LSTM(3, 2, { numLayers: 2, bidirectional: true, bias: false }).namedParameters();
    expect(shapes.map(([name, { shape }]) => `${name} ${shape.join("x")}`)).toEqual([
      "weight_ih_l0 8x3",
      "weight_hh_l0 8x2",
      "weight_ih_l0_reverse 8x3",
      "weight_hh_l0_reverse 8x2",
      "weight_ih_l1 8x4",
      "weight_hh_l1 8x2",
      "weight_ih_l1_reverse 8x4",
      "weight_hh_l1_reverse 8x2",
    ]);
    expect(new GRU(3, 2).namedParameters().map(([name, { shape }]) => `${name} ${shape.join("x")}`)).toEqual([
      "weight_ih_l0 6x3",
      "weight_hh_l0 6x2",
      "bias_ih_l0 6",
      "bias_hh_l0 6",
    ]);
  });
  it("start within 1 / sqrt(hiddenSize), biases too", async () => {
    const started = initialiseModel(new LSTM(3, 16), randomKey(1));
    for (const values of Object.values(started)) {
      const elements = Array.from(await values.data()).map(Math.abs);
      expect(Math.max(...elements)).toBeLessThanOrEqual(0.25);
      expect(Math.max(...elements)).toBeGreaterThan(0.2);
    }
  });
  it("forgetBias starts the biases as Keras does", async () => {
    const started = initialiseModel(new LSTM(1, 2, { forgetBias: 1 }), randomKey(1));
    const sum = started.bias_ih_l0.add(started.bias_hh_l0);
    expect([...(await sum.data())]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });
  it("drop between the layers, in training alone", async () => {
    const layer = new RNN(2, 4, { numLayers: 2, dropout: 1 });
    const tensors = patternValues(layer);
    const x = ones([3, 5, 2]);
    const randomness = { seed: randomKey(1), step: tensor(Uint32Array.of(0)), indices: arange(5).to("uint32") };
    const run = (training: boolean, input: Tensor) =>
      bindModel(layer, { tensors, training, randomness }, () => layer.forward(input)).result.data();
    // With all dropped, the second layer sees nothing of the input.
    expect(await run(true, x)).toEqual(await run(true, x.mul(-1)));
    expect(await run(false, x)).not.toEqual(await run(false, x.mul(-1)));
  });
  it("say what they take", () => {
    const layer = new LSTM(3, 2);
    const run =
      (x: Tensor, ...states: Tensor[]) =>
      () =>
        bindModel(layer, { tensors: patternValues(layer), training: false }, () => layer.run(x, ...states));
    expect(run(ones([4, 2, 5]))).toThrow(/LSTM takes \[times, samples, 3\], but got \[4, 2, 5\]/);
    expect(run(ones([4, 2, 3]), ones([1, 2, 2]))).toThrow(/takes 2 initial states, or none for zeros, but got 1/);
    expect(run(ones([4, 2, 3]), ones([1, 2, 2]), ones([2, 2, 2]))).toThrow(/takes initial states \[1, 2, 2\]/);
    expect(() => new GRU(0, 1)).toThrow(/inputSize is 0/);
  });
});
