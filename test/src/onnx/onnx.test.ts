import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  arrays,
  crossEntropy,
  Dropout,
  defineRun,
  digits,
  fit,
  Linear,
  Module,
  Sequential,
  scan,
  sgd,
  type Tensor,
  type TrainedModel,
  where,
} from "tributary";
import { beforeAll, describe, expect, it } from "vitest";
import { lenet } from "../curves/models.ts";
import { ROOT } from "../house/source-tree.ts";

/** Where optional packages are looked for: a folder that PEERS names, or the benchmarks'. */
const PEERS = process.env.PEERS ?? join(ROOT, "bench", ".peers");

const run = defineRun({
  name: "lenet",
  model: lenet,
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  data: digits({ train: 320, test: 16 }),
  batchSize: 32,
  microbatch: 16,
});

let model: TrainedModel;
beforeAll(async () => {
  model = (await fit(run, { backend: "wasm" })).model;
});

/** Fields of a protocol-buffers message, as far as ONNX uses them: numbers of varints, bytes of the rest. */
function fieldsOf(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const fields: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) fields.push([tag >> 3, varint()]);
    else {
      const length = tag % 8 === 2 ? varint() : 4;
      fields.push([tag >> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

const inside = (bytes: Uint8Array, field: number) =>
  fieldsOf(bytes).flatMap(([number, value]) => (number === field && value instanceof Uint8Array ? [value] : []));
const texts = (bytes: Uint8Array, field: number) =>
  inside(bytes, field).map((value) => new TextDecoder().decode(value));

describe("an exported LeNet", () => {
  it("is an ONNX model of opset 17 with PyTorch's names", () => {
    const file = model.toOnnx();
    const [opset] = inside(file, 8);
    expect(fieldsOf(opset ?? new Uint8Array()).at(-1)).toEqual([2, 17]);
    const [graph = new Uint8Array()] = inside(file, 7);
    const operators = inside(graph, 1).map((node) => texts(node, 4)[0]);
    expect(operators.filter((operator) => ["Conv", "MaxPool", "MatMul"].includes(operator ?? ""))).toEqual([
      "Conv",
      "MaxPool",
      "Conv",
      "MaxPool",
      "MatMul",
      "MatMul",
      "MatMul",
    ]);
    const names = inside(graph, 5).map((tensor) => texts(tensor, 8)[0]);
    expect(names).toEqual(expect.arrayContaining(["0.weight", "3.weight", "7.weight", "9.bias", "11.weight"]));
    expect([inside(graph, 11), inside(graph, 12)].map((edges) => edges.map((edge) => texts(edge, 1)[0]))).toEqual([
      ["inputs"],
      ["outputs"],
    ]);
    // 61,706 parameters of four bytes, and little else.
    expect(file.length).toBeLessThan(4 * 61_706 + 16_384);
  });

  it("gives our logits in onnxruntime", async (context) => {
    if (!existsSync(join(PEERS, "node_modules", "onnxruntime-node"))) {
      process.stderr.write(`\n*** SKIPPED: the export in onnxruntime, because onnxruntime-node is not in ${PEERS}\n\n`);
      context.skip("onnxruntime-node is not installed");
    }
    const runtime = createRequire(join(PEERS, "package.json"))("onnxruntime-node");
    const { data, shape } = (await run.data.test.take(16)).inputs;
    const session = await runtime.InferenceSession.create(model.toOnnx());
    const { outputs } = await session.run({ inputs: new runtime.Tensor("uint8", data, shape) });
    const ours = await model.predict({ dtype: "uint8", shape, data });
    expect([...outputs.dims]).toEqual(ours.shape);
    const differences = ours.data.map((logit, index) => Math.abs(logit - outputs.data[index]));
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });
});

/** Adds up its inputs' columns one after the other. */
class RunningSum extends Module {
  override forward(x: Tensor): Tensor {
    const step = scan({ initial: [x.select(1, 0)], length: 2 }, ([sum]) => ({ carries: [sum.add(1)] }));
    return step.carries[0].unsqueeze(1).expand(x.shape);
  }
}

/** Every comparison, each choosing between two functions. */
class Branches extends Module {
  override forward(x: Tensor): Tensor {
    const conditions = [x.lt(0), x.le(1), x.gt(2), x.ge(3), x.eq(4), x.ne(5)];
    return conditions.reduce((sum, condition) => sum.add(where(condition, x.sin(), x.tanh())), x);
  }
}

describe("a small model", () => {
  const runOf = (...layers: Module[]) =>
    defineRun({
      name: "plain",
      model: () => new Sequential(new Linear(2, 2), ...layers),
      loss: crossEntropy,
      optimizer: sgd({ learningRate: 0.1 }),
      data: arrays({
        fields: { inputs: [2], targets: [] },
        train: { inputs: Float32Array.of(1, 2), targets: Int32Array.of(1) },
      }),
      batchSize: 1,
    });
  const exported = async (...layers: Module[]) =>
    (await fit(runOf(...layers), { backend: "reference" })).model.toOnnx();

  it("leaves out of the file what only training does", async () => {
    // The weights differ, because dropout took part in training; the file is as long.
    expect((await exported(new Dropout(0.5))).length).toBe((await exported()).length);
  });

  it("has ONNX's operator for every comparison, and the negation of Equal for the one that ONNX lacks", async () => {
    const [graph = new Uint8Array()] = inside(await exported(new Branches()), 7);
    const operators = new Set(inside(graph, 1).map((node) => texts(node, 4)[0]));
    for (const operator of [
      "Less",
      "LessOrEqual",
      "Greater",
      "GreaterOrEqual",
      "Equal",
      "Not",
      "Where",
      "Sin",
      "Tanh",
    ]) {
      expect(operators).toContain(operator);
    }
  });

  it("names the operation that has no form in ONNX here", async () => {
    await expect(exported(new RunningSum())).rejects.toMatchObject({
      code: "ONNX_UNSUPPORTED",
      message: expect.stringContaining("operation scan"),
    });
  });
});
