import { describe, expect, it } from "vitest";
import { ones, tensor, zeros } from "./creation.ts";
import { grad } from "./grad.ts";
import type { Tensor } from "./tensor.ts";
import { traceProgram } from "./trace.ts";

const x23 = { x: { dtype: "float32", shape: [2, 3] } } as const;

function operations(body: (x: Tensor) => Tensor): string[] {
  const program = traceProgram({ name: "simple", inputs: x23 }, ({ x }) => ({ y: body(x) }));
  return program.graph.nodes.map(({ operation }) => operation);
}

describe("simplification", () => {
  it("joins reshapes and permutations in a row, and drops those that undo each other", () => {
    expect(operations((x) => x.reshape([6]).reshape([3, 2]))).toEqual(["reshape"]);
    expect(operations((x) => x.reshape([6]).reshape([2, 3]).neg())).toEqual(["neg"]);
    expect(operations((x) => x.t().t().neg())).toEqual(["neg"]);
  });
  it("stretches literals by writing them larger, and leaves out factors of 1", () => {
    expect(operations((x) => x.add(zeros([1, 1])))).toEqual(["constant", "add"]);
    expect(operations((x) => x.mul(ones([3])).neg())).toEqual(["neg"]);
  });
  it("a product of which only the transpose is used is computed transposed", () => {
    expect(operations((x) => x.matmul(x.t().exp()).t())).toEqual(["permute", "exp", "matmul"]);
    const both = operations((x) => {
      const product = x.matmul(x.t());
      return product.t().sub(product);
    });
    expect(both).toEqual(["matmul", "permute", "sub"]);
  });
});

describe("derivatives by values that simplification skips", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const elements = async (value: Tensor) => [...(await value.data())];
  it("a factor of ones", async () => {
    const factor = ones([3]);
    expect(await elements(grad(x.mul(factor).sum(), [factor])[0])).toEqual([5, 7, 9]);
  });
  it("zeros that are stretched", async () => {
    const offset = zeros([1]);
    expect(await elements(grad(x.mul(offset).sum(), [offset])[0])).toEqual([21]);
  });
  it("a shape between two others", async () => {
    const flat = x.reshape([6]);
    expect(await elements(grad(flat.reshape([3, 2]).square().sum(), [flat])[0])).toEqual([2, 4, 6, 8, 10, 12]);
  });
  it("a transposed operand of a product", async () => {
    const transposed = x.t();
    // y = sum(r x^T), r = [1, 10, 100]: dy / d x^T has rows 1, 10, 100.
    const y = tensor([1, 10, 100]).matmul(transposed).sum();
    expect(await elements(grad(y, [transposed])[0])).toEqual([1, 1, 10, 10, 100, 100]);
  });
});
