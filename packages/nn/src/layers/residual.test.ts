import { arange, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { expectNear } from "../testing/expect-near.ts";
import { Linear } from "./linear.ts";
import { Reshape } from "./reshape.ts";
import { Residual } from "./residual.ts";
import { outputOf } from "./testing/layer-check.ts";

const double = tensor([
  [2, 0],
  [0, 2],
]);
const swap = tensor([
  [0, 1],
  [1, 0],
]);

describe("Residual", () => {
  const x = tensor([[1, 3]]);
  it("adds what it was given", async () => {
    const layer = new Residual(new Linear(2, 2, { bias: false }));
    await expectNear(outputOf(layer, { x, tensors: { "inner.weight": double } }), [3, 9]);
  });
  it("adds what the shortcut makes of it", async () => {
    const layer = new Residual(new Linear(2, 2, { bias: false }), new Linear(2, 2, { bias: false }));
    const tensors = { "inner.weight": double, "shortcut.weight": swap };
    await expectNear(outputOf(layer, { x, tensors }), [5, 7]);
  });
  it("says when both ways do not end in one shape", () => {
    const layer = new Residual(new Linear(2, 1, { bias: false }));
    expect(() => outputOf(layer, { x, tensors: { "inner.weight": tensor([[1, 1]]) } })).toThrow(
      /the inner module makes \[1, 1\], but the shortcut \[1, 2\]: give a shortcut/,
    );
  });
});

describe("Reshape", () => {
  it("gives each sample another shape", async () => {
    const x = arange(12, "float32").reshape([2, 6]);
    const y = outputOf(new Reshape([3, -1]), { x });
    expect(y.shape).toEqual([2, 3, 2]);
    await expectNear(y, [...(await x.data())]);
  });
});
