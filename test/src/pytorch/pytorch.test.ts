import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeSafetensors, fit } from "@tributary/training";
import { arrays, crossEntropy, defineRun, Linear, Sequential, sgd } from "tributary";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { LENET_RUN } from "./lenet-run.ts";

const SCRIPT = fileURLToPath(new URL("./read_safetensors.py", import.meta.url));
/** Largest difference of two logits over the largest logit: both sides add the same float32 products, in their own order. */
const TOLERANCE = 1e-5;

/** A Python that has PyTorch; PYTHON names one, otherwise the usual places are tried. */
function pythonWithTorch(): string | undefined {
  const candidates = [process.env.PYTHON ?? "python3", "/usr/bin/python3"];
  return candidates.find((python) => spawnSync(python, ["-c", "import torch"]).status === 0);
}

describe("a model file", () => {
  it("loads in PyTorch by load_state_dict, and gives equal logits", async (context) => {
    const python = pythonWithTorch();
    if (python === undefined) {
      process.stderr.write("\n*** SKIPPED: loading a model in PyTorch, because no python3 here has torch\n\n");
      context.skip("No python3 here has torch");
      return;
    }
    const folder = await temporaryFolder();
    const { model } = await fit(LENET_RUN, { backend: "wasm" });
    const { inputs } = await LENET_RUN.data.test.take(32);
    const ours = await model.predict(inputs);
    const files = ["model.safetensors", "inputs.safetensors"].map((name) => join(folder, name));
    const [modelFile = "", inputsFile = ""] = files;
    await model.save(modelFile);
    const pixels = { dtype: "U8" as const, shape: inputs.shape, bytes: Uint8Array.from(inputs.data) };
    await writeFile(inputsFile, encodeSafetensors({ tensors: new Map([["inputs", pixels]]), metadata: new Map() }));

    const { stdout, stderr, status } = spawnSync(python, [SCRIPT, ...files], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const theirs: { shapes: Record<string, number[]>; shape: number[]; logits: number[] } = JSON.parse(stdout);
    expect(theirs.shapes).toEqual({
      "0.weight": [6, 1, 5, 5],
      "0.bias": [6],
      "3.weight": [16, 6, 5, 5],
      "3.bias": [16],
      "7.weight": [120, 400],
      "7.bias": [120],
      "9.weight": [84, 120],
      "9.bias": [84],
      "11.weight": [10, 84],
      "11.bias": [10],
    });
    expect(theirs.shape).toEqual(ours.shape);
    const largest = Math.max(...theirs.logits.map(Math.abs));
    const difference = Math.max(...theirs.logits.map((logit, index) => Math.abs(logit - (ours.data[index] ?? NaN))));
    expect(difference / largest).toBeLessThanOrEqual(TOLERANCE);
  });
});

/** Two inputs, two outputs, no training to speak of: the file decides what it computes. */
const PLANE = defineRun({
  name: "plane",
  model: () => new Sequential(new Linear(2, 2)),
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 1e-3 }),
  data: arrays({
    fields: { inputs: [2], targets: [] },
    train: { inputs: Float32Array.of(1, -1), targets: Int32Array.of(0) },
  }),
  batchSize: 1,
});

/** As PyTorch's Linear(2, 2) has it under Sequential: weight [out, in], row by row, then bias. */
const HEADER =
  '{"0.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},"0.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}';

/** A file of PyTorch's, byte by byte: length of the header (little-endian, 8 bytes), header, little-endian floats. */
function handMadeFile(): Uint8Array {
  const header = new TextEncoder().encode(HEADER.padEnd(Math.ceil(HEADER.length / 8) * 8));
  const bytes = new Uint8Array(8 + header.length + 24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header.length, true);
  bytes.set(header, 8);
  [1, 2, 3, 4, 0.5, -0.5].forEach((value, index) => {
    view.setFloat32(8 + header.length + 4 * index, value, true);
  });
  return bytes;
}

describe("a file made by hand in PyTorch's layout", () => {
  it("is loaded, and the model computes with it what the definition of Linear says", async () => {
    const { model } = await fit(PLANE, { backend: "reference" });
    const loaded = model.withSafetensors(handMadeFile());
    const { inputs } = await PLANE.data.train.take(1);
    // [[1, 2], [3, 4]] [1, -1] + [0.5, -0.5] = [-1 + 0.5, -1 - 0.5]
    expect([...(await loaded.predict(inputs)).data]).toEqual([-0.5, -1.5]);
  });

  it("is written again with the same tensors, under the same names", async () => {
    const { model } = await fit(PLANE, { backend: "reference" });
    const written = model.withSafetensors(handMadeFile()).toSafetensors();
    const view = new DataView(written.buffer, written.byteOffset);
    const headerLength = view.getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(written.subarray(8, 8 + headerLength)));
    const { __metadata__: metadata, ...tensors } = header;
    expect(metadata).toMatchObject({ format: "pt" });
    // Of one element size, tensors stand in the order of their names.
    expect(tensors).toEqual({
      "0.bias": { dtype: "F32", shape: [2], data_offsets: [0, 8] },
      "0.weight": { dtype: "F32", shape: [2, 2], data_offsets: [8, 24] },
    });
    const floats = Array.from({ length: 6 }, (_, index) => view.getFloat32(8 + headerLength + 4 * index, true));
    expect(floats).toEqual([0.5, -0.5, 1, 2, 3, 4]);
  });
});
