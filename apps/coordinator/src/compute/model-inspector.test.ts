import { arrays } from "@tributary/data";
import { open } from "@tributary/kernels";
import { crossEntropy, Linear, ReLU, Sequential, sgd } from "@tributary/nn";
import { defineRun, traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import { classesOf, inspectionOf } from "../watch/watched-run.ts";
import { ModelInspector } from "./model-inspector.ts";
import type { HeldModel } from "./tensor-store.ts";

/** Five test samples (x, y) of two classes; the model is y = ReLU(x), then two outputs. */
const TEST = Float32Array.of(1, 0, 0, 1, -1, -1, 2, 1, 1, 2);
const LABELS = Int32Array.of(0, 1, 0, 1, 1);

const run = defineRun({
  name: "points",
  model: () => new Sequential(new ReLU(), new Linear(2, 2)),
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({
    fields: { inputs: [2], targets: [] },
    train: { inputs: TEST, targets: LABELS },
    test: { inputs: TEST, targets: LABELS },
  }),
  batchSize: 2,
  microbatch: 2,
});

/** A model whose layer doubles: weight [[2, 0], [0, 2]], bias 0. Outputs of 1 and 0 would pass for probabilities. */
async function inspect() {
  const traced = await traceRun(run);
  const device = await open("reference");
  const { layout } = traced;
  const parameters = device.allocate("float32", layout.parameterLength);
  const buffers = device.allocate("float32", layout.bufferLength);
  const place = (name: string) => layout.parameters.find((entry) => entry.name === name)?.offset ?? -1;
  const held: { -readonly [Key in keyof HeldModel]: HeldModel[Key] } = { device, parameters, buffers, step: 7 };
  await device.write(parameters, Float32Array.of(2, 0, 0, 2), place("1.weight"));
  const inspector = await ModelInspector.open(inspectionOf(traced), () => held);
  const setWeight = (...values: number[]) => device.write(parameters, Float32Array.from(values), place("1.weight"));
  return { inspector, held, setWeight, classes: classesOf(traced) };
}

const bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("ModelInspector", () => {
  it("predicts for raw bytes and for a test sample, with the parameters that are held now", async () => {
    const { inspector, setWeight, classes } = await inspect();
    expect(classes).toBe(2);
    const given = await inspector.predict({ inputs: bytes(3, -5) });
    expect(given).toMatchObject({ step: 7, shape: [2] });
    // ReLU, then twice that.
    expect([...given.outputs]).toEqual([6, 0]);
    expect(given.probabilities?.[0]).toBeCloseTo(1 / (1 + Math.exp(-6)), 6);
    expect([...(await inspector.predict({ sample: 4 })).outputs]).toEqual([2, 4]);
    await setWeight(0, 2, 2, 0);
    expect([...(await inspector.predict({ sample: 4 })).outputs]).toEqual([4, 2]);
  });

  it("shows what every layer makes of a sample, in bytes", async () => {
    const { inspector } = await inspect();
    const { layers, step, probabilities } = await inspector.activations({ inputs: bytes(4, -2) });
    expect(step).toBe(7);
    expect(layers).toEqual([
      { path: "0", shape: [2], minimum: 0, maximum: 4, values: Uint8Array.of(255, 0) },
      { path: "1", shape: [2], minimum: 0, maximum: 8, values: Uint8Array.of(255, 0) },
    ]);
    expect(probabilities?.[0]).toBeCloseTo(1 / (1 + Math.exp(-8)), 6);
  });

  it("gives a test sample's bytes and label", async () => {
    const { inspector } = await inspect();
    expect(inspector.sample(3)).toEqual({ inputs: bytes(2, 1), label: 1 });
    expect(() => inspector.sample(5)).toThrow(RangeError);
  });

  it("refuses inputs of another size and samples that are not there", async () => {
    const { inspector } = await inspect();
    await expect(inspector.predict({ inputs: bytes(1) })).rejects.toThrow("have 8 bytes, but 4 came");
    await expect(inspector.activations({ sample: 5 })).rejects.toThrow("only 0 to 4");
  });

  it("judges all test samples with the parameters of the moment it began, whatever happens in between", async () => {
    const { inspector, held, setWeight } = await inspect();
    const first = await inspector.judge(0);
    // (1, 0) is class 0, (0, 1) class 1.
    expect([...first.predicted]).toEqual([0, 1]);
    expect([...first.labels]).toEqual([0, 1]);
    expect(first.probability[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
    await setWeight(0, 2, 2, 0);
    held.step = 8;
    // ReLU makes (-1, -1) to (0, 0): the first of equal ones. (2, 1) is 0.
    expect(await inspector.judge(2)).toMatchObject({ step: 7, first: 2, predicted: Int32Array.of(0, 0) });
    // The last microbatch is short.
    expect(await inspector.judge(4)).toMatchObject({ step: 7, predicted: Int32Array.of(1), labels: Int32Array.of(1) });
    // A new one takes the parameters of now: swapped.
    expect(await inspector.judge(0)).toMatchObject({ step: 8, predicted: Int32Array.of(1, 0) });
  });
});
