import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operationCase } from "../../conformance/conformance-case.ts";
import { SeededRandom } from "../../conformance/random.ts";
import { failuresOf } from "../../conformance/run-case.ts";
import type { Device } from "../../device.ts";
import type { ContractKernel, Kernel } from "../../ir.ts";
import { open } from "../../open.ts";
import { plain, plus, view } from "../../wasm/contraction/contraction-harness.ts";
import { StorageTable } from "../gpu-storages.ts";
import { LEAST_FEATURES } from "../testing/least-features.ts";
import { partLength } from "./product.ts";
import { splitContractions, splitCount } from "./split-contractions.ts";

function matmul(rows: number, depth: number, columns: number): ContractKernel {
  return {
    kind: "contract",
    contraction: { operation: "matmul" },
    a: view(0, [rows, depth]),
    b: view(1, [depth, columns]),
    epilogue: plain([rows, columns]),
  };
}

/** The gradient of LeNet's second layer: 16 filters of 6 x 5 x 5 over 10 x 10 places of each image. */
function filterGradient(images: number): ContractKernel {
  return {
    kind: "contract",
    contraction: {
      operation: "convolutionWeightGradient",
      attributes: {
        strides: [1, 1],
        padding: [
          [0, 0],
          [0, 0],
        ],
        dilation: [1, 1],
        groups: 1,
        kernelSize: [5, 5],
      },
    },
    a: view(0, [images, 6, 14, 14]),
    b: view(1, [images, 16, 10, 10]),
    epilogue: plus([16, 6, 5, 5], [150, 25, 5, 1]),
  };
}

function storages(): StorageTable {
  return new StorageTable([0, 1, 2, 3].map(() => ({ dtype: "float32", length: 1 << 20, place: { kind: "arena" } })));
}

describe("contractions with long sums", () => {
  it("are cut where few outputs leave a GPU idle: 10 tiles of 16 x 16, 6400 products each", () => {
    // Parts are at least 256 long: at most 6400 / 256 = 25 of them.
    expect(splitCount(filterGradient(64), LEAST_FEATURES)).toBe(25);
    expect(splitCount(matmul(16, 65_536, 16), LEAST_FEATURES)).toBe(128);
  });

  it.each([
    ["there are tiles enough", matmul(2048, 2048, 2048)],
    ["the depth is short", matmul(16, 500, 16)],
    ["a further dispatch costs more than it saves", matmul(64, 512, 64)],
    ["there is nothing to sum", matmul(4, 0, 4)],
  ])("stay whole where %s", (_, kernel) => {
    expect(splitCount(kernel, LEAST_FEATURES)).toBe(1);
    expect(splitContractions(storages(), [kernel], LEAST_FEATURES)).toEqual([kernel]);
  });

  it("have as many parts on every GPU, unless their sums would not fit", () => {
    const kernel = filterGradient(64);
    expect(splitCount(kernel, { bindingBytes: 2 ** 31 })).toBe(25);
    // 25 parts of 2400 sums are 240 KB.
    expect(splitCount(kernel, { bindingBytes: 2 ** 16 })).toBe(1);
  });

  it("parts are multiples of 64, the last one shorter", () => {
    expect(partLength({ depth: 6400, splits: 25 })).toBe(256);
    expect(partLength({ depth: 1000, splits: 3 })).toBe(384);
    expect(partLength({ depth: 1000, splits: 1 })).toBe(1000);
  });

  it("become a partial contraction and a sum over the parts with the epilogue", () => {
    const table = storages();
    const kernel = filterGradient(64);
    const shape = [25, 16, 6, 5, 5];
    const [partial, reduce] = splitContractions(table, [kernel], LEAST_FEATURES);
    expect(partial).toMatchObject({
      ...{ kind: "contract", splits: 25, a: kernel.a, b: kernel.b },
      epilogue: { shape, stores: [{ step: 0, storage: 4, window: { strides: [2400, 150, 25, 5, 1] } }] },
    });
    expect(reduce).toMatchObject({
      ...{ kind: "reduce", axes: [0], reductions: [{ reducer: "sum", step: 0 }], epilogue: kernel.epilogue },
      prologue: { shape, steps: [{ kind: "load", storage: 4 }], stores: [] },
    });
    expect(table.all[4]).toEqual({ dtype: "float32", length: 25 * 2400, place: { kind: "arena" } });
  });

  it("within a scan stay whole", () => {
    const scan: Kernel = {
      kind: "scan",
      loop: 0,
      length: 2,
      reverse: false,
      carries: [],
      kernels: [filterGradient(64)],
    };
    expect(splitContractions(storages(), [scan], LEAST_FEATURES)).toEqual([scan]);
  });
});

// vitest.config.ts says so when there is no SwiftShader.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("contractions with long sums on a GPU", () => {
  let device: Device;
  beforeAll(async () => {
    device = await open("webgpu", { allowSoftware: true });
  });
  afterAll(() => device.dispose());

  it("compute what the reference computes", async () => {
    const random = new SeededRandom(5);
    const none = { transposeA: true, transposeB: false };
    const tensors = [random.tensor("float32", [4100, 17]), random.tensor("float32", [4100, 19])];
    expect(splitCount(matmul(17, 4100, 19), LEAST_FEATURES)).toBe(13);
    expect(await failuresOf(device, operationCase("matmul", none, tensors, "contraction"))).toEqual([]);
  });

  it("compute the gradient of filters", async () => {
    const random = new SeededRandom(6);
    const { contraction, a, b } = filterGradient(17);
    if (contraction.operation !== "convolutionWeightGradient") throw new Error("Another gradient");
    const tensors = [random.tensor("float32", a.shape), random.tensor("float32", b.shape)];
    const name = contraction.operation;
    expect(await failuresOf(device, operationCase(name, contraction.attributes, tensors, "contraction"))).toEqual([]);
  });
});
