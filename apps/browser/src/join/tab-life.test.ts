import { describe, expect, it } from "vitest";
import type { WakeLockEntry } from "./screen-lock.ts";
import { TabStorage, type WordStorage } from "./tab-storage.ts";
import { bench, DESCRIPTION, JOINED, LEFT, settle } from "./testing/join-bench.ts";

/** A browser's lock of the screen: how often it was given, and how many are held. */
function fakeWakeLock() {
  let given = 0;
  const held = new Set<() => void>();
  const entry: WakeLockEntry = {
    request: async () => {
      given += 1;
      let onRelease = () => {};
      const lose = () => {
        held.delete(lose);
        onRelease();
      };
      held.add(lose);
      return {
        release: async () => lose(),
        addEventListener: (_, listener) => {
          onRelease = listener;
        },
      };
    },
  };
  /** The browser takes all back, as it does when a page is hidden. */
  const takeBack = () => {
    for (const lose of held) lose();
  };
  return { entry, given: () => given, held: () => held.size, takeBack };
}

describe("the screen of a tab that takes part", () => {
  it("is kept on from the start to the end, but for pauses", async () => {
    const lock = fakeWakeLock();
    const { controller, tell } = bench({ wakeLock: lock.entry });
    await controller.begin();
    const held: number[] = [];
    const acts = [
      () => {},
      () => controller.start(),
      () => controller.pause(),
      () => controller.resume(),
      () => controller.stop(),
      () => tell(LEFT),
    ];
    for (const act of acts) {
      act();
      await settle();
      held.push(lock.held());
    }
    // Whoever stops is still at work until the thread has ended.
    expect(held).toEqual([0, 1, 0, 1, 1, 0]);
  });

  it("is kept on again when the page is seen again, and was hidden meanwhile", async () => {
    const lock = fakeWakeLock();
    const { controller } = bench({ wakeLock: lock.entry });
    await controller.begin();
    controller.start();
    await settle();
    lock.takeBack();
    controller.onSeen(false);
    await settle();
    expect([lock.given(), lock.held()]).toEqual([1, 0]);
    controller.onSeen(true);
    await settle();
    expect([lock.given(), lock.held()]).toEqual([2, 1]);
  });
});

describe("one training thread at a time", () => {
  it("is started, however often the button is pressed", async () => {
    const { controller, threads } = bench();
    await controller.begin();
    controller.start();
    controller.start();
    expect(threads()).toBe(1);
  });

  it("is not ended by the fault of the one before, which is heard of late", async () => {
    const { controller, threads, tell, loseAs } = bench();
    await controller.begin();
    controller.start();
    tell(LEFT);
    controller.start();
    loseAs(0, "out of memory");
    expect([threads(), controller.state.phase]).toEqual([1, "opening"]);
    loseAs(1, "out of memory");
    await settle();
    expect([threads(), controller.state.phase]).toEqual([0, "ended"]);
  });

  it("is not ended by the time that was set for the one before", async () => {
    const { controller, threads, tell, passTime } = bench();
    await controller.begin();
    controller.start();
    controller.stop();
    tell(LEFT);
    controller.start();
    passTime();
    expect([threads(), controller.state.phase]).toEqual([1, "opening"]);
  });

  it("hears what the browser says of the network", async () => {
    const { controller, said } = bench();
    await controller.begin();
    controller.start();
    controller.onNetwork(false);
    controller.onNetwork(true);
    expect(said.slice(1)).toEqual([
      { type: "network", online: false },
      { type: "network", online: true },
    ]);
  });

  it("goes on with the run that the page shows, also where the coordinator describes another one meanwhile", async () => {
    const answers = [DESCRIPTION, { ...DESCRIPTION, run: "r-2" }];
    const answering = Promise.withResolvers<void>();
    const describe = async () => {
      const answer = answers.shift() ?? DESCRIPTION;
      if (answer.run === "r-2") await answering.promise;
      return answer;
    };
    const { controller, tell } = bench({ describe });
    await controller.begin();
    controller.start();
    // The end asks again; the answer comes when the next thread is there.
    tell(LEFT);
    controller.start();
    answering.resolve();
    await settle();
    expect(controller.state.description?.run).toBe("r-1");
  });
});

describe("other tabs", () => {
  it("hear when this one begins, and when it has ended", async () => {
    const { controller, posted, tell } = bench();
    await controller.begin();
    controller.start();
    tell(LEFT);
    expect(posted).toEqual([{ type: "who" }, { type: "here" }, { type: "gone" }, { type: "who" }]);
  });

  it("are not stopped while it is not known what there is to take over", async () => {
    const { controller, posted, threads } = bench({ describe: async () => null });
    await controller.begin();
    controller.takeOver();
    await settle();
    expect([posted, threads()]).toEqual([[{ type: "who" }], 0]);
  });
});

describe("a tab that was opened beside another one", () => {
  it("does not begin by itself, though browsers give it a copy of what the other one remembers", async () => {
    const words = new Map<string, string>();
    const memory = (): WordStorage => ({
      getItem: (key) => words.get(key) ?? null,
      setItem: (key, value) => void words.set(key, value),
      removeItem: (key) => void words.delete(key),
    });
    const storage = new TabStorage(memory, memory);
    const first = bench({ storage });
    await first.controller.begin();
    first.controller.start();
    first.tell(JOINED);
    const began = async (isReload: boolean) => {
      const { controller, passTime, threads } = bench({ storage, isReload });
      await controller.begin();
      passTime();
      return threads();
    };
    expect(await began(false)).toBe(0);
    expect(await began(true)).toBe(1);
  });
});
