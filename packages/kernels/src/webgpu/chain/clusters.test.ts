import { describe, expect, it } from "vitest";
import { Clusters } from "./clusters.ts";
import { slacks } from "./dependencies.ts";

const waits = (...lists: number[][]): Set<number>[] => lists.map((list) => new Set(list));

describe("joining kernels", () => {
  it("two kernels cannot be one when a third stands between them", () => {
    // 0 -> 1 -> 2, and 0 -> 2.
    const clusters = new Clusters(waits([], [0], [0, 1]));
    expect(clusters.isEnclosed([0, 2])).toBe(false);
    expect(clusters.isEnclosed([0, 1])).toBe(true);
    expect(clusters.isEnclosed([0, 1, 2])).toBe(true);
  });

  it("nor when what stands between them is a cluster that reaches further", () => {
    // 0 -> 1, 2 -> 3: with 1 and 2 joined, 3 waits for 0 through them.
    const clusters = new Clusters(waits([], [0], [], [2]));
    expect(clusters.isEnclosed([0, 3])).toBe(true);
    clusters.join(1, 2);
    expect(clusters.isEnclosed([0, 3])).toBe(false);
  });

  it("clusters stand behind what they wait for, as near to the kernels' order as that allows", () => {
    // 2 waits for 0, 3 for 1; 0 and 3 are joined, so 1 comes first.
    const clusters = new Clusters(waits([], [], [0], [1]));
    clusters.join(0, 3);
    expect(clusters.inOrder()).toEqual([[1], [0, 3], [2]]);
  });
});

describe("how urgent kernels are", () => {
  it("what is on the longest way has no time", () => {
    // 0 -> 1 -> 2 -> 3, and 4 which only waits for 0.
    expect(slacks(waits([], [0], [1], [2], [0]))).toEqual([0, 0, 0, 0, 2]);
  });
});
