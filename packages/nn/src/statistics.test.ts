import { ones, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel, describeModel, settleStatistics } from "./binding.ts";
import { init } from "./init.ts";
import { Sequential } from "./layers/sequential.ts";
import { Module } from "./module.ts";
import { Buffer } from "./parameter.ts";
import { realSamples, Statistics } from "./statistics.ts";

/** Counts the real samples it has seen, step by step. */
class SampleCounter extends Module {
  readonly seen = new Buffer([], init.zeros);
  readonly counted = new Statistics(1, (sums) => this.seen.update(this.seen.value.add(sums.select(0, 0))));
  override forward(x: Tensor): Tensor {
    const real = realSamples("SampleCounter", x.size(0)) ?? ones([x.size(0)]);
    if (this.training) this.counted.record(real.sum().reshape([1]));
    return x;
  }
}

const x = tensor([[1], [2], [3]]);
const weights = tensor([1, 1, 0]);

describe("Statistics", () => {
  it("are named as buffers are, with their length", () => {
    expect(describeModel(new Sequential(new SampleCounter())).statistics).toEqual([{ name: "0.counted", length: 1 }]);
  });
  it("are recorded in training, over the real samples, and settle into buffers", async () => {
    const model = new Sequential(new SampleCounter());
    const tensors = { "0.seen": tensor(10) };
    const { statistics, bufferUpdates } = bindModel(model, { tensors, training: true, weights }, () =>
      model.forward(x),
    );
    expect(bufferUpdates).toEqual({});
    const settled = settleStatistics(model, tensors, statistics);
    expect(await settled["0.seen"]?.item()).toBe(12);
    expect(bindModel(model, { tensors, training: false }, () => model.forward(x)).statistics).toEqual({});
  });
  it("of a layer that runs twice add up", async () => {
    const layer = new SampleCounter();
    const { statistics } = bindModel(layer, { tensors: { seen: tensor(0) }, training: true }, () =>
      layer.forward(layer.forward(x)),
    );
    expect(await statistics.counted?.item()).toBe(6);
  });
  it("say what they take", () => {
    const layer = new SampleCounter();
    const tensors = { seen: tensor(0) };
    expect(() => bindModel(layer, { tensors, training: true }, () => layer.counted.record(tensor([1, 2])))).toThrow(
      /Statistics of length 1 cannot take \[2\]/,
    );
    expect(() => layer.counted.record(tensor([1]))).toThrow(expect.objectContaining({ code: "UNBOUND" }));
    expect(() => settleStatistics(layer, tensors, {})).toThrow(/There are no sums for counted/);
    expect(() =>
      bindModel(layer, { tensors, training: true, weights: tensor([1, 1]) }, () => layer.forward(x)),
    ).toThrow(/a row for each of the microbatch's 2 samples, but got 3/);
  });
});
