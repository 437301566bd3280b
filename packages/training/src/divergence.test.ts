import type { Tensor } from "@tributary/autograd";
import { arrays } from "@tributary/data";
import { init, Linear, Module, mseLoss, Parameter, Sequential, sgd, Tanh } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { fit } from "./fit.ts";
import { defineRun, type RunDescription } from "./run.ts";

/** x times a number that it learns. */
class Gain extends Module {
  readonly factor: Parameter;

  constructor(factor: number) {
    super();
    this.factor = new Parameter([1], init.constant(factor));
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.factor.value);
  }
}

/** The square root of its input, and its gradient infinite at 0. */
class Root extends Module {
  override forward(x: Tensor): Tensor {
    return x.sqrt();
  }
}

const samples = { inputs: Float32Array.of(1, 1, 1), targets: Float32Array.of(0, 0, 0) };
const description: RunDescription = {
  name: "diverges",
  model: () => new Linear(1, 1),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({ fields: { inputs: [1], targets: [1] }, train: samples, allowNotFinite: true }),
  batchSize: 3,
  microbatch: 2,
};
const messageOf = async (change: Partial<RunDescription>): Promise<string> => {
  const error: unknown = await fit(defineRun({ ...description, ...change }), { backend: "reference" }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "DIVERGED" });
  return error instanceof Error ? error.message : "";
};
const dataOf = (values: Partial<typeof samples>) =>
  arrays({ fields: { inputs: [1], targets: [1] }, train: { ...samples, ...values }, allowNotFinite: true });

describe("the message of DIVERGED", () => {
  it("names the sample that is not finite", async () => {
    const inputs = Float32Array.of(1, Number.NaN, 1);
    expect(await messageOf({ data: dataOf({ inputs }) })).toBe(
      "Step 1 has the loss NaN and a gradient of norm NaN. Sample 1 of the training data holds NaN in inputs: mend it, or leave it out",
    );
  });

  it("names the layer that explodes", async () => {
    const model = () => new Sequential(new Linear(1, 1), new Gain(1e30), new Tanh(), new Gain(1e30), new Gain(1e30));
    expect(await messageOf({ model })).toContain("Layer 4 is the first whose output is not finite (it gives");
  });

  it("names the parameter that an update made infinite", async () => {
    expect(await messageOf({ optimizer: sgd({ learningRate: 1e38 }), model: () => new Gain(20), epochs: 9 })).toContain(
      "Step 2 has the loss NaN and a gradient of norm NaN. The parameter factor was not finite any more before the step",
    );
  });

  it("says when the loss is the cause", async () => {
    const targets = Float32Array.of(0, 0, 1e30);
    expect(await messageOf({ data: dataOf({ targets }) })).toContain(
      "Every layer's output is finite, but the loss of them is Infinity",
    );
  });

  it("names the gradient that is not finite where the outputs are", async () => {
    const model = () => new Sequential(new Gain(0), new Root(), new Gain(1));
    const targets = Float32Array.of(1, 1, 1);
    expect(await messageOf({ model, data: dataOf({ targets }) })).toContain(
      "Outputs and loss are finite, but the gradient of 0.factor is not",
    );
  });
});
