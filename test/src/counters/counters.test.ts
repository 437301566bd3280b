import { type Device, type DeviceBuffer, open } from "@tributary/kernels";
import { elementCount, type Program } from "@tributary/program";
import { crc32 } from "@tributary/protocol";
import { LocalComputation } from "@tributary/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countersOf, LeaseBench, leaseSpan } from "../gpu/lease-bench.ts";
import { blockProgram, LENET, SEQUENCES, stepOf } from "./works.ts";

/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 1_800_000;

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)(
  "what the GPU is asked for",
  { timeout: TIMEOUT_MS },
  () => {
    let device: Device;

    beforeAll(async () => {
      device = await open("webgpu", { allowSoftware: true });
    }, TIMEOUT_MS);

    afterAll(() => device.dispose());

    /** What a device counts while a program runs for the second time. */
    async function countsOf(program: Program) {
      const executable = await device.compile(program);
      const bindings: Record<string, DeviceBuffer> = {};
      for (const { name, dtype, shape } of [...program.inputs, ...program.outputs]) {
        bindings[name] ??= device.allocate(dtype, elementCount(shape));
      }
      await executable.run(bindings);
      const before = countersOf(device);
      await executable.run(bindings);
      const after = countersOf(device);
      executable.dispose();
      for (const buffer of Object.values(bindings)) buffer.dispose();
      const { submits, dispatches, readbacks } = after;
      return {
        submits: submits - before.submits,
        dispatches: dispatches - before.dispatches,
        readbacks: readbacks - before.readbacks,
      };
    }

    it.each([
      ["a step of LeNet with Adam", () => stepOf(LENET), 30],
      ["a step of an LSTM over 50 times with Adam", () => stepOf(SEQUENCES), 40],
      ["a transformer block, forward and backward,", async () => blockProgram(), 30],
    ])("%s is one submit", async (_, trace, dispatchesMax) => {
      const { submits, dispatches, readbacks } = await countsOf(await trace());
      expect({ submits, readbacks }).toEqual({ submits: 1, readbacks: 0 });
      expect(dispatches).toBeGreaterThan(0);
      expect(dispatches).toBeLessThanOrEqual(dispatchesMax);
    });

    it("a lease is a submit a microbatch, one to pack the gradient, and one reading of half the gradient's bytes", async () => {
      const bench = await LeaseBench.create(LENET, "float16");
      const own = await open("webgpu", { allowSoftware: true });
      const clock = { now: () => 0, after: () => () => {} };
      const computation = new LocalComputation({ device: own, fetchBlob: bench.fetchBlob, clock, crc32 });
      await computation.prepare(bench.setup);
      await bench.hold(computation, 0);
      const before = countersOf(own);
      await computation.run(leaseSpan(0, 128), TIMEOUT_MS);
      const after = countersOf(own);
      expect([after.submits - before.submits, after.readbacks - before.readbacks]).toEqual([2 + 1, 1]);
      // 61,706 parameters, each tensor padded to 4 of them, as float16; one scale; loss, weight and samples as float32.
      expect(after.bytesRead - before.bytesRead).toBe(2 * (61_706 + 6) + 4 + 12);
      await computation.dispose();
    });
  },
);
