import { arange, checkpoint, grad, randomKey, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel } from "../binding.ts";
import { pattern, patternValues } from "../testing/patterns.ts";
import { LSTM } from "./lstm.ts";
import { TransformerBlock } from "./transformer-block.ts";

const randomness = { seed: randomKey(3), step: tensor(Uint32Array.of(1)), indices: arange(2).to("uint32") };

async function expectEqual(actual: readonly Tensor[], expected: readonly Tensor[]) {
  for (const [position, value] of expected.entries()) {
    const [left, right] = [await actual[position].data(), await value.data()];
    for (const [index, element] of Array.from(right).entries()) {
      expect(Math.abs(left[index] - element), `gradient ${position}, element ${index}`).toBeLessThan(2e-6);
    }
  }
}

describe("a layer in a checkpoint", () => {
  it("gives the gradients of the layer, its parameters' too, with the same dropout", async () => {
    const layer = new TransformerBlock(4, 2, { hidden: 6, dropout: 0.4 });
    const tensors = patternValues(layer);
    const x = pattern([2, 3, 4], 7, 13, 6, 8);
    const differentiate = (forward: (input: Tensor) => Tensor) => {
      const { result } = bindModel(layer, { tensors, training: true, randomness }, () => forward(x));
      return [result, ...grad(result.mul(pattern(result.shape, 3, 11, 4, 16)).sum(), [x, ...Object.values(tensors)])];
    };
    const plain = differentiate((input) => layer.forward(input));
    await expectEqual(differentiate(checkpoint((input) => layer.forward(input))), plain);
  });
  it("may be a loop itself", async () => {
    const layer = new LSTM(3, 2);
    const tensors = patternValues(layer);
    const x = pattern([3, 2, 3], 7, 13, 6, 8);
    const differentiate = (forward: (input: Tensor) => Tensor) => {
      const { result } = bindModel(layer, { tensors, training: false }, () => forward(x));
      return [result, ...grad(result.square().sum(), [x, ...Object.values(tensors)])];
    };
    const plain = differentiate((input) => layer.forward(input));
    await expectEqual(differentiate(checkpoint((input) => layer.forward(input))), plain);
  });
});
