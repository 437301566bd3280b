import { expect, it } from "vitest";
import { NARROW_GEOMETRY, WIDE_GEOMETRY } from "./geometry.ts";
import { probeTile } from "./probe.ts";

it("a probe checks the kernel's sums, and counts turns by the clock it is given", async () => {
  for (const geometry of [WIDE_GEOMETRY, NARROW_GEOMETRY]) {
    let time = 0;
    const probe = await probeTile({ fma: false }, geometry.outer, () => time++);
    expect(probe.exact).toBe(true);
    // One round a millisecond, and the first one is a single turn: rows * columns * 256 multiply-adds.
    expect(probe.rate).toBe(geometry.outer.rows * geometry.outer.columns * 256);
  }
});
