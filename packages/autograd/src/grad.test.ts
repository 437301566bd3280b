import { describe, expect, it } from "vitest";
import { tensor } from "./creation.ts";
import { AutogradError } from "./errors.ts";
import { grad, stopGradient } from "./grad.ts";

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof AutogradError ? error.code : String(error);
  }
  return "nothing was thrown";
};

describe("grad", () => {
  it("of the sum of squares is 2 x", async () => {
    const x = tensor([1, 2, 3]);
    expect([...(await grad(x.mul(x).sum(), [x])[0].data())]).toEqual([2, 4, 6]);
  });
  it("adds up over all ways to an input", async () => {
    // y = x^2 + 3 x: y' = 2 x + 3
    const x = tensor([1, 2]);
    expect([...(await grad(x.mul(x).add(x.mul(3)).sum(), [x])[0].data())]).toEqual([5, 7]);
  });
  it("of what does not depend on an input is zeros in its shape", async () => {
    const [x, unused] = [tensor([1]), tensor([[1, 2]])];
    const [, zeros] = grad(x.sum(), [x, unused]);
    expect(zeros.shape).toEqual([1, 2]);
    expect([...(await zeros.data())]).toEqual([0, 0]);
  });
  it("goes through an input that was made from another input", async () => {
    // y = (2 x)^2: dy/dx = 8 x, dy/d(2 x) = 2 (2 x)
    const x = tensor([3]);
    const doubled = x.mul(2);
    const [dx, dDoubled] = grad(doubled.mul(doubled).sum(), [x, doubled]);
    expect(await dx.item()).toBe(24);
    expect(await dDoubled.item()).toBe(12);
  });
  it("weights elements with the cotangent", async () => {
    const x = tensor([1, 2]);
    const [dx] = grad(x.mul(x), [x], { cotangent: tensor([1, 10]) });
    expect([...(await dx.data())]).toEqual([2, 40]);
  });
  it("stops at stopGradient, in the second derivative too", async () => {
    // y = x stop(x): y' = stop(x), y'' = 0
    const x = tensor([5]);
    const [first] = grad(x.mul(stopGradient(x)).sum(), [x]);
    const [second] = grad(first.sum(), [x]);
    expect(await first.item()).toBe(5);
    expect(await second.item()).toBe(0);
  });
  it("refuses integers, outputs that are no scalars, and cotangents of another shape", () => {
    const x = tensor([1, 2]);
    const integers = tensor(Int32Array.of(1));
    expect(code(() => grad(x, [x]))).toBe("NOT_DIFFERENTIABLE");
    expect(code(() => grad(x.sum(), [integers]))).toBe("NOT_DIFFERENTIABLE");
    expect(code(() => grad(integers.sum(), [x]))).toBe("NOT_DIFFERENTIABLE");
    expect(code(() => grad(x, [x], { cotangent: tensor([1]) }))).toBe("SHAPE_MISMATCH");
  });
});

describe("second derivatives", () => {
  it("of x^3 is 6 x", async () => {
    const x = tensor([1, -2, 0.5]);
    const [first] = grad(x.pow(3).sum(), [x]);
    const [second] = grad(first.sum(), [x]);
    expect([...(await second.data())]).toEqual([6, -12, 3]);
  });
  it("of tanh is -2 tanh (1 - tanh^2)", async () => {
    // PyTorch: x = 0.5, -1
    const x = tensor([0.5, -1]);
    const [first] = grad(x.tanh().sum(), [x]);
    const [second] = await Promise.all(grad(first.sum(), [x]).map((each) => each.data()));
    expect(second[0]).toBeCloseTo(-0.726862, 5);
    expect(second[1]).toBeCloseTo(0.6396999, 5);
  });
  it("of a squared matrix product", async () => {
    // y = |x W|^2, dy/dx = 2 x W W^T; the numbers are PyTorch's.
    const w = tensor([
      [1, 2],
      [3, 4],
    ]);
    const x = tensor([[1, -1]]);
    const product = x.matmul(w);
    const [first] = grad(product.mul(product).sum(), [x]);
    expect([...(await first.data())]).toEqual([-12, -28]);
    const [dx, dw] = grad(first.mul(tensor([[1, 2]])).sum(), [x, w]);
    expect([...(await dx.data())]).toEqual([54, 122]);
    expect([...(await dw.data())]).toEqual([10, 16, -22, -28]);
  });
});
