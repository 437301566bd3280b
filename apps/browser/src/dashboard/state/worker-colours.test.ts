import type { WatchedWorker } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { assignColours, COLOUR_SLOTS, NO_COLOURS } from "./worker-colours.ts";

const worker = (id: string, state: WatchedWorker["state"] = "active"): WatchedWorker => ({
  id,
  name: id,
  kind: "node",
  backend: "wasm",
  adapter: null,
  threads: 1,
  codec: "float16",
  state,
  roundTripMilliseconds: null,
  silentMilliseconds: 0,
  bytesIn: 0,
  bytesOut: 0,
  bytesInPerSecond: 0,
  bytesOutPerSecond: 0,
  lag: 0,
  samplesPerSecond: 0,
  samples: 0,
  accepted: 0,
  rejected: 0,
  stale: 0,
});

describe("the colours of workers", () => {
  it("are given in the order in which workers come, and kept", () => {
    const first = assignColours(NO_COLOURS, [worker("a"), worker("b")]);
    expect(first.slice(0, 3)).toEqual(["a", "b", null]);
    expect(assignColours(first, [worker("b")])).toBe(first);
  });

  it("of those who went are taken only when somebody needs one", () => {
    const names = Array.from({ length: COLOUR_SLOTS }, (_, index) => `w${index}`);
    const full = assignColours(
      NO_COLOURS,
      names.map((name) => worker(name)),
    );
    expect(full).toEqual(names);
    const oneMore = [...names.map((name) => worker(name)), worker("late")];
    expect(assignColours(full, oneMore)).toEqual(names);
    const freed = [worker("w0", "lost"), ...names.slice(1).map((name) => worker(name)), worker("late")];
    expect(assignColours(full, freed)).toEqual(["late", ...names.slice(1)]);
  });
});
