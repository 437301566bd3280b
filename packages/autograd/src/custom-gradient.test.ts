import { describe, expect, it } from "vitest";
import { tensor } from "./creation.ts";
import { customGradient } from "./custom-gradient.ts";
import { grad } from "./grad.ts";

describe("customGradient", () => {
  it("computes forwards as before, and takes the rule for the gradient", async () => {
    const straightThrough = customGradient(
      (x) => x.add(0.5).floor(),
      ({ cotangent }) => [cotangent],
    );
    const x = tensor([0.2, 0.7, 1.6]);
    const y = straightThrough(x);
    expect([...(await y.data())]).toEqual([0, 1, 2]);
    // d(sum y^2) = 2 y
    expect([...(await grad(y.square().sum(), [x])[0].data())]).toEqual([0, 2, 4]);
  });
  it("sees inputs and output, and can be differentiated again", async () => {
    // exp with its own derivative: e^x has the derivative e^x as often as one likes.
    const exponential = customGradient(
      (x) => x.exp(),
      ({ output, cotangent }) => [cotangent.mul(output)],
    );
    const x = tensor(0.5);
    const [first] = grad(exponential(x), [x]);
    const [second] = grad(first, [x]);
    expect(await first.item()).toBeCloseTo(Math.exp(0.5), 6);
    expect(await second.item()).toBeCloseTo(Math.exp(0.5), 6);
  });
  it("gives nothing to what the function uses beside its arguments, nor for a null", async () => {
    const [a, b, c] = [tensor(2), tensor(3), tensor(5)];
    const product = customGradient(
      (x, y) => x.mul(y).mul(c),
      ({ inputs: [x], cotangent }) => [null, cotangent.mul(x)],
    );
    const gradients = grad(product(a, b), [a, b, c]);
    expect(await Promise.all(gradients.map((gradient) => gradient.item()))).toEqual([0, 2, 0]);
  });
  it("says when the rule gives too few gradients, or of another shape", () => {
    const x = tensor([1, 2]);
    const take = (rule: () => never[] | [typeof x]) => () => grad(customGradient((y) => y.sum(), rule)(x), [x]);
    expect(take(() => [])).toThrow(/0 gradients for 1 inputs/);
    expect(take(() => [tensor(1)])).toThrow(/input 0 is \[2\] and its gradient \[\]/);
  });
});
