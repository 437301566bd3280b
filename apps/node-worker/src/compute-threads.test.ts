import { type DeviceComputation, WorkerError } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import { openComputeThreads } from "./compute-threads.ts";
import { createCountingRun } from "./testing/counting-run.ts";

const run = createCountingRun(100, 4);
const SPAN = { step: 3, kind: "gradient", epoch: 0, start: 5, end: 96 } as const;

async function openThreads(threads: number): Promise<DeviceComputation> {
  const fetchBlob = (hash: string) => {
    const bytes = run.blobs.get(hash);
    return bytes === undefined
      ? Promise.reject(new WorkerError("BLOB_UNREACHABLE", `No ${hash}`))
      : Promise.resolve(bytes);
  };
  return openComputeThreads({ threads, backend: "reference", fetchBlob, shardCacheBytes: null, onBroken: () => {} });
}

async function prepare(computation: DeviceComputation): Promise<void> {
  await computation.prepare(run.welcome);
  const bytes = computation.allocate(16);
  await computation.setParameters(3, "float32", bytes);
}

function floats(bytes: Uint8Array | undefined): number[] {
  return [...new Float32Array((bytes ?? new Uint8Array(0)).slice().buffer)];
}

describe("compute threads", () => {
  it.each([1, 2, 3])("[L3] %i threads compute every sample of a lease once", async (threads) => {
    const computation = await openThreads(threads);
    try {
      await prepare(computation);
      // Twice: the sums of the first lease must not be in the second.
      for (let lease = 0; lease < 2; lease++) {
        const outcome = await computation.run(SPAN, 60_000);
        expect(outcome.microbatches).toBe(23);
        expect(floats(outcome.gradient?.bytes)).toEqual([91, 91, 91, 91]);
        expect(floats(outcome.sums)).toEqual([91, 91, 91]);
      }
    } finally {
      await computation.dispose();
    }
  });

  it("[L3] a lease whose time is up comes back as a prefix: one microbatch from one thread, a round from two", async () => {
    for (const [threads, microbatches] of [
      [1, 1],
      [2, 5],
    ] as const) {
      const computation = await openThreads(threads);
      try {
        await prepare(computation);
        const outcome = await computation.run(SPAN, 0);
        expect(outcome.microbatches).toBe(microbatches);
        expect(floats(outcome.sums)).toEqual(Array(3).fill(4 * microbatches));
      } finally {
        await computation.dispose();
      }
    }
  });

  it.each([1, 2])(
    "[L2] %i threads take a lease right behind its parameters, and one behind parameters that fail",
    async (threads) => {
      const computation = await openThreads(threads);
      try {
        await computation.prepare(run.welcome);
        const held = computation.setParameters(3, "float32", computation.allocate(16));
        const outcome = await computation.run(SPAN, 60_000);
        await held;
        expect(floats(outcome.sums)).toEqual([91, 91, 91]);
        const failing = computation.setParameters(4, "float32", computation.allocate(12));
        const lease = computation.run({ ...SPAN, step: 4 }, 60_000);
        await expect(failing).rejects.toMatchObject({ code: "CODEC_LENGTH" });
        await expect(lease).rejects.toMatchObject({ code: "STALE_STEP" });
      } finally {
        await computation.dispose();
      }
    },
  );

  it("[L2] errors keep their code on the way between the threads", async () => {
    const computation = await openThreads(1);
    try {
      await expect(computation.run(SPAN, 1_000)).rejects.toMatchObject({ code: "NOT_PREPARED" });
      await prepare(computation);
      await expect(computation.run({ ...SPAN, step: 4 }, 1_000)).rejects.toMatchObject({ code: "STALE_STEP" });
      const other = { ...run.welcome, manifest: "0".repeat(64) };
      await expect(computation.prepare(other)).rejects.toMatchObject({ code: "BLOB_UNREACHABLE" });
    } finally {
      await computation.dispose();
    }
  });

  it("[L7] a lease can be stopped while it is computed", async () => {
    const busy = createCountingRun(4_000, 4, 96);
    const fetchBlob = (hash: string) => Promise.resolve(busy.blobs.get(hash) ?? new Uint8Array(0));
    const computation = await openComputeThreads({
      threads: 2,
      backend: "reference",
      fetchBlob,
      shardCacheBytes: null,
      onBroken: () => {},
    });
    try {
      await computation.prepare(busy.welcome);
      await computation.setParameters(3, "float32", computation.allocate(16));
      const running = computation.run({ ...SPAN, start: 0, end: 4_000 }, 600_000);
      setTimeout(() => computation.stop(), 50);
      await expect(running).rejects.toMatchObject({ code: "LEASE_STOPPED" });
    } finally {
      await computation.dispose();
    }
  });

  it("says its arithmetic class, with the number of threads when there are several", async () => {
    const [one, two] = [await openThreads(1), await openThreads(2)];
    expect([one.arithmeticClass, two.arithmeticClass]).toEqual(["reference-float32", "reference-float32-t2"]);
    await Promise.all([one.dispose(), two.dispose()]);
  });
});
