import { createProgram, GraphBuilder, type Program } from "@tributary/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findAdapter, gpuFeaturesOf } from "./find-adapter.ts";
import { LEAST_FEATURES } from "./testing/least-features.ts";
import { WebGpuDevice } from "./webgpu-device.ts";
import { planProgram } from "./webgpu-program.ts";

/** Fewer than any adapter has, so that small programs come to the limit. */
const STORAGE_BUFFERS = 4;

/** y = a + b + c + d + e, and a in place of its own elements doubled. */
function sumOfFive(): Program {
  const builder = new GraphBuilder();
  const names = ["a", "b", "c", "d", "e"];
  const inputs = names.map((_, index) => builder.input({ dtype: index === 4 ? "uint8" : "float32", shape: [5] }));
  const last = builder.add("cast", { dtype: "float32" }, [inputs[4]]);
  const sum = [...inputs.slice(1, 4), last].reduce((total, id) => builder.add("add", {}, [total, id]), inputs[0]);
  const doubled = builder.add("add", {}, [inputs[0], inputs[0]]);
  return createProgram({
    name: "five",
    graph: builder.build([sum, doubled]),
    inputs: names,
    outputs: [{ name: "y" }, { name: "twice", replaces: "a" }],
  });
}

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)(
  "a kernel with more buffers than a dispatch may bind",
  () => {
    let device: WebGpuDevice;

    beforeAll(async () => {
      const { gpu, adapter, name, descriptor } = await findAdapter({ allowSoftware: true });
      const opened = await adapter.requestDevice(descriptor);
      const features = { ...gpuFeaturesOf(opened), storageBuffers: STORAGE_BUFFERS };
      device = new WebGpuDevice({ gpu, device: opened, features, adapterName: name });
    });

    afterAll(() => device.dispose());

    it("finds some of them in the arena", () => {
      const features = { ...LEAST_FEATURES, storageBuffers: STORAGE_BUFFERS };
      const { dispatches } = planProgram(sumOfFive(), features);
      for (const { bindings } of dispatches) expect(bindings.length).toBeLessThanOrEqual(STORAGE_BUFFERS);
      expect(planProgram(sumOfFive(), LEAST_FEATURES).dispatches).toHaveLength(1);
    });

    it("computes the same", async () => {
      const buffers = Object.fromEntries(
        ["a", "b", "c", "d", "y"].map((name) => [name, device.allocate("float32", 5)]),
      );
      const e = device.allocate("uint8", 5);
      for (const [index, name] of ["a", "b", "c", "d"].entries()) {
        await device.write(
          buffers[name],
          Float32Array.from({ length: 5 }, (_, i) => 10 ** index * (i + 1)),
        );
      }
      await device.write(e, Uint8Array.of(0, 0, 0, 0, 255));
      const executable = await device.compile(sumOfFive());
      await executable.run({ ...buffers, e });
      expect([...(await device.read(buffers.y))]).toEqual([1111, 2222, 3333, 4444, 5555 + 255]);
      expect([...(await device.read(buffers.a))]).toEqual([2, 4, 6, 8, 10]);
    });
  },
);
