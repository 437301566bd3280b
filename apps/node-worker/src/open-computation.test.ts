import type { MachineFiles } from "@tributary/kernels";
import { type DeviceEvent, WorkerError } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import { openComputation } from "./open-computation.ts";
import { createCountingRun } from "./testing/counting-run.ts";

const run = createCountingRun(100, 4);
const SPAN = { step: 3, kind: "gradient", epoch: 0, start: 5, end: 96 } as const;
/** Milliseconds: opening a GPU in software and compiling for it takes its time on a busy machine. */
const TIMEOUT_MS = 600_000;
const hasGpu = process.env["SWIFTSHADER_FOLDER"] !== undefined;

/** A Linux without Vulkan. */
const BARE: MachineFiles = {
  platform: "linux",
  variables: {},
  home: "/people/ada",
  exists: () => false,
  namesIn: () => [],
  textOf: () => null,
};

async function open(backend: "auto" | "wasm" | "webgpu", machine?: MachineFiles) {
  const events: DeviceEvent[] = [];
  const computation = await openComputation({
    backend,
    threads: 2,
    fetchBlob: (hash) => {
      const bytes = run.blobs.get(hash);
      if (bytes === undefined) return Promise.reject(new WorkerError("BLOB_UNREACHABLE", `No ${hash}`));
      return Promise.resolve(bytes);
    },
    shardCacheBytes: null,
    onEvent: (event) => events.push(event),
    onBroken: (error) => {
      throw error;
    },
    ...(machine === undefined ? {} : { machine }),
  });
  return { computation, events };
}

describe("what a Node worker computes with", () => {
  it("auto takes no GPU that is a program on the CPU, and says so", async () => {
    const { computation, events } = await open("auto");
    expect(computation).toMatchObject({ backend: "wasm", adapter: null });
    expect(computation.arithmeticClass).toMatch(/^wasm.*-t2$/);
    expect(events).toEqual([
      { type: "device", backend: "wasm", adapter: null, sentence: expect.stringMatching(/, so the CPU is used$/) },
    ]);
    await computation.dispose();
  });

  it("without Vulkan, auto takes the CPU and says why; webgpu by name says how to get it", async () => {
    const { computation, events } = await open("auto", BARE);
    expect(computation.backend).toBe("wasm");
    expect(events.map(({ sentence }) => sentence)).toEqual([
      "This machine has no Vulkan (libvulkan.so.1 is not installed), so the CPU is used",
    ]);
    await computation.dispose();
    await expect(open("webgpu", BARE)).rejects.toMatchObject({
      code: "BACKEND_UNAVAILABLE",
      message: expect.stringMatching(/libvulkan1.*or use the backend wasm$/),
    });
  });

  it("wasm is taken without a word about GPUs", async () => {
    const { computation, events } = await open("wasm");
    expect(events.map(({ sentence }) => sentence)).toEqual(["Computing on the CPU"]);
    await computation.dispose();
  });

  it.skipIf(!hasGpu)(
    "webgpu by name takes even one in software, on a single thread, and says that it is slow",
    { timeout: TIMEOUT_MS },
    async () => {
      const { computation, events } = await open("webgpu");
      expect(computation.backend).toBe("webgpu");
      expect(computation.adapter).toContain("swiftshader");
      expect(events.map(({ sentence }) => sentence)).toEqual([
        expect.stringContaining("the backend wasm is faster"),
        expect.stringContaining("Computing on the GPU swiftshader"),
      ]);
      await computation.prepare(run.welcome);
      await computation.setParameters(3, "float32", computation.allocate(16));
      const outcome = await computation.run(SPAN, 600_000);
      expect(outcome.microbatches).toBe(23);
      // Loss, weight and samples: 91 samples, each counted once.
      expect(new Float32Array(outcome.sums.slice().buffer)[2]).toBe(91);
      await computation.dispose();
    },
  );
});
