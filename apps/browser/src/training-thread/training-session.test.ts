import type { DeviceComputation, LeaseOutcome } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import type { StartSettings, ThreadMessage } from "./messages.ts";
import { SocketConnector } from "./socket-connector.ts";
import { HandClock } from "./testing/hand-clock.ts";
import { PlayedCoordinator } from "./testing/played-coordinator.ts";
import { TrainingLoop } from "./training-loop.ts";

const SETTINGS: StartSettings = {
  socketUrl: "ws://h:1/socket",
  blobUrl: "http://h:1/blobs/",
  token: null,
  name: "Ada",
  backend: "auto",
  cap: { share: 1, threads: 3 },
  run: "r-agreed",
  resume: null,
};

interface BenchOptions {
  readonly backend?: "wasm" | "webgpu";
  readonly settings?: Partial<StartSettings>;
  /** Awaited by each opening of a device. */
  readonly opening?: Promise<void>;
  readonly disposal?: Promise<void>;
  /** HTTP status of the coordinator's server. */
  readonly askStatus?: () => Promise<number | null>;
}

function bench(options: BenchOptions = {}) {
  const { backend = "wasm", settings = {}, opening, disposal, askStatus = async () => 404 } = options;
  const posted: ThreadMessage[] = [];
  /** Of each lease that was computed: whether the device was to rest between microbatches. */
  const rests: boolean[] = [];
  /** Threads of each device that was opened. */
  const opened: number[] = [];
  const clock = new HandClock();
  const coordinator = new PlayedCoordinator();
  const computation: DeviceComputation = {
    backend,
    arithmeticClass: backend,
    adapter: null,
    prepare: async () => {},
    allocate: (byteLength) => new Uint8Array(byteLength),
    setParameters: async () => {},
    run: async (_, __, breathe): Promise<LeaseOutcome> => {
      rests.push(breathe !== undefined);
      return { microbatches: 2, milliseconds: 1, gradient: null, sums: new Uint8Array(12) };
    },
    release: () => {},
    stop: () => {},
    dispose: () => disposal ?? Promise.resolve(),
  };
  const given = { ...SETTINGS, ...settings };
  const createSocket = () => coordinator.open();
  const loop = new TrainingLoop({
    settings: given,
    post: (message) => posted.push(message),
    clock,
    random: () => 0,
    connector: new SocketConnector({ ...given, clock, createSocket, askStatus }),
    askStatus,
    open: async ({ threads, onDevice }) => {
      opened.push(threads);
      await opening;
      onDevice({ type: "device", backend, adapter: null, sentence: "Computing" });
      return computation;
    },
  });
  const types = () => posted.map((message) => (message.type === "session" ? message.event.type : message.type));
  return { loop, posted, types, rests, opened, clock, coordinator, running: loop.run() };
}

/** Lets everything that is ready to happen, happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve();
}

describe("what a tab says of itself", () => {
  it.each([
    ["wasm", 3],
    ["webgpu", 1],
  ] as const)("[J1] on %s it is its name, the run that was agreed to, and %i threads", async (backend, threads) => {
    const { coordinator, posted } = bench({ backend });
    await settle();
    expect(coordinator.hellos).toMatchObject([
      { name: "Ada", kind: "tab", run: "r-agreed", backend, threads, resume: null },
    ]);
    expect(posted[0]).toMatchObject({ type: "device", device: { backend, threads } });
  });

  it("[J5] goes on after a pause as the worker that it was, in the run that it was in", async () => {
    const { loop, coordinator } = bench({ settings: { run: null } });
    await settle();
    coordinator.welcome();
    await settle();
    loop.receive({ type: "pause", reason: "person" });
    await settle();
    loop.receive({ type: "resume" });
    await settle();
    expect(coordinator.hellos.map(({ run, resume }) => [run, resume])).toEqual([
      [null, null],
      ["r-1", "w1"],
    ]);
  });
});

describe("the share of the device", () => {
  it.each([
    [1, false],
    [0.5, true],
  ])("of %d from the start on: it rests between microbatches, %s", async (share, expected) => {
    const { coordinator, rests } = bench({ settings: { cap: { share, threads: 3 } } });
    await settle();
    coordinator.welcome();
    coordinator.lease(1);
    await settle();
    expect(rests).toEqual([expected]);
  });

  it("that is made smaller meanwhile counts from the next lease on, without another device or connection", async () => {
    const { loop, coordinator, rests } = bench();
    await settle();
    coordinator.welcome();
    coordinator.lease(1);
    await settle();
    loop.receive({ type: "cap", cap: { share: 0.5, threads: 3 } });
    coordinator.lease(2);
    await settle();
    expect([rests, coordinator.sockets]).toEqual([[false, true], 1]);
  });
});

describe("a page that changes its mind while the device is opened", () => {
  it.each([
    ["pauses", { type: "pause", reason: "person" }, "paused"],
    ["stops", { type: "stop" }, "ended"],
  ] as const)("%s: nothing is connected to", async (_, message, last) => {
    const opening = Promise.withResolvers<void>();
    const { loop, types, coordinator } = bench({ opening: opening.promise });
    await settle();
    loop.receive(message);
    opening.resolve();
    await settle();
    expect([types().at(-1), coordinator.sockets]).toEqual([last, 0]);
  });

  it("about the number of threads: it joins once, with a device of that number", async () => {
    const opening = Promise.withResolvers<void>();
    const { loop, coordinator, opened } = bench({ opening: opening.promise });
    await settle();
    loop.receive({ type: "cap", cap: { share: 1, threads: 2 } });
    opening.resolve();
    await settle();
    expect(coordinator.hellos.map(({ threads }) => threads)).toEqual([2]);
    expect(opened).toEqual([3, 2]);
  });
});

describe("a network that comes and goes", () => {
  it("is not said to be gone when it is back before the coordinator was missed", async () => {
    const status = Promise.withResolvers<number | null>();
    const { loop, posted, types } = bench({ askStatus: () => status.promise });
    await settle();
    loop.receive({ type: "network", online: false });
    loop.receive({ type: "network", online: true });
    status.resolve(null);
    await settle();
    expect(posted).not.toContainEqual({ type: "obstacle", code: "OFFLINE", detail: "" });
    expect(types()).not.toContain("disconnected");
  });

  it("[E2] is noticed by silence: after the second look without a word the coordinator is asked, and believed", async () => {
    let status: number | null = 404;
    const { clock, coordinator, types } = bench({ askStatus: async () => status });
    await settle();
    coordinator.welcome();
    await settle();
    const look = async () => {
      clock.advance(7_500);
      await settle();
    };
    for (let looks = 0; looks < 5; looks++) await look();
    expect(types()).not.toContain("disconnected");
    status = null;
    await look();
    expect(types().at(-1)).toBe("disconnected");
  });
});

describe("a GPU that does not answer any more", () => {
  it("is given two seconds to end: then the page hears that it is over, and ends the thread", async () => {
    const { loop, types, clock } = bench({ backend: "webgpu", disposal: new Promise(() => {}) });
    await settle();
    loop.receive({ type: "stop" });
    await settle();
    clock.advance(1_999);
    await settle();
    expect(types()).not.toContain("ended");
    clock.advance(1);
    await settle();
    expect(types().at(-1)).toBe("ended");
  });
});
