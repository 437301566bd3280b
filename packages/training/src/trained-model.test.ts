import { arrays } from "@tributary/data";
import { Linear, mseLoss, ReLU, Sequential, sgd } from "@tributary/nn";
import { beforeAll, describe, expect, it } from "vitest";
import { defineRun } from "./run.ts";
import { encodeSafetensors, type SafetensorsEntry } from "./safetensors.ts";
import { traceRun } from "./trace-run.ts";
import { TrainedModel } from "./trained-model.ts";

const run = defineRun({
  name: "layers",
  model: () => new Sequential(new Linear(2, 2), new ReLU(), new Linear(2, 2)),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({
    fields: { inputs: [2], targets: [2] },
    train: { inputs: new Float32Array(4), targets: new Float32Array(4) },
  }),
  batchSize: 2,
});

const floats = (shape: number[], values: number[]): SafetensorsEntry => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

/** h = relu(x W1' + b1), y = h W2' + b2 with W1 = [[1, 2], [-1, 1]], b1 = [0, 1], W2 = [[1, 1], [2, 0]], b2 = [10, 20]. */
const file = encodeSafetensors({
  tensors: new Map([
    ["0.weight", floats([2, 2], [1, 2, -1, 1])],
    ["0.bias", floats([2], [0, 1])],
    ["2.weight", floats([2, 2], [1, 1, 2, 0])],
    ["2.bias", floats([2], [10, 20])],
  ]),
  metadata: new Map(),
});

const inputs = { dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 1, 3, 0, 0, -4) } as const;
let model: TrainedModel;

beforeAll(async () => {
  const traced = await traceRun(run);
  const empty = { parameters: new Float32Array(traced.layout.parameterLength), buffers: new Float32Array(0) };
  model = new TrainedModel(traced, empty, "reference").withSafetensors(file);
});

describe("TrainedModel", () => {
  it("predicts any number of samples, whatever the microbatch", async () => {
    // Hidden: (1, 1) -> (3, 1); (3, 0) -> (3, 0); (0, -4) -> (0, 0).
    expect(await model.predict(inputs)).toEqual({ shape: [3, 2], data: Float32Array.of(14, 26, 13, 26, 10, 20) });
  });

  it("shows what each layer made of the samples, in the order in which they ran", async () => {
    const layers = await model.activations(inputs);
    expect([...layers.keys()]).toEqual(["0", "1", "2"]);
    expect([...(layers.get("0")?.data ?? [])]).toEqual([3, 1, 3, -2, -8, -3]);
    expect([...(layers.get("1")?.data ?? [])]).toEqual([3, 1, 3, 0, 0, 0]);
  });

  it("gives the gradient of a class's output by the inputs", async () => {
    // At (1, 1) both hidden units are open: dy0/dx = W1[0] + W1[1] = (0, 3). At (3, 0) only the first: dy1/dx = 2 W1[0] = (2, 4). At (0, -4) none.
    const { data } = await model.saliency(inputs, [0, 1, 0]);
    expect([...data]).toEqual([0, 3, 2, 4, 0, 0]);
  });

  it("writes the tensors that it was loaded from", async () => {
    expect(model.withSafetensors(model.toSafetensors()).flat).toEqual(model.flat);
  });

  it("says which samples it takes", async () => {
    const wrong = { dtype: "float32", shape: [1, 3], data: new Float32Array(3) } as const;
    await expect(model.predict(wrong)).rejects.toThrow(
      /predict takes inputs as float32 \[samples,2\], but got float32 \[1,3\]/,
    );
  });
});
