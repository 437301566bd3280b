import { createProgram, GraphBuilder, type Program } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { FakeGpu, type FakeGpuOptions } from "./testing/fake-gpu.ts";
import { LEAST_FEATURES } from "./testing/least-features.ts";
import { BUFFER_USAGE } from "./usage.ts";
import { WebGpuDevice } from "./webgpu-device.ts";

const NEVER = new Promise<never>(() => {});

function opened(options: FakeGpuOptions = {}): { gpu: FakeGpu; device: WebGpuDevice } {
  const gpu = new FakeGpu(options);
  // The device only holds it.
  const held = {} as GPU;
  return {
    gpu,
    device: new WebGpuDevice({ gpu: held, device: gpu.device, features: LEAST_FEATURES, adapterName: "fake" }),
  };
}

/** (x x) x of a matrix with so many rows and columns: the product in brackets is in scratch memory. */
function cubed(size: number): Program {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [size, size] });
  const square = builder.add("matmul", { transposeA: false, transposeB: false }, [x, x]);
  const graph = builder.build([builder.add("matmul", { transposeA: false, transposeB: false }, [square, x])]);
  return createProgram({ name: "cubed", graph, inputs: ["x"], outputs: [{ name: "y", replaces: null }] });
}

/** The sum of a matrix, and those of its columns: two kernels that need nothing of each other. */
function twoSums(): Program {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [3, 300] });
  const sums = [[0, 1], [0]].map((axes) => builder.add("sum", { axes }, [x]));
  const outputs = ["y", "z"].map((name) => ({ name, replaces: null }));
  return createProgram({ name: "sums", graph: builder.build(sums), inputs: ["x"], outputs });
}

/** Runs the program once on buffers of its own. */
async function runCubed(device: WebGpuDevice, size: number): Promise<void> {
  const executable = await device.compile(cubed(size));
  const [x, y] = [device.allocate("float32", size * size), device.allocate("float32", size * size)];
  await executable.run({ x, y });
  await device.read(y);
}

describe("a GPU without room", () => {
  it("for scratch memory says so, and computes what needs less", async () => {
    const { gpu, device } = opened();
    gpu.refuses = ({ usage }) => usage === BUFFER_USAGE.STORAGE;
    await expect(runCubed(device, 256)).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    gpu.refuses = () => false;
    await runCubed(device, 32);
    // What was planned with memory that is not there was never handed over.
    expect(gpu.submits).toEqual([[2], []]);
  });

  it("for one buffer says so to whoever uses it, and to nobody else", async () => {
    const { gpu, device } = opened();
    gpu.refuses = ({ size }) => size > 4096;
    const [large, small] = [device.allocate("float32", 2048), device.allocate("float32", 16)];
    const write = (buffer: typeof large) => device.write(buffer, new Float32Array(buffer.length));
    await expect(write(large)).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    await expect(write(large)).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    await expect(device.read(large, 0, 16)).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    await write(small);
    await device.read(small);
  });

  it("for all that is read at once is read in pieces", async () => {
    const { gpu, device } = opened({ maxBufferSize: 4096 });
    const buffers = [1024, 1024, 512, 512].map((length) => device.allocate("float32", length));
    const read = await device.readAll(buffers);
    expect(read.map(({ length }) => length)).toEqual([1024, 1024, 512, 512]);
    // One trip; buffers of 4096 bytes: two of one range each, and one of two.
    expect(gpu.submits).toHaveLength(1);
    expect(gpu.buffers.slice(4).map(({ size }) => size)).toEqual([4096, 4096, 4096]);
  });
});

describe("a GPU that is lost", () => {
  it.each([
    ["while it compiles", { pipeline: () => NEVER }],
    ["while memory is asked for", { scope: () => NEVER }],
    ["while it is read", { map: () => NEVER }],
    ["in a browser that then rejects everything", { scope: () => Promise.reject(new Error("lost")) }],
  ])("%s ends what waits for it", async (_, options: FakeGpuOptions) => {
    const { gpu, device } = opened(options);
    const run = runCubed(device, 32);
    const outcome = expect(run).rejects.toMatchObject({ code: "DEVICE_LOST" });
    for (let turn = 0; turn < 20; turn++) await null;
    gpu.lose();
    await outcome;
    device.dispose();
    await device.disposed;
  });

  it("before it says so is lost for a reading that fails", async () => {
    const { device } = opened({ map: () => Promise.reject(new DOMException("gone", "AbortError")) });
    await expect(runCubed(device, 32)).rejects.toMatchObject({ code: "DEVICE_LOST" });
  });

  it("ends runs that wait for earlier ones, and its disposal", async () => {
    const { gpu, device } = opened({ done: () => NEVER });
    const executable = await device.compile(cubed(32));
    const [x, y] = [device.allocate("float32", 1024), device.allocate("float32", 1024)];
    const runs = Array.from({ length: 6 }, () => executable.run({ x, y }));
    const outcome = expect(Promise.all(runs)).rejects.toMatchObject({ code: "DEVICE_LOST" });
    for (let turn = 0; turn < 100; turn++) await null;
    gpu.lose();
    await outcome;
    device.dispose();
    await device.disposed;
  });

  it("leaves no rejection behind that nobody hears of", async () => {
    const { gpu, device } = opened({ done: () => Promise.reject(new Error("lost")) });
    await runCubed(device, 32);
    gpu.lose();
    await gpu.lost;
    device.dispose();
    await device.disposed;
  });
});

describe("a GPU that refuses a command", () => {
  it("has failed for whoever reads what comes of it, though buffers are disposed of before", async () => {
    const { gpu, device } = opened();
    const [kept, other] = [device.allocate("float32", 16), device.allocate("float32", 16)];
    await device.write(kept, new Float32Array(16));
    gpu.onuncapturederror?.({ error: { message: "out of registers" } });
    other.dispose();
    await expect(device.read(kept)).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  });
});

describe("a GPU whose compiler refuses a shader", () => {
  it("gets the kernels one by one where several were one shader", async () => {
    const refuses = (text: string) => text.includes("fn kernel1");
    const { gpu, device } = opened({
      pipeline: (text) => (refuses(text) ? Promise.reject(new Error("internal error")) : Promise.resolve()),
    });
    const executable = await device.compile(twoSums());
    const bindings = {
      x: device.allocate("float32", 900),
      y: device.allocate("float32", 1),
      z: device.allocate("float32", 300),
    };
    await executable.run(bindings);
    // One workgroup for the sum of all; 300 columns are two of 256 invocations.
    expect(gpu.submits).toEqual([[1, 2]]);
  });

  it("has failed, with the compiler's words", async () => {
    const { device } = opened({ pipeline: () => Promise.reject(new Error("too many registers")) });
    await expect(device.compile(cubed(32))).rejects.toMatchObject({
      code: "DEVICE_FAILED",
      message: expect.stringContaining("too many registers"),
    });
  });
});
