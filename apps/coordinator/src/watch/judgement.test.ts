import { describe, expect, it } from "vitest";
import { Judgement } from "./judgement.ts";

function part(rows: readonly (readonly [label: number, predicted: number, probability: number])[]) {
  return {
    step: 3,
    first: 0,
    labels: Int32Array.from(rows, ([label]) => label),
    predicted: Int32Array.from(rows, ([, predicted]) => predicted),
    probability: Float32Array.from(rows, ([, , probability]) => probability),
  };
}

describe("Judgement", () => {
  it("counts each class by the one it was taken for, over all parts; what is no class is left out", () => {
    const judgement = new Judgement(3, 2);
    judgement.add(
      part([
        [0, 0, 1],
        [0, 1, 0.5],
      ]),
    );
    judgement.add(
      part([
        [1, 1, 0.75],
        [-1, 1, 0.5],
        [0, 1, 0.75],
      ]),
    );
    expect(judgement.confusion).toEqual({
      step: 3,
      counts: [
        [1, 2],
        [0, 1],
      ],
      samples: 5,
    });
  });

  it("gives the samples of a cell, the surest first, at most 12", () => {
    const judgement = new Judgement(3, 2);
    judgement.add(
      part([
        [0, 1, 0.5],
        [1, 1, 1],
        [0, 1, 0.75],
      ]),
    );
    expect(judgement.cell(0, 1)).toEqual([
      { index: 2, probability: 0.75 },
      { index: 0, probability: 0.5 },
    ]);
    judgement.add(part(Array.from({ length: 20 }, () => [1, 0, 0.5] as const)));
    expect(judgement.cell(1, 0)).toHaveLength(12);
  });
});
