import { describe, expect, it } from "vitest";
import { ScreenLock, type ScreenLockState, type WakeLockEntry } from "./screen-lock.ts";

function fakeEntry() {
  let requests = 0;
  let onRelease = () => {};
  let isRefused = false;
  const entry: WakeLockEntry = {
    request: async () => {
      requests += 1;
      if (isRefused) throw new Error("NotAllowedError");
      return {
        release: async () => onRelease(),
        addEventListener: (_, listener) => {
          onRelease = listener;
        },
      };
    },
  };
  return {
    entry,
    requests: () => requests,
    takeAway: () => onRelease(),
    refuse: () => {
      isRefused = true;
    },
  };
}

function lockOn(entry: WakeLockEntry | undefined) {
  const states: ScreenLockState[] = [];
  return { states, lock: new ScreenLock(entry, (state) => states.push(state)) };
}

describe("the screen", () => {
  it("is kept on from the start to the end", async () => {
    const { entry } = fakeEntry();
    const { lock, states } = lockOn(entry);
    await lock.onSeen();
    expect(states).toEqual([]);
    await lock.hold();
    await lock.letGo();
    expect(states).toEqual(["held", "off"]);
  });

  it("is asked for again when the page is seen after the browser took it away", async () => {
    const { entry, requests, takeAway } = fakeEntry();
    const { lock, states } = lockOn(entry);
    await lock.hold();
    takeAway();
    await lock.onSeen();
    expect(states).toEqual(["held", "off", "held"]);
    expect(requests()).toBe(2);
  });

  it("is not asked for when this device does not take part any more", async () => {
    const { entry, requests } = fakeEntry();
    const { lock } = lockOn(entry);
    await lock.hold();
    await lock.letGo();
    await lock.onSeen();
    expect(requests()).toBe(1);
  });

  it("is asked for once at a time: of two locks one would never be let go", async () => {
    const { entry, requests } = fakeEntry();
    const { lock, states } = lockOn(entry);
    await Promise.all([lock.hold(), lock.onSeen(), lock.letGo(), lock.hold()]);
    expect([requests(), states]).toEqual([1, ["held"]]);
    await lock.letGo();
    expect(states).toEqual(["held", "off"]);
  });

  it("may be refused, or unknown to the browser, and both are told", async () => {
    const { entry, refuse } = fakeEntry();
    refuse();
    const refused = lockOn(entry);
    const missing = lockOn(undefined);
    await refused.lock.hold();
    await missing.lock.hold();
    expect([refused.states, missing.states]).toEqual([["refused"], ["missing"]]);
  });

  it("goes dark again where it was let go while the browser was still asked", async () => {
    const asking = Promise.withResolvers<void>();
    let released = 0;
    const { lock, states } = lockOn({
      request: async () => {
        await asking.promise;
        return {
          release: async () => {
            released += 1;
          },
          addEventListener: () => {},
        };
      },
    });
    const holding = lock.hold();
    await lock.letGo();
    asking.resolve();
    await holding;
    expect([released, states.at(-1)]).toEqual([1, "off"]);
  });

  it("is let go with the browser too, and what it says late of the lock before is nothing to the next one", async () => {
    const releases: (() => void)[] = [];
    let released = 0;
    const { lock, states } = lockOn({
      request: async () => ({
        release: async () => {
          released += 1;
        },
        addEventListener: (_, listener) => void releases.push(listener),
      }),
    });
    await lock.hold();
    await lock.letGo();
    expect(released).toBe(1);
    await lock.hold();
    releases[0]?.();
    expect(states).toEqual(["held", "off", "held"]);
    releases[1]?.();
    expect(states.at(-1)).toBe("off");
  });
});
