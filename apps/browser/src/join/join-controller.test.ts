import { describe, expect, it } from "vitest";
import { bench, DESCRIPTION, JOINED, LEFT, settle } from "./testing/join-bench.ts";

describe("the page", () => {
  it("starts nothing before a person presses the button", async () => {
    const { controller, threads, passTime } = bench();
    await controller.begin();
    passTime();
    expect([controller.state.phase, threads()]).toEqual(["consent", 0]);
    controller.start();
    expect(threads()).toBe(1);
  });

  it("hands the link, the name and the cap to the training thread", async () => {
    const { controller, said } = bench();
    await controller.begin();
    controller.choose({ name: "Bob", cap: { share: 0.5, threads: 1 } });
    controller.start();
    expect(said).toEqual([
      {
        type: "start",
        settings: {
          socketUrl: "ws://h:1/socket",
          blobUrl: "http://h:1/blobs/",
          token: "tok",
          name: "Bob",
          backend: "auto",
          cap: { share: 0.5, threads: 1 },
          run: "r-1",
          resume: null,
        },
      },
    ]);
  });

  it("passes pause, going on, another cap and stop on, and is ready to start again afterwards", async () => {
    const { controller, types, tell, threads } = bench();
    await controller.begin();
    controller.start();
    controller.pause();
    controller.resume();
    controller.choose({ cap: { share: 0.2, threads: 2 } });
    controller.stop();
    tell(LEFT);
    expect(types()).toEqual(["start", "pause person", "resume", "cap", "stop"]);
    expect([controller.state.phase, threads()]).toEqual(["ended", 0]);
    controller.start();
    expect(threads()).toBe(1);
  });

  it("ends a thread that does not stop by itself within 4 s", async () => {
    const { controller, types, threads, passTime, codes } = bench();
    await controller.begin();
    controller.start();
    controller.stop();
    expect([threads(), controller.state.isStopping]).toEqual([1, true]);
    passTime();
    expect(controller.state.isStopping).toBe(false);
    expect([types(), threads(), controller.state.phase]).toEqual([["start", "stop"], 0, "ended"]);
    expect(codes()).toEqual([]);
    // The time that was set for the one that ended is nothing to the next one.
    controller.start();
    controller.stop();
    controller.stop();
    passTime();
    controller.start();
    passTime();
    expect([threads(), controller.state.phase]).toEqual([1, "opening"]);
  });

  it("does not begin again when the browser puts a page to sleep that was told to stop", async () => {
    const { controller, threads } = bench();
    await controller.begin();
    controller.start();
    controller.stop();
    controller.onSleep("frozen");
    expect([threads(), controller.state.phase, controller.state.isStopping]).toEqual([0, "ended", false]);
    controller.onAwake();
    expect(threads()).toBe(0);
  });

  it("asks again what is trained when nobody said so yet, and only starts what a person has seen", async () => {
    const answers = [null, null, DESCRIPTION];
    const { controller, codes, threads } = bench({ describe: async () => answers.shift() ?? null });
    await controller.begin();
    expect(codes()).toEqual(["NO_DESCRIPTION"]);
    controller.start();
    expect(controller.state.phase).toBe("loading");
    await settle();
    expect([controller.state.phase, codes(), threads()]).toEqual(["consent", ["NO_DESCRIPTION"], 0]);
    controller.start();
    await settle();
    expect([controller.state.phase, codes(), threads()]).toEqual(["consent", [], 0]);
    controller.start();
    expect(threads()).toBe(1);
  });

  it("shows what is trained now when the coordinator has another run than the one that was joined", async () => {
    let description = DESCRIPTION;
    const { controller, said, codes, tell } = bench({ describe: async () => description });
    await controller.begin();
    controller.start();
    tell(JOINED);
    description = { ...DESCRIPTION, run: "r-2", name: "another" };
    const end = { reason: "refused", message: "There is no run r-1 here, but r-2", code: "UNKNOWN_RUN" } as const;
    tell({ type: "ended", end });
    await settle();
    expect(codes()).toContain("UNKNOWN_RUN");
    expect([controller.state.phase, controller.state.description?.name]).toEqual(["ended", "another"]);
    controller.start();
    expect(said.at(-1)).toMatchObject({ type: "start", settings: { run: "r-2" } });
  });

  it("ends the thread when the browser puts it to sleep, and goes on with a new one when it wakes", async () => {
    const { controller, types, said, threads, tell } = bench();
    await controller.begin();
    controller.onSleep("frozen");
    controller.onAwake();
    expect(threads()).toBe(0);
    controller.start();
    tell(JOINED);
    controller.onSleep("frozen");
    expect([threads(), controller.state.phase, controller.state.pausedFor]).toEqual([0, "paused", "frozen"]);
    controller.onAwake();
    controller.onAwake();
    expect([threads(), types()]).toEqual([1, ["start", "start"]]);
    expect(said.at(-1)).toMatchObject({ settings: { run: "r-1", resume: "w1" } });
  });

  it("does not listen any more to a thread that it has ended", async () => {
    const { controller, threads, tellAs } = bench();
    await controller.begin();
    controller.start();
    controller.onSleep("frozen");
    tellAs(0, JOINED);
    expect(controller.state.phase).toBe("paused");
    controller.onAwake();
    tellAs(0, LEFT);
    expect([controller.state.phase, threads()]).toEqual(["opening", 1]);
    tellAs(1, JOINED);
    expect(controller.state.phase).toBe("preparing");
  });

  it("stays in a person's pause through a sleep, with its device open", async () => {
    const { controller, types, threads } = bench();
    await controller.begin();
    controller.start();
    controller.pause();
    controller.onSleep("frozen");
    controller.onAwake();
    expect([threads(), types()]).toEqual([1, ["start", "pause person"]]);
  });

  it("says that a hidden tab may be slow, and tries to connect at once when it is seen", async () => {
    const { controller, types, codes } = bench();
    await controller.begin();
    controller.onSeen(false);
    expect(codes()).toEqual([]);
    controller.start();
    controller.onSeen(false);
    expect(codes()).toContain("HIDDEN");
    controller.onSeen(true);
    expect(codes()).not.toContain("HIDDEN");
    expect(types()).toEqual(["start", "wake"]);
  });

  it("says while the device runs on its battery, before and after the start", async () => {
    let change: (isOnBattery: boolean) => void = () => {};
    const { controller, codes } = bench({
      watchBattery: (onChange) => {
        change = onChange;
        onChange(true);
      },
    });
    await controller.begin();
    expect(codes()).toEqual(["ON_BATTERY"]);
    controller.start();
    expect(codes()).toContain("ON_BATTERY");
    change(false);
    expect(codes()).not.toContain("ON_BATTERY");
  });

  it("tells a thread that could not start from one that ended", async () => {
    const { controller, lose, tell, codes } = bench();
    await controller.begin();
    controller.start();
    lose("its script did not load");
    await settle();
    expect(codes()).toContain("NO_THREAD");
    controller.start();
    tell({ type: "device", device: { backend: "wasm", adapter: null, threads: 1 }, sentence: "Computing on the CPU" });
    lose("out of memory");
    expect(codes()).toContain("THREAD_LOST");
  });
});

describe("a page whose coordinator has ended meanwhile", () => {
  it("says so, and not that this device could not start a thread", async () => {
    let isThere = true;
    const { controller, lose, codes } = bench({ describe: async () => (isThere ? DESCRIPTION : null) });
    await controller.begin();
    isThere = false;
    controller.start();
    lose("its script did not load");
    await settle();
    expect([controller.state.phase, codes()]).toEqual(["ended", ["UNREACHABLE"]]);
  });
});

describe("a page that is loaded again", () => {
  const CHOSEN = { backend: "wasm", cap: { share: 0.1, threads: 1 } } as const;
  const reloaded = (isPaused: boolean) => {
    const all = bench({ isReload: true });
    all.surroundings.storage.rememberSession({ run: "r-1", worker: "w1", isPaused, ...CHOSEN });
    return all;
  };

  it("goes on by itself with the session it had, on what a person allowed and no more", async () => {
    const { controller, said, passTime } = reloaded(false);
    await controller.begin();
    expect(said).toEqual([]);
    passTime();
    expect(said).toMatchObject([{ type: "start", settings: { resume: "w1", ...CHOSEN } }]);
    expect(controller.choices).toMatchObject(CHOSEN);
  });

  it("stays paused if it was", async () => {
    const { controller, types, passTime } = reloaded(true);
    await controller.begin();
    passTime();
    expect(types()).toEqual(["start", "pause person"]);
  });

  it("does not go on when another tab has the session, as after a tab was duplicated", async () => {
    const { controller, threads, passTime, otherTab } = reloaded(false);
    await controller.begin();
    otherTab("here");
    passTime();
    expect(threads()).toBe(0);
  });

  it("does not go on with another run, nor after it was stopped", async () => {
    const other = bench({ isReload: true });
    other.surroundings.storage.rememberSession({ run: "r-0", worker: "w1", isPaused: false, ...CHOSEN });
    await other.controller.begin();
    other.passTime();
    expect(other.threads()).toBe(0);
    const stopped = bench();
    await stopped.controller.begin();
    stopped.controller.start();
    stopped.tell(JOINED);
    const chosen = { backend: "auto", cap: { share: 1, threads: 2 } };
    expect(stopped.surroundings.storage.session).toEqual({ run: "r-1", worker: "w1", isPaused: false, ...chosen });
    stopped.controller.choose({ cap: { share: 0.3, threads: 2 } });
    expect(stopped.surroundings.storage.session?.cap).toEqual({ share: 0.3, threads: 2 });
    stopped.tell(LEFT);
    expect(stopped.surroundings.storage.session).toBeNull();
  });
});

describe("a second tab", () => {
  it("is told of the first, and takes over or joins beside it", async () => {
    const { controller, codes, otherTab, posted, threads } = bench();
    await controller.begin();
    otherTab("here");
    expect(codes()).toEqual(["SECOND_TAB"]);
    controller.takeOver();
    expect(posted).toContainEqual({ type: "takeOver" });
    expect([codes(), threads()]).toEqual([["NO_WAKE_LOCK"], 1]);
  });

  it("hears when a tab that takes part is closed", async () => {
    const { controller, posted } = bench();
    await controller.begin();
    controller.start();
    controller.onClosing();
    expect(posted.at(-1)).toEqual({ type: "gone" });
  });

  it("stops when another takes over, and says so", async () => {
    const { controller, types, codes, otherTab, tell } = bench();
    await controller.begin();
    controller.start();
    otherTab("takeOver");
    tell(LEFT);
    expect(types()).toEqual(["start", "stop"]);
    expect(codes()).toContain("TAKEN_OVER");
    expect(controller.state.phase).toBe("ended");
  });
});
