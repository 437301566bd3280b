import { open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import { type Clock, type DeviceEvent, LocalComputation, ResilientComputation } from "@tributary/worker";
import { crossEntropy, defineRun, digits, Flatten, Linear, ReLU, Sequential, sgd } from "tributary";
import { describe, expect, it } from "vitest";
import { LeaseBench, leaseSpan, relativeDifference } from "./lease-bench.ts";
import { WatchedGpu } from "./watched-gpu.ts";

const RUN = defineRun({
  name: "watched",
  model: () => new Sequential(new Flatten(), new Linear(784, 24), new ReLU(), new Linear(24, 10)),
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.1 }),
  data: digits({ train: 256, test: 64 }),
  batchSize: 128,
  microbatch: 64,
  epochs: 1,
});
/** Milliseconds: a GPU in software compiles slowly on a busy machine; and no lease is late. */
const TIMEOUT_MS = 1_800_000;
/** Parameters take 76,368 bytes, so do sums; the inputs of a microbatch as float32, which are one tensor, 200,704 bytes, and those of a part half of that. */
const REACH = { bindingBytes: 150_000, bufferBytes: 2 ** 28 };
/** Three whole microbatches and a short one. */
const SPAN = leaseSpan(5, 200);

const CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

async function openOn(watched: WatchedGpu, bench: LeaseBench) {
  const events: DeviceEvent[] = [];
  const { fetchBlob } = bench;
  const local = async (backend: "webgpu" | "wasm") => {
    const device = await open(backend, backend === "webgpu" ? { gpu: watched.gpu, allowSoftware: true } : {});
    return new LocalComputation({ device, fetchBlob, clock: CLOCK, crc32 });
  };
  const computation = await ResilientComputation.open({
    openGpu: () => local("webgpu"),
    openCpu: () => local("wasm"),
    clock: CLOCK,
    onEvent: (event) => events.push(event),
  });
  return { computation, events };
}

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("a real device", { timeout: TIMEOUT_MS }, () => {
  it("that is destroyed in the middle of a lease: a new one computes the same lease to the same bits, three times the CPU", async () => {
    const bench = await LeaseBench.create(RUN, "float16");
    const watched = new WatchedGpu();
    const { computation, events } = await openOn(watched, bench);
    await computation.prepare(bench.setup);
    await bench.hold(computation, 0);
    const undisturbed = bench.sumsOf(await computation.run(SPAN, TIMEOUT_MS));
    for (const devices of [2, 3]) {
      const running = computation.run(SPAN, TIMEOUT_MS);
      watched.destroyLast();
      const outcome = await running;
      expect(outcome.microbatches).toBe(4);
      expect(bench.sumsOf(outcome)).toEqual(undisturbed);
      expect(watched.devices.length).toBe(devices);
    }
    watched.destroyLast();
    await expect(computation.run(SPAN, TIMEOUT_MS)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(events.map(({ backend }) => backend)).toEqual(["webgpu", "webgpu", "webgpu", "wasm"]);
    expect(events.at(-1)?.sentence).toContain("for the third time within ten minutes: the CPU is used");
    await bench.hold(computation, 0);
    const onCpu = bench.sumsOf(await computation.run(SPAN, TIMEOUT_MS));
    // Both were rounded to float16, whose steps are 2^-11 of the value.
    expect(relativeDifference(onCpu, undisturbed)).toBeLessThan(2 ** -11);
    await computation.dispose();
  });

  it("that reaches too little memory computes microbatches in parts, with the same gradient", async () => {
    const bench = await LeaseBench.create(RUN, "float32");
    const whole = await openOn(new WatchedGpu(), bench);
    await whole.computation.prepare(bench.setup);
    await bench.hold(whole.computation, 0);
    const expected = bench.sumsOf(await whole.computation.run(SPAN, TIMEOUT_MS));
    await whole.computation.dispose();

    const { computation, events } = await openOn(new WatchedGpu(REACH), bench);
    await expect(computation.prepare(bench.setup)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(events.at(-1)?.sentence).toContain("computed in 2 parts");
    expect(computation.arithmeticClass).toMatch(/-m2$/);
    await computation.prepare(bench.setup);
    await bench.hold(computation, 0);
    const outcome = await computation.run(SPAN, TIMEOUT_MS);
    expect(outcome.microbatches).toBe(4);
    expect(relativeDifference(bench.sumsOf(outcome), expected)).toBeLessThan(1e-6);
    await computation.dispose();
  });
});
