import { describe, expect, it } from "vitest";
import { TabStorage, type WordStorage } from "./tab-storage.ts";

function memory(): WordStorage {
  const words = new Map<string, string>();
  return {
    getItem: (key) => words.get(key) ?? null,
    setItem: (key, value) => void words.set(key, value),
    removeItem: (key) => void words.delete(key),
  };
}

const SESSION = { run: "r", worker: "w1", isPaused: true, backend: "auto", cap: { share: 0.5, threads: 3 } } as const;

/** A session as it is kept, with something else in a place. */
function kept(change: object): string {
  return JSON.stringify({ ...SESSION, ...change });
}

function blocked(): never {
  throw new Error("SecurityError");
}

describe("what a tab remembers", () => {
  it("is its session, until it is forgotten, and the name for every tab", () => {
    const [tab, browser] = [memory(), memory()];
    const storage = new TabStorage(
      () => tab,
      () => browser,
    );
    storage.rememberName("Ada");
    storage.rememberSession(SESSION);
    const other = new TabStorage(memory, () => browser);
    expect(other.name).toBe("Ada");
    expect(other.session).toBeNull();
    expect(storage.session).toEqual(SESSION);
    storage.rememberSession(null);
    expect(storage.session).toBeNull();
  });

  it.each([
    ...["{", "7", "{}", kept({ run: 1 }), kept({ worker: 2 }), kept({ backend: "abacus" }), kept({ cap: null })],
    ...[kept({ cap: { share: 0, threads: 1 } }), kept({ cap: { share: 2, threads: 1 } })],
    kept({ cap: { share: 1, threads: 0 } }),
  ])("is nothing when it reads %s", (text) => {
    const tab = memory();
    tab.setItem("tributary.session", text);
    expect(new TabStorage(() => tab, memory).session).toBeNull();
  });

  it("is nothing where the browser blocks storage, and nothing breaks", () => {
    const storage = new TabStorage(blocked, blocked);
    storage.rememberName("Ada");
    storage.rememberSession(SESSION);
    expect([storage.name, storage.session]).toEqual([null, null]);
  });
});
