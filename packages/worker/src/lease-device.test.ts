import { type Backend, open } from "@tributary/kernels";
import { CODECS, crc32, float16Codec, float32Codec } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import type { LeaseSpan } from "./computation.ts";
import { LeaseRunner } from "./lease-runner.ts";
import { LocalComputation } from "./local-computation.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { settle } from "./testing/session-bench.ts";
import { createTinyRun } from "./testing/tiny-run.ts";
import { tinySamples } from "./testing/tiny-samples.ts";
import { watchedDevice } from "./testing/watched-device.ts";

const TRAIN = 12;
const run = createTinyRun(TRAIN, 5);
// p = [1, 2, 0, 0], b = [0.5].
const PARAMETERS = new Uint8Array(new Float32Array([1, 2, 0, 0, 0.5]).buffer);
const GRADIENT: LeaseSpan = { step: 4, kind: "gradient", epoch: 1, start: 0, end: 4 };

async function opened(backend: Backend = "reference") {
  return watchedDevice(await open("reference"), backend);
}

async function computing(backend: Backend, codec: string) {
  const { device, watch } = await opened(backend);
  const clock = new ManualClock();
  const computation = new LocalComputation({ device, fetchBlob: run.fetchBlob, clock, crc32 });
  await computation.prepare({ ...run.welcome, codec });
  await computation.setParameters(4, "float32", PARAMETERS.slice());
  return { computation, watch };
}

/** What the first four samples of an epoch add up to. */
function sumsOf(epoch: number): { readonly x0: number; readonly index: number } {
  const samples = tinySamples(run.welcome.seed, TRAIN, { epoch, start: 0, end: 4 });
  return samples.reduce((sum, { x0, index }) => ({ x0: sum.x0 + x0, index: sum.index + index }), { x0: 0, index: 0 });
}

describe("the gradient of a lease", () => {
  // Whole numbers below 2048 are float16 numbers of whatever scale.
  it.each([
    ["reference", "float32", 16],
    ["reference", "float16", float16Codec.encodedByteLength(4)],
    ["webgpu", "float32", 16],
    ["webgpu", "float16", float16Codec.encodedByteLength(4)],
  ] as const)("[K3] computed on %s leaves in the run's codec, %s: %i bytes", async (backend, codec, byteLength) => {
    const { computation } = await computing(backend, codec);
    const { gradient, sums } = await computation.run(GRADIENT, 1_000);
    const { x0, index } = sumsOf(1);
    const bytes = gradient?.bytes ?? new Uint8Array(0);
    const values = new Float32Array(4);
    CODECS.get(codec)?.decode(bytes, values);
    // Two microbatches each add step 4 + seed's low word 3 + b 0.5 = 7.5.
    expect([...values]).toEqual([x0, 4, index, 15]);
    expect([bytes.byteLength, gradient?.crc32]).toEqual([byteLength, crc32(bytes)]);
    // x . p = x0 + 2 each, the sum of the weights, and samples.
    expect([...new Float32Array(sums.slice().buffer)]).toEqual([x0 + 8, 4, 4]);
  });
});

describe("a lease on a device", () => {
  it("[L1] takes the samples of its own epoch, whichever lease was before it", async () => {
    const { computation } = await computing("reference", "float32");
    // Otherwise nothing would be seen of the order.
    expect(sumsOf(2)).not.toEqual(sumsOf(1));
    for (const epoch of [1, 2, 1]) {
      const { gradient } = await computation.run({ ...GRADIENT, epoch }, 1_000);
      const values = new Float32Array(4);
      float32Codec.decode(gradient?.bytes ?? new Uint8Array(0), values);
      expect([values[0], values[2]]).toEqual([sumsOf(epoch).x0, sumsOf(epoch).index]);
    }
  });

  it("[L2] waits for parameters that are still on their way to the device", async () => {
    const { computation, watch } = await computing("reference", "float32");
    const way = Promise.withResolvers<void>();
    watch.beforeWrite = () => way.promise;
    const holding = computation.setParameters(5, "float32", PARAMETERS.slice());
    const running = computation.run({ ...GRADIENT, step: 5 }, 1_000);
    await settle();
    way.resolve();
    await holding;
    expect((await running).microbatches).toBe(2);
  });

  it("[L2] is refused after parameters of which only some reached the device", async () => {
    const { device, watch } = await opened();
    const runner = await LeaseRunner.create(device, run.welcome, run.fetchBlob);
    await runner.setParameters(4, "float32", PARAMETERS);
    // The last to be written are the buffers, of which there is one.
    watch.beforeWrite = ({ length }) => {
      if (length === 1) throw new Error("The device is gone");
    };
    await expect(runner.setParameters(5, "float32", PARAMETERS)).rejects.toThrow("gone");
    expect(runner.step).toBe(null);
    await expect(runner.accumulate(GRADIENT, 0, 1, () => false)).rejects.toMatchObject({ code: "STALE_STEP" });
  });
});

describe("a device's memory", () => {
  it("is given back where a run cannot be made ready: the device may be asked for a smaller one", async () => {
    const { device, watch } = await opened();
    watch.beforeCompile = (name) => {
      if (name === "evaluate") throw new Error("Out of memory");
    };
    await expect(LeaseRunner.create(device, run.welcome, run.fetchBlob)).rejects.toThrow("Out of memory");
    expect(watch.held).toBe(0);
  });

  it("of one run is given back before that of the next is taken, and all of it with the computation", async () => {
    const { computation, watch } = await computing("reference", "float32");
    const { held } = watch;
    expect(held).toBeGreaterThan(0);
    await computation.prepare(run.welcome);
    expect(watch.held).toBe(held);
    await computation.dispose();
    expect([watch.held, watch.isDisposed]).toEqual([0, true]);
  });
});
