import { arrays } from "@tributary/data";
import {
  adadelta,
  adagrad,
  adam,
  adamW,
  Linear,
  l1l2,
  lion,
  mseLoss,
  nadam,
  noDecayOnBiasesAndNorms,
  type Optimizer,
  rmsprop,
  Sequential,
  sgd,
  Tanh,
} from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { fit } from "./fit.ts";
import { defineRun } from "./run.ts";

/** Weights [3, 3] and [1, 3], biases [3] and [1]: all but the first bias end inside a group of four floats. */
function runWith(optimizer: Optimizer) {
  const inputs = Float32Array.from({ length: 8 * 3 }, (_, index) => Math.sin(index));
  const targets = Float32Array.from({ length: 8 }, (_, index) => Math.cos(index));
  return defineRun({
    name: "optimizers",
    model: () => new Sequential(new Linear(3, 3), new Tanh(), new Linear(3, 1)),
    loss: mseLoss,
    optimizer,
    data: arrays({ fields: { inputs: [3], targets: [1] }, train: { inputs, targets } }),
    batchSize: 4,
    epochs: 6,
  });
}

const groups = [noDecayOnBiasesAndNorms()];
const OPTIMIZERS: Optimizer[] = [
  sgd({
    learningRate: 0.1,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0.1,
    regulariser: l1l2({ l1: 0.01, l2: 0.01 }),
    groups,
  }),
  rmsprop({ epsilon: 0, centered: true, momentum: 0.5, groups }),
  adagrad({ learningRate: 0.1, epsilon: 0 }),
  adadelta({ epsilon: 0 }),
  adam({ learningRate: 0.01, epsilon: 0, amsgrad: true }),
  adamW({ learningRate: 0.01, weightDecay: 0.3, groups }),
  nadam({ epsilon: 0 }),
  lion({ learningRate: 0.01, weightDecay: 0.3, groups }),
];

describe.each(OPTIMIZERS.map((optimizer) => [optimizer.name, optimizer] as const))("%s in a run", (_, optimizer) => {
  it("lowers the loss, leaves padding 0, and gives the same on reference and wasm", async () => {
    const [reference, wasm] = await Promise.all(
      (["reference", "wasm"] as const).map((backend) => fit(runWith(optimizer), { backend })),
    );
    const losses = reference?.history.map(({ trainLoss }) => trainLoss) ?? [];
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    const { layout } = reference?.model.traced ?? {};
    const owned = new Set(
      layout?.parameters.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)),
    );
    const parameters = [...(reference?.model.flat.parameters ?? [])];
    expect(owned.size).toBe(16);
    expect(parameters.filter((value, index) => !owned.has(index) && value !== 0)).toEqual([]);
    const other = wasm?.model.flat.parameters ?? [];
    const difference = Math.hypot(...parameters.map((value, index) => value - (other[index] ?? 0)));
    expect(difference / Math.hypot(...parameters)).toBeLessThan(1e-5);
  });
});

describe("groups in a run", () => {
  it("reach the parameters by their names: what has the rate 0 keeps its first values", async () => {
    const frozen = { match: (name: string) => name === "0.weight", learningRateFactor: 0 };
    const [moved, kept] = await Promise.all([
      fit(runWith(sgd({ learningRate: 0.1 })), { backend: "reference" }),
      fit(runWith(sgd({ learningRate: 0.1, groups: [frozen] })), { backend: "reference" }),
    ]);
    const start = await fit(runWith(sgd({ learningRate: 0 })), { backend: "reference" });
    const weights = ({ model }: typeof start) => [...model.flat.parameters.subarray(0, 9)];
    expect(weights(kept)).toEqual(weights(start));
    expect(weights(moved)).not.toEqual(weights(start));
    expect([...kept.model.flat.parameters]).not.toEqual([...start.model.flat.parameters]);
  });
});
