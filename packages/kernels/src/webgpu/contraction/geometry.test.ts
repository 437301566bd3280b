import { describe, expect, it } from "vitest";
import type { ContractKernel } from "../../ir.ts";
import { plain, view } from "../../wasm/contraction/contraction-harness.ts";
import { productsOf } from "./contraction-products.ts";
import { planProduct } from "./geometry.ts";

function matmul(rows: number, depth: number, columns: number, transposeB = false): ContractKernel {
  return {
    kind: "contract",
    contraction: { operation: "matmul" },
    a: view(0, [rows, depth]),
    b: view(1, [depth, columns], transposeB ? [1, depth] : [columns, 1]),
    epilogue: plain([rows, columns]),
  };
}

const plan = (kernel: ContractKernel, chained = false) => planProduct(productsOf(kernel)[0], chained);

describe("the geometry of a product", () => {
  // 1024 / 128 x 1024 / 64 = 128; 2048 / 128 squared = 256; 4096 / 128 squared = 1024.
  it.each([
    [1024, [128, 64], 128],
    [2048, [128, 128], 256],
    [4096, [128, 128], 1024],
  ])("%i cubed is computed in large tiles", (size, [rows, columns], workgroups) => {
    expect(plan(matmul(size, size, size))).toMatchObject({ kind: "tile", shape: { rows, columns }, workgroups });
  });

  // 64 / 16 x 128 / 16 = 32; 784 / 16 x 128 / 16 = 392; 256 / 16 squared.
  it.each([
    ["a layer's output for a small batch", [64, 784, 128], 32],
    ["the gradient of its weights", [784, 64, 128], 392],
    ["256 cubed", [256, 256, 256], 256],
  ])("%s is cut small, so that many workgroups have work", (_, [rows, depth, columns], workgroups) => {
    const chosen = plan(matmul(rows, depth, columns));
    expect(chosen).toMatchObject({ kind: "tile", shape: { rows: 16, columns: 16 }, workgroups });
  });

  it("a vector times a matrix needs no tiles: 8 columns of 32 lanes each where k is adjacent", () => {
    const chosen = plan(matmul(1, 4096, 4096, true));
    expect(chosen).toMatchObject({ kind: "skinny", shape: { rows: 1, lanes: 32, width: 8, lanesFirst: true } });
    expect(chosen.workgroups).toBe(512);
  });

  it("a product of few columns is computed as its transpose", () => {
    const chosen = plan(matmul(4096, 4096, 3));
    expect(chosen).toMatchObject({ kind: "skinny", product: { rows: 3, columns: 4096 }, shape: { rows: 4 } });
  });

  it("one workgroup that computes alone has all columns of a recurrent step at once", () => {
    expect(plan(matmul(4, 128, 512), true)).toMatchObject({ shape: { width: 512 }, workgroups: 1 });
    const back = plan(matmul(4, 512, 128), true);
    expect(back.workgroups).toBe(1);
    expect(back).toMatchObject({ kind: "skinny", shape: { rows: 4, width: 128 } });
    // 128 columns alone would leave half of 256 invocations idle.
    expect(back.kind === "skinny" && back.shape.lanes >= 2).toBe(true);
  });

  it("the input gradient of a convolution with strides is a product for each phase, with its taps only", () => {
    const attributes = {
      strides: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
      dilation: [1, 1],
      groups: 1,
      inputSize: [8, 8],
    } as const;
    const products = productsOf({
      kind: "contract",
      contraction: { operation: "convolutionInputGradient", attributes },
      a: view(0, [2, 5, 4, 4]),
      b: view(1, [5, 3, 3, 3]),
      epilogue: plain([2, 3, 8, 8]),
    });
    // Even pixels meet the middle tap, odd ones the two others: 5 channels x 1 or 2 x 1 or 2 taps; 2 images of 4 x 4 pixels.
    expect(products.map(({ depth }) => depth)).toEqual([5, 10, 10, 20]);
    expect(products.map(({ rows, columns }) => [rows, columns])).toEqual(Array(4).fill([3, 32]));
  });

  it("a bound that no element comes near is dropped", () => {
    const convolution = (padding: 0 | 1): ContractKernel => ({
      kind: "contract",
      contraction: {
        operation: "convolution",
        attributes: {
          strides: [1, 1],
          padding: [
            [0, 0],
            [padding, 0],
          ],
          dilation: [1, 1],
          groups: 1,
        },
      },
      a: view(0, [1, 2, 6, 6]),
      b: view(1, [3, 2, 3, 3]),
      epilogue: plain([1, 3, 4, 4 + padding]),
    });
    expect(productsOf(convolution(0))[0].right.bounds).toEqual([]);
    expect(productsOf(convolution(1))[0].right.bounds).toEqual([{ divisor: 1, limit: 6, stride: 0 }]);
  });
});
