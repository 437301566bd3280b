import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  arrays,
  BatchNorm2d,
  Conv2d,
  defineRun,
  Flatten,
  fit,
  Linear,
  mseLoss,
  ReLU,
  Sequential,
  sgd,
} from "tributary";
import { expect, it } from "vitest";
import { ROOT } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { pythonWith, runPython } from "./python.ts";

const SCRIPTS = join(ROOT, "examples", "python");
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Both sides add the same float32 products, in their own order. */
const DIGITS = 5;

it("a state_dict of PyTorch's, written by pytorch_to_safetensors.py, starts a run with equal outputs", async (context) => {
  const python = pythonWith("torch", "reading weights of PyTorch's");
  if (python === undefined) return context.skip("No python3 here has torch");
  const folder = await temporaryFolder();
  const [state, file] = [join(folder, "state.pt"), join(folder, "state.safetensors")];
  const theirs: number[] = JSON.parse(runPython(python, [pathOf("save_state.py"), state]));
  const said = runPython(python, [join(SCRIPTS, "pytorch_to_safetensors.py"), state, file]);
  expect(said).toContain("8 tensors written");
  expect(said).toContain("left out: 1.num_batches_tracked");

  const inputs = Float32Array.from({ length: 32 }, (_, index) => index / 32);
  const run = defineRun({
    name: "pytorch",
    model: () => new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2), new ReLU(), new Flatten(), new Linear(8, 3)),
    loss: mseLoss,
    optimizer: sgd({ learningRate: 1e-30 }),
    data: arrays({ fields: { inputs: [1, 4, 4], targets: [3] }, train: { inputs, targets: new Float32Array(6) } }),
    batchSize: 2,
    steps: 1,
  });
  const bytes = await readFile(file);
  const { model } = await fit(run, { initialWeights: bytes });
  // The step moved the running statistics; the file's are wanted.
  const { data } = await model.withSafetensors(bytes).predict({ dtype: "float32", shape: [2, 1, 4, 4], data: inputs });
  data.forEach((value, index) => {
    expect(value).toBeCloseTo(theirs[index] ?? Number.NaN, DIGITS);
  });
});

it("what keras_to_safetensors.py writes is put into our order", async (context) => {
  const python = pythonWith("numpy", "reading weights of Keras'");
  if (python === undefined) return context.skip("No python3 here has numpy");
  const file = join(await temporaryFolder(), "model.safetensors");
  runPython(python, [pathOf("stand_in_keras.py"), SCRIPTS, file]);
  const run = defineRun({
    name: "keras",
    model: () => new Sequential(new Flatten(), new Linear(4, 1)),
    loss: mseLoss,
    optimizer: sgd({ learningRate: 1e-30 }),
    data: arrays({
      fields: { inputs: [2, 1, 2], targets: [1] },
      train: { inputs: Float32Array.of(1, 0, 0, 0), targets: Float32Array.of(0) },
    }),
    batchSize: 1,
  });
  const { model } = await fit(run, { initialWeights: await readFile(file) });
  // Channel 0 of the pixels 0 and 1, then channel 1: 10, 20, 11, 21; bias 1.
  const pixels = { dtype: "float32", shape: [2, 2, 1, 2], data: Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0) } as const;
  expect([...(await model.predict(pixels)).data]).toEqual([21, 12]);
});
