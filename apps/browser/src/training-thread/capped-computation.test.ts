import type { Clock, Computation, LeaseOutcome, RunSetup } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import { CappedComputation, restMilliseconds } from "./capped-computation.ts";

const SPAN = { step: 0, kind: "gradient", epoch: 0, start: 0, end: 8 } as const;
const SETUP: RunSetup = {
  run: "r",
  programs: { gradient: "a".repeat(64), evaluate: null },
  variants: [],
  manifest: "b".repeat(64),
  microbatch: 4,
  codec: "float32",
  seed: 1,
  layout: { hash: "c".repeat(64), parameterLength: 2, trainableLength: 2, statisticsLength: 0, bufferLength: 0 },
};

/** A device that is busy for 100 ms with every microbatch, one or more a lease, on a clock that only it and the rests move. */
function bench(share: number, microbatches = 1) {
  let nowMs = 0;
  const rests: number[] = [];
  const asked: string[] = [];
  let finishRest: (() => void) | null = null;
  let isHeld = false;
  const clock: Clock = {
    now: () => nowMs,
    after: (milliseconds, callback) => {
      rests.push(milliseconds);
      finishRest = () => {
        nowMs += milliseconds;
        callback();
      };
      if (!isHeld) queueMicrotask(finishRest);
      return () => {};
    },
  };
  const computation: Computation = {
    prepare: async () => {},
    allocate: (byteLength) => new Uint8Array(byteLength),
    setParameters: async () => {},
    run: async (_, milliseconds, breathe): Promise<LeaseOutcome> => {
      asked.push(`run ${milliseconds}`);
      const begunMs = nowMs;
      for (let done = 0; done < microbatches; done++) {
        if (done > 0) await breathe?.();
        nowMs += 100;
      }
      return { microbatches, milliseconds: nowMs - begunMs, gradient: null, sums: new Uint8Array(4) };
    },
    release: () => {},
    stop: () => void asked.push("stop"),
    dispose: async () => {},
  };
  const prepared: number[] = [];
  const capped = new CappedComputation({
    computation,
    clock,
    share,
    onPrepared: ({ microbatch }) => prepared.push(microbatch),
  });
  const hold = () => {
    isHeld = true;
  };
  return { capped, rests, asked, prepared, hold };
}

describe("the rest of a device", () => {
  it.each([
    [100, 1, 0],
    [100, 0.5, 100],
    [100, 0.1, 900],
    [30, 0.75, 10],
  ])("is, after %i ms of work at a share of %f, %i ms", (busy, share, rest) => {
    expect(restMilliseconds(busy, share)).toBeCloseTo(rest, 9);
  });
});

describe("a capped computation", () => {
  it("does not rest at a share of 1", async () => {
    const { capped, rests } = bench(1);
    const first = await capped.run(SPAN, 1_000);
    await capped.run(SPAN, 1_000);
    expect(rests).toEqual([]);
    expect(first.milliseconds).toBe(100);
  });

  it("gives a result out at once, rests before the next lease, and counts the rest in the time it names", async () => {
    const { capped, rests, asked } = bench(0.25);
    const first = await capped.run(SPAN, 1_000);
    expect(first.milliseconds).toBe(400);
    expect(rests).toEqual([]);
    await capped.run(SPAN, 1_000);
    expect(rests).toEqual([300]);
    // The lease's own time went on while the device rested.
    expect(asked).toEqual(["run 1000", "run 700"]);
  });

  it("rests between the microbatches of a lease too, so that whoever uses the device never waits for a whole lease", async () => {
    const { capped, rests, asked } = bench(0.25, 3);
    // 3 times 100 ms of work and 2 times 300 ms of rest; the third rest is before the next lease.
    expect((await capped.run(SPAN, 10_000)).milliseconds).toBe(1_200);
    expect(rests).toEqual([300, 300]);
    await capped.run(SPAN, 10_000);
    expect(rests).toEqual([300, 300, 300, 300, 300]);
    expect(asked).toEqual(["run 10000", "run 9700"]);
  });

  it("ends a rest between microbatches when the lease is stopped, and leaves the rest to whoever computes", async () => {
    const { capped, asked, hold } = bench(0.5, 2);
    hold();
    const running = capped.run(SPAN, 1_000);
    await Promise.resolve();
    capped.stop();
    await running;
    expect(asked).toEqual(["run 1000", "stop"]);
  });

  it("a lease can be stopped while the device rests", async () => {
    const { capped, asked, hold } = bench(0.5);
    await capped.run(SPAN, 1_000);
    hold();
    const resting = capped.run(SPAN, 1_000);
    capped.stop();
    await expect(resting).rejects.toMatchObject({ code: "LEASE_STOPPED" });
    expect(asked).toEqual(["run 1000", "stop"]);
  });

  it("a larger share ends a rest", async () => {
    const { capped, asked, hold } = bench(0.5);
    await capped.run(SPAN, 1_000);
    hold();
    const resting = capped.run(SPAN, 1_000);
    capped.setShare(1);
    await resting;
    expect(asked).toEqual(["run 1000", "run 1000"]);
  });

  it("a smaller share counts from the next lease on", async () => {
    const { capped, rests } = bench(1);
    await capped.run(SPAN, 1_000);
    capped.setShare(0.25);
    expect((await capped.run(SPAN, 1_000)).milliseconds).toBe(400);
    await capped.run(SPAN, 1_000);
    expect(rests).toEqual([300]);
  });

  it("ends a rest when it is disposed of: nobody waits for a device that is gone", async () => {
    const { capped, hold } = bench(0.5);
    await capped.run(SPAN, 1_000);
    hold();
    const resting = capped.run(SPAN, 1_000);
    await capped.dispose();
    await expect(resting).rejects.toMatchObject({ code: "LEASE_STOPPED" });
  });

  it("tells what was made ready", async () => {
    const { capped, prepared } = bench(1);
    await capped.prepare(SETUP);
    expect(prepared).toEqual([4]);
  });
});
