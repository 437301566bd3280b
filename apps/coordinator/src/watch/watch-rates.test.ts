import { performance } from "node:perf_hooks";
import type { RunView, WorkerView } from "@tributary/coordinator";
import { parseWatchMessage, type WatchMessage, type WatchUpdate } from "@tributary/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ComputeLink } from "../compute/compute-link.ts";
import { StillSocket } from "../testing/still-socket.ts";
import { createWatchDesk, type WatchedDeskOptions } from "./testing/watched-server.ts";

let nowMs = 0;

beforeEach(() => {
  nowMs = 0;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Lets time pass, in steps that are smaller than anything here waits for. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 5) {
    nowMs += 5;
    vi.advanceTimersByTime(5);
    await null;
  }
}

/** A desk and one who watches. */
function watching(options: WatchedDeskOptions = {}) {
  const { desk, commands } = createWatchDesk(options);
  const join = (role: "viewer" | "admin" = "viewer") => {
    const socket = new StillSocket();
    desk.add(socket.socket, role);
    const messages = (): WatchMessage[] => socket.sent.map((text) => parseWatchMessage(text));
    const updates = (): WatchUpdate[] => messages().flatMap((message) => (message.type === "update" ? [message] : []));
    const ask = (message: object) => socket.emit("message", Buffer.from(JSON.stringify(message)), false);
    return { socket, messages, updates, ask };
  };
  return { desk, commands, join, ...join() };
}

function worker(index: number): WorkerView {
  const figures = { threads: 1, lag: 0, accepted: 0, rejected: 0, stale: 0 };
  const words = { kind: "node", backend: "wasm", adapter: null, codec: "float32", state: "active" } as const;
  return { id: `secret-${index}`, name: `w${index}`, ...words, ...figures };
}

describe("how often a watcher is told", () => {
  it("[W4] is four times a second at most", async () => {
    const { updates, desk } = watching();
    await pass(5_000);
    expect(updates().length).toBeGreaterThanOrEqual(19);
    expect(updates().length).toBeLessThanOrEqual(20);
    desk.dispose();
  });

  it("[W4] is once a second where the table of workers has 256 rows, and never with a worker's own id", async () => {
    const workers = Array.from({ length: 256 }, (_, index) => worker(index));
    const { updates, messages, desk } = watching({ view: { workers } });
    await pass(10_000);
    expect(updates().length).toBeGreaterThanOrEqual(9);
    expect(updates().length).toBeLessThanOrEqual(10);
    expect(updates()[0]?.workers.map(({ name }) => name)).toEqual(workers.map(({ name }) => name));
    expect(JSON.stringify(messages())).not.toContain("secret-");
    desk.dispose();
  });

  it("[W4] of a run with more workers than are shown is of the first 320", async () => {
    const workers = Array.from({ length: 400 }, (_, index) => worker(index));
    const { messages, desk } = watching({ view: { workers } });
    const [snapshot] = messages();
    expect(snapshot?.type === "snapshot" ? snapshot.workers.length : null).toBe(320);
    desk.dispose();
  });

  it("[W4] of workers who went is of the latest 32, the latest first", async () => {
    let workers = Array.from({ length: 40 }, (_, index) => worker(index));
    const { desk, join } = watching({ view: () => ({ workers }) });
    const went = workers;
    workers = [];
    for (const { id, name } of went) desk.onEvent({ event: "worker", id, name, state: "left" });
    const [snapshot] = join().messages();
    const names = snapshot?.type === "snapshot" ? snapshot.workers.map(({ name }) => name) : [];
    expect([names.length, names[0], names.at(-1)]).toEqual([32, "w39", "w8"]);
    desk.dispose();
  });

  it("[W5] of the activations of a sample is once a second, though the model changes faster", async () => {
    let asked = 0;
    let step = 0;
    const view = (): Partial<RunView> => ({ step });
    // A model without layers answers each look at once; the type of a request's name is lost on the way.
    const request = (async (name: string) => {
      if (name === "activations") asked += 1;
      return { step, layers: [], probabilities: null };
    }) as ComputeLink["request"];
    const { ask, desk } = watching({ view, compute: { request } });
    ask({ type: "follow", request: 1, source: { sample: 0 } });
    for (let tick = 0; tick < 40; tick++) {
      step += 1;
      await pass(250);
    }
    // One at once, and then one for each of ten seconds; one may wait at the end.
    expect(asked).toBeGreaterThanOrEqual(9);
    expect(asked).toBeLessThanOrEqual(11);
    desk.dispose();
  });
});

describe("what a watcher is told", () => {
  it("[W4] of the confusion table is every new one, once; the run's own is not replaced by a judgement", async () => {
    let judged = 0;
    const part = { labels: Int32Array.of(0, 0, 0, 0), predicted: Int32Array.of(1, 1, 1, 1) };
    // The fake answers each request with that request's own output; the type of its name is lost on the way.
    const request = (async (name: string) => {
      if (name !== "judge") return null;
      judged += 1;
      return { step: 1, first: 0, ...part, probability: Float32Array.of(1, 1, 1, 1) };
    }) as ComputeLink["request"];
    const { updates, desk } = watching({ compute: { request } });
    const tables = () => updates().flatMap(({ confusion }) => (confusion === null ? [] : [confusion]));
    const epoch = { event: "epoch", epoch: 1, seconds: 1, trainLoss: 1, testLoss: 1 } as const;
    desk.onEvent(epoch);
    await pass(1_000);
    const looked = [
      [0, 4],
      [0, 0],
    ];
    expect(tables()).toMatchObject([{ step: 1, counts: looked, samples: 4 }]);
    const counts = [
      [3, 1],
      [0, 4],
    ];
    desk.onEvent({ ...epoch, epoch: 2, counts: { testConfusion: counts } });
    await pass(1_000);
    expect(judged).toBe(2);
    expect(tables().slice(1)).toMatchObject([{ counts, samples: 8 }]);
    desk.dispose();
  });

  it("[W3] of the learning rate is what it was and what it is, in the event log", async () => {
    let learningRateFactor = 1;
    const onCommand = () => {
      learningRateFactor = 0.5;
    };
    const { join, desk, commands } = watching({ view: () => ({ learningRateFactor }), onCommand });
    const admin = join("admin");
    admin.ask({ type: "command", request: 1, command: { command: "learningRateFactor", factor: 0.5 } });
    await pass(250);
    expect(commands).toEqual([{ command: "learningRateFactor", factor: 0.5 }]);
    expect(admin.updates()[0]?.events.map(({ text }) => text)).toEqual([
      "The learning rate was set on a dashboard to 0.5 times the schedule's, from the next update on; it was 1 times",
    ]);
    desk.dispose();
  });

  it("[W3] who asks for something when the run is over is told that it is over, an admin too", async () => {
    const never = new Promise<never>(() => {});
    const { join, desk, commands } = watching({ view: { step: 1, phase: "over" }, compute: { request: () => never } });
    const admin = join("admin");
    void desk.finish({ outcome: "stopped", reason: "" });
    admin.ask({ type: "command", request: 1, command: { command: "resume" } });
    admin.ask({ type: "sample", request: 2, index: 0 });
    const failed = admin.messages().filter(({ type }) => type === "failed");
    expect(failed).toMatchObject([
      { request: 1, code: "RUN_OVER" },
      { request: 2, code: "RUN_OVER" },
    ]);
    expect(commands).toEqual([]);
    desk.dispose();
  });
});

describe("a watcher who goes", () => {
  it("takes its wishes along that nobody has begun with", async () => {
    const asked: string[] = [];
    const opening = Promise.withResolvers<null>();
    // The fake answers each request with that request's own output; the type of its name is lost on the way.
    const request = (async (name: string, index: number) => {
      asked.push(name === "sample" ? `sample ${index}` : name);
      return name === "sample" ? { inputs: Uint8Array.of(1, 2), label: 0 } : opening.promise;
    }) as ComputeLink["request"];
    const { join, ask, messages, desk } = watching({ compute: { request } });
    ask({ type: "sample", request: 1, index: 1 });
    const other = join();
    other.ask({ type: "sample", request: 1, index: 2 });
    other.socket.emit("close", 1001);
    ask({ type: "sample", request: 2, index: 3 });
    opening.resolve(null);
    await vi.waitFor(() => expect(messages().filter(({ type }) => type === "sample")).toHaveLength(2), 60_000);
    expect(asked).toEqual(["openInspection", "sample 1", "sample 3"]);
    desk.dispose();
  });
});
