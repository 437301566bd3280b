import { open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { createTinyRun } from "../testing/tiny-run.ts";
import { ComputeThread } from "./compute-thread.ts";
import { ThreadHandle } from "./thread-handle.ts";
import type { FromThread, ToThread } from "./thread-messages.ts";
import { ThreadedComputation } from "./threaded-computation.ts";

const RUN = createTinyRun(40, 4);
const SPAN = { step: 3, kind: "gradient", epoch: 0, start: 0, end: 40 } as const;

/**
 * A thread of this process that shares no memory: what is said to it and what it says is copied or moved, as between the
 * threads of a browser, and comes later.
 */
async function openThread(breathe: () => Promise<void>): Promise<ThreadHandle> {
  const late: ((message: ToThread) => void)[] = [];
  const handle = new ThreadHandle(
    {
      post: (message, transfer) => {
        const moved = structuredClone(message, { transfer: [...transfer] });
        setTimeout(() => late[0]?.(moved), 0);
      },
      close: () => {},
    },
    RUN.fetchBlob,
  );
  const thread = new ComputeThread({
    device: await open("reference"),
    say: (message: FromThread, transfer) => {
      const moved = structuredClone(message, { transfer: [...transfer] });
      setTimeout(() => handle.receive(moved), 0);
    },
    now: () => 0,
    crc32,
    shardCacheBytes: null,
    stopFlag: null,
    breathe,
  });
  late.push((message) => thread.receive(message));
  return handle;
}

async function openWithoutSharing(threads: number, breathe: () => Promise<void> = async () => {}) {
  const handles = await Promise.all(Array.from({ length: threads }, () => openThread(breathe)));
  const computation = await ThreadedComputation.open({ handles, now: () => 0, shared: null, end: async () => {} });
  await computation.prepare(RUN.welcome);
  const bytes = computation.allocate(20);
  bytes.set(new Uint8Array(new Float32Array([1, 2, 0, 0, 0.5]).buffer));
  await computation.setParameters(3, "float32", bytes);
  return computation;
}

function floats(bytes: Uint8Array | undefined): number[] {
  return [...new Float32Array((bytes ?? new Uint8Array(0)).slice().buffer)];
}

describe("compute threads that share no memory", () => {
  it.each([1, 2, 3])("[L3] %i of them compute every sample of a lease once, again and again", async (threads) => {
    const computation = await openWithoutSharing(threads);
    for (let lease = 0; lease < 2; lease++) {
      const { microbatches, gradient, sums } = await computation.run(SPAN, 60_000);
      expect(microbatches).toBe(20);
      // x is (10 i, 1): the sums over 40 samples are 7800 and 40; the indices add up to 780; 3 + 3 + 0.5 a microbatch.
      expect(floats(gradient?.bytes)).toEqual([7_800, 40, 780, 130]);
      // The loss is 1 x0 + 2 x1.
      expect(floats(sums)).toEqual([7_880, 40, 40]);
    }
    await computation.dispose();
  });

  it("[L7] a lease can be stopped, because they breathe between microbatches", async () => {
    let breaths = 0;
    const breathe = () =>
      new Promise<void>((resolve) => {
        breaths += 1;
        setTimeout(resolve, 1);
      });
    const computation = await openWithoutSharing(2, breathe);
    const running = computation.run(SPAN, 60_000);
    setTimeout(() => computation.stop(), 0);
    await expect(running).rejects.toMatchObject({ code: "LEASE_STOPPED" });
    expect(breaths).toBeLessThan(20);
    const { microbatches } = await computation.run(SPAN, 60_000);
    expect(microbatches).toBe(20);
    await computation.dispose();
  });

  it("say what they compute on, as several of a kind", async () => {
    const [one, two] = [await openWithoutSharing(1), await openWithoutSharing(2)];
    expect([one.arithmeticClass, two.arithmeticClass]).toEqual(["reference-float32", "reference-float32-t2"]);
    expect(two.backend).toBe("reference");
    await Promise.all([one.dispose(), two.dispose()]);
  });

  it("are needed", async () => {
    const opening = ThreadedComputation.open({ handles: [], now: () => 0, shared: null, end: async () => {} });
    await expect(opening).rejects.toMatchObject({ code: "THREAD_FAILED" });
  });
});
