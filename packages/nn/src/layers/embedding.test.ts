import { arange, grad, ones, randomKey, type Tensor, tensor, zeros } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel, describeModel, initialiseModel } from "../binding.ts";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { pattern } from "../testing/patterns.ts";
import { Embedding } from "./embedding.ts";
import { LastStep, lastStep } from "./last-step.ts";
import { LearnedPositions, SinusoidalPositions, sinusoidalPositions } from "./positions.ts";

function run(model: Module, tensors: Record<string, Tensor>, x: Tensor): Tensor {
  return bindModel(model, { tensors, training: false }, () => model.forward(x)).result;
}

const indices = tensor(Int32Array.of(2, 1, 0, 2, 2, 1), { shape: [2, 3] });

describe("Embedding", () => {
  const weight = pattern([4, 2], 3, 7, 3, 4);
  it("has PyTorch's output and derivative, with a padding index", async () => {
    for (const paddingIndex of [1, -3]) {
      const y = run(new Embedding(4, 2, { paddingIndex }), { weight }, indices);
      expect(y.shape).toEqual([2, 3, 2]);
      expect([...(await y.data())]).toEqual([0.5, -0.5, 0.75, -0.25, -0.75, 0, 0.5, -0.5, 0.5, -0.5, 0.75, -0.25]);
      const [dWeight] = grad(y.mul(pattern(y.shape, 3, 11, 4, 4)).sum(), [weight]);
      expect([...(await dWeight.data())]).toEqual([-0.75, 0, 0, 0, -0.75, 1.5, 0, 0]);
    }
  });
  it("without a padding index every row gets its gradient", async () => {
    const y = run(new Embedding(4, 2), { weight }, indices);
    expect([...(await grad(y.sum(), [weight])[0].data())]).toEqual([1, 1, 2, 2, 3, 3, 0, 0]);
  });
  it("starts as N(0, 1), the padding row as zeros", async () => {
    const started = initialiseModel(new Embedding(500, 4, { paddingIndex: 2 }), randomKey(5));
    const elements = Array.from(await started.weight.data());
    expect(elements.slice(8, 12)).toEqual([0, 0, 0, 0]);
    const variance = elements.reduce((sum, each) => sum + each * each, 0) / 1996;
    // Five standard errors of a variance from 1996 numbers.
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 1996));
  });
  it("says what it takes", () => {
    expect(() => new Embedding(4, 2, { paddingIndex: 4 })).toThrow(/paddingIndex is 4, but must be .* from -4 to 3/);
    expect(() => run(new Embedding(4, 2), { weight }, ones([3]))).toThrow(/integer/);
  });
});

/** A head whose matrix is another module's. */
class TiedHead extends Module {
  readonly weight: Parameter;
  constructor(weight: Parameter) {
    super();
    this.weight = weight;
  }
  override forward(x: Tensor): Tensor {
    return x.matmul(this.weight.value.t());
  }
}

class TiedModel extends Module {
  readonly tokens = new Embedding(4, 2);
  readonly head = new TiedHead(this.tokens.weight);
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.tokens.forward(x));
  }
}

describe("tied weights", () => {
  it("are listed once, and get the gradients of both uses", async () => {
    const model = new TiedModel();
    expect(describeModel(model).parameters).toEqual([{ name: "tokens.weight", shape: [4, 2], trainable: true }]);
    const weight = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    const y = run(model, { "tokens.weight": weight }, tensor(Int32Array.of(0, 2)));
    // Rows of W[0, 2] W^T.
    expect([...(await y.data())]).toEqual([5, 11, 17, 23, 17, 39, 61, 83]);
    // d(sum) = the sum of all rows at rows 0 and 2, and in each row the sum of rows 0 and 2.
    expect([...(await grad(y.sum(), [weight])[0].data())]).toEqual([22, 28, 6, 8, 22, 28, 6, 8]);
  });
});

describe("positions", () => {
  it("LearnedPositions adds a row a place, whose gradient is summed over samples", async () => {
    const weight = arange(6, "float32").reshape([3, 2]);
    const y = run(new LearnedPositions(3, 2), { weight }, zeros([2, 2, 2]));
    expect([...(await y.data())]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect([...(await grad(y.sum(), [weight])[0].data())]).toEqual([2, 2, 2, 2, 0, 0]);
    expect(() => run(new LearnedPositions(3, 2), { weight }, zeros([1, 4, 2]))).toThrow(/at most 3, 2\], but got/);
  });
  it("sinusoidal ones are sin and cos of place / 10000^(2 i / width)", async () => {
    const table = Array.from(await sinusoidalPositions(3, 4).data());
    const expected = [0, 1, 2].flatMap((place) => [
      Math.sin(place),
      Math.cos(place),
      Math.sin(place / 100),
      Math.cos(place / 100),
    ]);
    for (const [index, element] of table.entries()) expect(element).toBeCloseTo(expected[index], 6);
    expect(sinusoidalPositions(5, 3).shape).toEqual([5, 3]);
    const added = run(new SinusoidalPositions(), {}, zeros([1, 3, 4]));
    expect(Array.from(await added.data())).toEqual(table);
  });
});

describe("lastStep", () => {
  it("takes the last time, as a function and as a layer", async () => {
    const x = arange(12, "float32").reshape([2, 3, 2]);
    expect([...(await lastStep(x).data())]).toEqual([4, 5, 10, 11]);
    expect([...(await run(new LastStep(), {}, x).data())]).toEqual([4, 5, 10, 11]);
    expect([...(await run(new LastStep(0), {}, x).data())]).toEqual([6, 7, 8, 9, 10, 11]);
  });
});
