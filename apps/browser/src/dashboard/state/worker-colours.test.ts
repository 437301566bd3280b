import { describe, expect, it } from "vitest";
import { someWorker as worker } from "../testing/watched-figures.ts";
import { assignColours, COLOUR_SLOTS, NO_COLOURS } from "./worker-colours.ts";

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
    const freed = [worker("w0", { state: "lost" }), ...names.slice(1).map((name) => worker(name)), worker("late")];
    expect(assignColours(full, freed)).toEqual(["late", ...names.slice(1)]);
  });
});
