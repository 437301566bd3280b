import { describe, expect, it } from "vitest";
import { threefry2x32 } from "./threefry.ts";

describe("threefry2x32", () => {
  // Known answers that Random123 (Salmon et al.) publishes for threefry2x32 with 20 rounds.
  it.each([
    { key: [0, 0], counter: [0, 0], words: [0x6b200159, 0x99ba4efe] },
    { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], words: [0x1cb996fc, 0xbb002be7] },
    { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], words: [0xc4923a9c, 0x483df7a0] },
  ] as const)("gives the published words for key $key and counter $counter", ({ key, counter, words }) => {
    expect(threefry2x32(key, counter)).toEqual(words);
  });
});
