import { createProgram, GraphBuilder, type Program } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import { open } from "../open.ts";
import { findAdapter } from "./find-adapter.ts";
import { planProgram } from "./webgpu-program.ts";

/** WebGPU's least maxComputeWorkgroupStorageSize, in bytes. */
const LEAST_BYTES = 16_384;
const LEAST = {
  subgroupLanes: 1,
  workgroupBytes: LEAST_BYTES,
  storageBuffers: 8,
  bindingBytes: 2 ** 27,
  bufferBytes: 2 ** 28,
};
const SIDE = 32;
const COUNT = SIDE * SIDE;
const PLACES = 2500;
const TURNS = 5;

/**
 * A recurrence whose turn multiplies matrices of 32 x 32 by tiles (9 KiB of vectors), adds what comes of it to 2500 places by an index (8 KiB of sums, 4 KiB of
 * indices), and divides by the largest. No part of it can be computed by itself: one workgroup does it all.
 */
function mixed(): Program {
  const inside = new GraphBuilder();
  const state = inside.input({ dtype: "float32", shape: [SIDE, SIDE] });
  const weight = inside.input({ dtype: "float32", shape: [SIDE, SIDE] });
  const places = inside.input({ dtype: "int32", shape: [1, COUNT] });
  const product = inside.add("matmul", { transposeA: false, transposeB: false }, [state, weight]);
  const updates = inside.add("reshape", { shape: [1, COUNT] }, [product]);
  const table = inside.add("scatterAdd", { length: PLACES }, [updates, places]);
  const some = inside.add("slice", { starts: [0, 100], ends: [1, 100 + COUNT], strides: [1, 1] }, [table]);
  const largest = inside.add("max", { axes: [0, 1] }, [inside.add("abs", {}, [some])]);
  const divided = inside.add("div", {}, [some, inside.add("broadcast", { shape: [1, COUNT] }, [largest])]);
  const body = inside.build([inside.add("reshape", { shape: [SIDE, SIDE] }, [divided])]);
  const builder = new GraphBuilder();
  const inputs = [
    builder.input({ dtype: "float32", shape: [SIDE, SIDE] }),
    builder.input({ dtype: "float32", shape: [SIDE, SIDE] }),
    builder.input({ dtype: "int32", shape: [1, COUNT] }),
  ];
  const last = builder.add("scan", { length: TURNS, carries: 1, sliced: 0, reverse: false, body }, inputs);
  const graph = builder.build([last]);
  return createProgram({
    name: "mixed",
    graph,
    inputs: ["x", "w", "places"],
    outputs: [{ name: "y", replaces: null }],
  });
}

/** The GPU in software, whose device has the least limits that WebGPU guarantees. */
async function leastGpu(): Promise<GPU> {
  const { gpu, adapter } = await findAdapter({ allowSoftware: true });
  const requestDevice = adapter.requestDevice.bind(adapter);
  const least = Object.defineProperty(adapter, "requestDevice", { value: () => requestDevice() });
  // Only an adapter is asked for; the property holds Dawn, which stops when nobody does.
  return { requestAdapter: () => Promise.resolve(least), held: gpu } as unknown as GPU;
}

async function computedOn(device: Device): Promise<number[]> {
  const [x, w, y] = [0, 0, 0].map(() => device.allocate("float32", COUNT));
  const places = device.allocate("int32", COUNT);
  await device.write(
    x,
    Float32Array.from({ length: COUNT }, (_, index) => Math.sin(3 * index)),
  );
  await device.write(
    w,
    Float32Array.from({ length: COUNT }, (_, index) => Math.cos(5 * index)),
  );
  await device.write(
    places,
    Int32Array.from({ length: COUNT }, (_, index) => (index * 1009) % PLACES),
  );
  await (await device.compile(mixed())).run({ x, w, places, y });
  const result = [...(await device.read(y))];
  device.dispose();
  return result;
}

describe("kernels of a recurrence that share a workgroup's memory", () => {
  it("take no more than every GPU has", () => {
    const { dispatches } = planProgram(mixed(), LEAST);
    expect(Math.max(...dispatches.map(({ workgroupBytes }) => workgroupBytes))).toBeLessThanOrEqual(LEAST_BYTES);
  });

  it("take more where there is more, because it is faster", () => {
    const { dispatches } = planProgram(mixed(), { ...LEAST, workgroupBytes: 2 * LEAST_BYTES });
    expect(Math.max(...dispatches.map(({ workgroupBytes }) => workgroupBytes))).toBeGreaterThan(LEAST_BYTES);
  });

  it("are too much for a GPU that has less than they need, which is said in words", () => {
    expect(() => planProgram(mixed(), { ...LEAST, workgroupBytes: 8192 })).toThrowError(
      expect.objectContaining({
        code: "OUT_OF_MEMORY",
        message: expect.stringContaining("which has 8192 bytes for a workgroup"),
      }),
    );
  });

  // vitest.config.ts says so when there is no GPU in software.
  it.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("compute the same as on wasm", async () => {
    const expected = await computedOn(await open("wasm"));
    const found = await computedOn(await open("webgpu", { allowSoftware: true, gpu: await leastGpu() }));
    const difference = found.map((value, index) => value - (expected[index] ?? Number.NaN));
    expect(Math.hypot(...expected)).toBeGreaterThan(1);
    expect(Math.hypot(...difference)).toBeLessThan(1e-5 * Math.hypot(...expected));
  });
});
