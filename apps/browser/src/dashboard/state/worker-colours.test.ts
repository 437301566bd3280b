import { describe, expect, it } from "vitest";
import { someWorker as worker } from "../testing/watched-figures.ts";
import { assignColours, COLOUR_SLOTS, NO_COLOURS, NO_NAMES, nameColours } from "./worker-colours.ts";

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

  it("keep the name of a worker that is forgotten until somebody else has the colour", () => {
    const ana = [worker("a", { name: "Ana" })];
    const colours = assignColours(NO_COLOURS, ana);
    const names = nameColours(NO_NAMES, colours, ana);
    expect(names.slice(0, 2)).toEqual(["Ana", ""]);
    expect(nameColours(names, colours, [])).toBe(names);
    expect(nameColours(names, ["b", null], [worker("b", { name: "Ben" })])[0]).toBe("Ben");
  });
});
