import type { SessionEvent } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import type { ThreadMessage } from "../training-thread/messages.ts";
import { initialState, type JoinState, reduce } from "./join-state.ts";

const DESCRIPTION = { run: "r-1", name: "r", parameters: 10, step: 0, workers: 0, fields: [], dataBytes: null };
const DEVICE = { backend: "wasm", adapter: null, threads: 2 };

function after(...messages: readonly ThreadMessage[]): JoinState {
  let state = reduce(initialState(true), { type: "described", description: DESCRIPTION });
  state = reduce(state, { type: "started" });
  for (const message of messages) state = reduce(state, { type: "thread", message, nowMs: 10_000 });
  return state;
}

const session = (event: SessionEvent): ThreadMessage => ({ type: "session", event });
const JOINED: readonly ThreadMessage[] = [
  { type: "device", device: DEVICE, sentence: "Computing on the CPU" },
  session({ type: "connecting" }),
  session({ type: "joined", worker: "w1", run: "r-1", step: 3 }),
  { type: "setup", microbatch: 16, parameterBytes: 40 },
  session({ type: "ready", step: 3 }),
];
const computed = (lease: number, step: number, microbatches: number, leased = 16 * microbatches): ThreadMessage =>
  session({ type: "computed", lease, kind: "gradient", step, microbatches, leased, milliseconds: 100 });

const codes = (state: JoinState) => state.obstacles.map(({ code }) => code);

describe("the state of the page", () => {
  it("goes from the question what there is to training", () => {
    expect(initialState(true).phase).toBe("loading");
    expect(after().phase).toBe("opening");
    const phases = JOINED.map((_, count) => after(...JOINED.slice(0, count + 1)).phase);
    expect(phases).toEqual(["connecting", "connecting", "preparing", "preparing", "training"]);
    expect(after(...JOINED)).toMatchObject({ worker: "w1", step: 3, device: DEVICE });
  });

  it("counts samples when they are computed, and a step when its first contribution is sent", () => {
    const state = after(
      ...JOINED,
      computed(1, 3, 2),
      // Three microbatches and a quarter: the last one is padded.
      computed(2, 3, 4, 52),
      session({ type: "sent", lease: 1, bytes: 40 }),
      session({ type: "sent", lease: 2, bytes: 40 }),
      computed(3, 4, 1),
      session({ type: "sent", lease: 3, bytes: 40 }),
    );
    expect(state.progress).toEqual({
      steps: 2,
      contributions: 3,
      evaluations: 0,
      samples: 32 + 52 + 16,
      rejected: 0,
      bytesSent: 120,
      bytesReceived: 40,
    });
    expect(state.sinceMs).toBe(9_900);
  });

  it("counts programs and data that came as received, beside the parameters of each step", () => {
    const again = session({ type: "ready", step: 4 });
    const state = after({ type: "fetched", bytes: 7_000 }, ...JOINED, { type: "fetched", bytes: 500 }, again);
    expect(state.progress.bytesReceived).toBe(7_000 + 40 + 500 + 40);
  });

  it("forgets results that were not sent when a new thread takes over", () => {
    const state = after(...JOINED, computed(1, 3, 2));
    expect(state.waitingLeases.size).toBe(1);
    expect(reduce(state, { type: "started" }).waitingLeases.size).toBe(0);
  });

  it("counts evaluations apart, and what was rejected not at all as a step", () => {
    const state = after(
      ...JOINED,
      session({ type: "computed", lease: 1, kind: "evaluate", step: 3, microbatches: 1, leased: 16, milliseconds: 5 }),
      computed(2, 3, 1),
      session({ type: "rejected", lease: 2, code: "STALE_STEP", step: 4 }),
    );
    expect(state.progress).toMatchObject({ evaluations: 1, rejected: 1, steps: 0, contributions: 0 });
    expect(state.waitingLeases.size).toBe(0);
  });

  it("says that the connection is interrupted until it stands again", () => {
    const broken = after(...JOINED, session({ type: "disconnected", message: "gone", retryMilliseconds: 200 }));
    expect(broken.phase).toBe("waiting");
    expect(broken.obstacles).toEqual([{ code: "INTERRUPTED", detail: "gone" }]);
    const offline: ThreadMessage = { type: "obstacle", code: "OFFLINE", detail: "" };
    const back = session({ type: "joined", worker: "w2", run: "r-1", step: 5 });
    const lost = session({ type: "disconnected", message: "gone", retryMilliseconds: 200 });
    expect(codes(after(...JOINED, lost, offline, back))).toEqual([]);
  });

  it("ends with the run, with words for why", () => {
    const finished = after(...JOINED, {
      type: "ended",
      end: { reason: "finished", message: "all epochs", code: 4005 },
    });
    expect(finished).toMatchObject({ phase: "ended", device: null });
    expect(codes(finished)).toEqual(["FINISHED"]);
    const left = after(...JOINED, { type: "ended", end: { reason: "left", message: "stopped", code: null } });
    expect([left.phase, codes(left)]).toEqual(["ended", []]);
  });

  it("keeps one entry for each obstacle, the latest words with it, and forgets them all at a new start", () => {
    let state = after(
      { type: "obstacle", code: "DEVICE_MENDED", detail: "first" },
      { type: "obstacle", code: "DEVICE_MENDED", detail: "second" },
    );
    expect(state.obstacles).toEqual([{ code: "DEVICE_MENDED", detail: "second" }]);
    state = reduce(state, { type: "obstacle", code: "HIDDEN", detail: "" });
    for (const code of ["OFFLINE", "ON_BATTERY"] as const)
      state = reduce(state, { type: "obstacle", code, detail: "" });
    // What the device is in does not change with a new start.
    expect(codes(reduce(state, { type: "started" }))).toEqual(["HIDDEN", "OFFLINE", "ON_BATTERY"]);
  });

  it("says what became of a GPU that was lost, and when the processor goes on in its place", () => {
    const gpu = { backend: "webgpu", adapter: "GPU 1", threads: 1 };
    const opened: ThreadMessage = { type: "device", device: gpu, sentence: "Computing on the GPU GPU 1" };
    const again: ThreadMessage = { type: "device", device: gpu, sentence: "The GPU was lost, and was opened again" };
    const given: ThreadMessage = { type: "device", device: DEVICE, sentence: "The GPU was lost too often" };
    expect(after(opened).obstacles).toEqual([]);
    expect(after(opened, again).obstacles).toEqual([{ code: "DEVICE_MENDED", detail: again.sentence }]);
    expect(codes(after(opened, given))).toEqual(["GPU_GIVEN_UP"]);
    expect(after(opened, given).device).toEqual(DEVICE);
  });

  it("shows how far compiling is, until it is done", () => {
    expect(after({ type: "compiling", ready: 3, of: 9 }).compiling).toEqual({ ready: 3, of: 9 });
    expect(after({ type: "compiling", ready: 9, of: 9 }).compiling).toBeNull();
  });

  it("says when the coordinator does not describe its run, and that the screen cannot be kept on", () => {
    const silent = reduce(initialState(false), { type: "described", description: null });
    expect([silent.phase, codes(silent)]).toEqual(["consent", ["NO_DESCRIPTION"]]);
    const dark = reduce(silent, { type: "screenLock", state: "refused" });
    expect(codes(dark)).toEqual(["NO_DESCRIPTION", "NO_WAKE_LOCK"]);
    expect(codes(reduce(dark, { type: "screenLock", state: "held" }))).toEqual(["NO_DESCRIPTION"]);
  });

  it("a thread that is lost ends it", () => {
    const state = reduce(after(...JOINED), { type: "threadLost", code: "THREAD_LOST", detail: "out of memory" });
    expect([state.phase, codes(state)]).toEqual(["ended", ["THREAD_LOST"]]);
  });

  it("forgets the leases of a connection that broke: their ids are never used again", () => {
    const lost = session({ type: "disconnected", message: "gone", retryMilliseconds: 1 });
    expect([...after(computed(7, 3, 1)).waitingLeases]).toEqual([[7, 3]]);
    expect([...after(computed(7, 3, 1), lost).waitingLeases]).toEqual([]);
  });
});
