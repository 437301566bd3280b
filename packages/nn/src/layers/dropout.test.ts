import { arange, ones, randomKey, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel } from "../binding.ts";
import type { Module } from "../module.ts";
import { Dropout } from "./dropout.ts";
import { Sequential } from "./sequential.ts";

function run(
  model: Module,
  x: Tensor,
  { seed = 1, step = 0, from = 0, training = true } = {},
): Promise<ArrayLike<number>> {
  const indices = arange(x.size(0), "int32").add(from).to("uint32");
  const randomness = { seed: randomKey(seed), step: tensor(Uint32Array.of(step)), indices };
  return bindModel(model, { tensors: {}, training, randomness }, () => model.forward(x)).result.data();
}

describe("Dropout", () => {
  const x = ones([6, 50]);
  it("zeroes about a share p and divides the rest by 1 - p", async () => {
    const elements = Array.from(await run(new Dropout(0.25), ones([100, 100])));
    const kept = elements.filter((element) => element !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.75)]));
    // Five standard deviations of a binomial share.
    expect(Math.abs(kept.length / 10_000 - 0.75)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 10_000));
  });
  it("draws the same mask for a sample, whoever computes it and with which others", async () => {
    const whole = Array.from(await run(new Dropout(), x));
    const first = Array.from(await run(new Dropout(), ones([2, 50])));
    const rest = Array.from(await run(new Dropout(), ones([4, 50]), { from: 2 }));
    expect([...first, ...rest]).toEqual(whole);
  });
  it("draws another mask for another step, seed or layer", async () => {
    const mask = async (options: object) => Array.from(await run(new Dropout(), x, options)).join();
    const masks = await Promise.all([mask({}), mask({ step: 1 }), mask({ seed: 2 })]);
    expect(new Set(masks).size).toBe(3);
    // Two layers with the same mask would leave half of the elements; with different ones a quarter is left.
    const both = Array.from(await run(new Sequential(new Dropout(), new Dropout()), ones([100, 100])));
    const share = both.filter((element) => element !== 0).length / both.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
  });
  it("passes everything on in evaluation", async () => {
    expect(new Set(Array.from(await run(new Dropout(), x, { training: false })))).toEqual(new Set([1]));
  });
  it("p = 1 leaves nothing, and other p are refused", async () => {
    expect(new Set(Array.from(await run(new Dropout(1), x)))).toEqual(new Set([0]));
    expect(() => new Dropout(1.5)).toThrow(/p is 1.5, but must be from 0 to 1/);
  });
  it("needs randomness in training", () => {
    const model = new Dropout();
    expect(() => bindModel(model, { tensors: {}, training: true }, () => model.forward(x))).toThrow(/randomness/);
  });
});
