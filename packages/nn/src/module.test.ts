import { randomKey, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel, describeModel, initialiseModel } from "./binding.ts";
import { init } from "./init.ts";
import { ReLU } from "./layers/activations.ts";
import { Conv2d } from "./layers/conv2d.ts";
import { Linear } from "./layers/linear.ts";
import { Sequential } from "./layers/sequential.ts";
import { Module } from "./module.ts";
import { Buffer, Parameter } from "./parameter.ts";

class Net extends Module {
  readonly features = new Sequential(new Conv2d(1, 6, 5), new ReLU());
  readonly head = new Linear(3, 2, { bias: false });
  readonly blocks = [new Linear(2, 2), new Linear(2, 1)];
  forward(x: Tensor): Tensor {
    return this.blocks.reduce((value, block) => block.forward(value), this.head.forward(x));
  }
}

class Counter extends Module {
  readonly scale = new Parameter([], init.ones);
  readonly count = new Buffer([], init.zeros);
  forward(x: Tensor): Tensor {
    if (this.training) this.count.update(this.count.value.add(1));
    return x.mul(this.scale.value);
  }
}

describe("Module", () => {
  it("names parameters as PyTorch does", () => {
    // torch: [n for n, _ in Net().named_parameters()]
    expect(new Net().namedParameters().map(([name]) => name)).toEqual([
      "features.0.weight",
      "features.0.bias",
      "head.weight",
      "blocks.0.weight",
      "blocks.0.bias",
      "blocks.1.weight",
      "blocks.1.bias",
    ]);
  });
  it("lists a shared layer once, by its first name", () => {
    const layer = new Linear(2, 2);
    expect(new Sequential(layer, layer).namedParameters().map(([name]) => name)).toEqual(["0.weight", "0.bias"]);
  });
  it("describes parameters and buffers; frozen parameters are not trainable", () => {
    const model = new Sequential(new Linear(2, 1), new Counter());
    model.at(0)?.requiresGrad(false);
    expect(describeModel(model)).toEqual({
      parameters: [
        { name: "0.weight", shape: [1, 2], trainable: false },
        { name: "0.bias", shape: [1], trainable: false },
        { name: "1.scale", shape: [], trainable: true },
      ],
      buffers: [{ name: "1.count", shape: [] }],
      statistics: [],
    });
  });
  it("a slice of a Sequential holds the same layers, numbered from 0", () => {
    const model = new Sequential(new Linear(2, 2), new ReLU(), new Linear(2, 1));
    const end = model.slice(1);
    expect([...end].map((layer) => layer === model.at(1) || layer === model.at(2))).toEqual([true, true]);
    expect(end.namedParameters().map(([name]) => name)).toEqual(["1.weight", "1.bias"]);
    expect(model.slice(-1).length).toBe(1);
  });
});

describe("bindModel", () => {
  const model = new Sequential(new Counter());
  const tensors = { "0.scale": tensor(3), "0.count": tensor(7) };
  it("gives parameters their values and collects what buffers become", async () => {
    const { result, bufferUpdates } = bindModel(model, { tensors, training: true }, () =>
      model.forward(tensor([1, 2])),
    );
    expect([...(await result.data())]).toEqual([3, 6]);
    expect(await bufferUpdates["0.count"].item()).toBe(8);
  });
  it("buffers stay in evaluation, and after eval() in training too", () => {
    const run = (training: boolean) => bindModel(model, { tensors, training }, () => model.forward(tensor(1)));
    expect(run(false).bufferUpdates).toEqual({});
    model.eval();
    expect(run(true).bufferUpdates).toEqual({});
    model.train();
    expect(Object.keys(run(true).bufferUpdates)).toEqual(["0.count"]);
  });
  it("captures what every module made, and leaves the modules as they were", async () => {
    const net = new Net();
    const values = initialiseModel(net, randomKey(0));
    const run = () => net.forward(tensor([[1, 2, 3]]));
    const { activations, result } = bindModel(net, { tensors: values, training: false, capture: true }, run);
    expect([...activations.keys()]).toEqual(["head", "blocks.0", "blocks.1"]);
    expect(activations.get("blocks.1")).toBe(result);
    expect(Object.hasOwn(net.head, "forward")).toBe(false);
  });
  it("says which tensor is missing, unknown or of the wrong shape", () => {
    const bind = (given: Record<string, Tensor>) => () =>
      bindModel(model, { tensors: given, training: false }, () => null);
    expect(bind({ "0.scale": tensor(1) })).toThrow(/no tensor for 0\.count/);
    expect(bind({ ...tensors, other: tensor(1) })).toThrow(/no other: it has 0\.scale, 0\.count/);
    expect(bind({ ...tensors, "0.scale": tensor([1, 2]) })).toThrow(/0\.scale has shape \[\], but its tensor \[2\]/);
  });
  it("a parameter has no value outside", () => {
    expect(() => model.forward(tensor(1))).toThrow(expect.objectContaining({ code: "UNBOUND" }));
  });
});

describe("initialisers", () => {
  const key = randomKey(3);
  const within = async (values: Tensor, bound: number, deviation: number) => {
    const elements = Array.from(await values.data());
    const mean = elements.reduce((sum, each) => sum + each, 0) / elements.length;
    const variance = elements.reduce((sum, each) => sum + (each - mean) ** 2, 0) / elements.length;
    expect(Math.max(...elements.map(Math.abs))).toBeLessThanOrEqual(bound);
    // Five standard errors of the mean, and of the deviation of normal numbers (uniform ones vary less).
    expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(elements.length));
    expect(Math.abs(Math.sqrt(variance) / deviation - 1)).toBeLessThan(5 / Math.sqrt(2 * elements.length));
  };
  // A kernel [20, 10, 3, 3] has fan in 90 and fan out 180 (torch.nn.init._calculate_fan_in_and_fan_out).
  const shape = [20, 10, 3, 3];
  it("kaimingUniform is within sqrt(6 / fan)", async () => {
    const bound = Math.sqrt(6 / 90);
    await within(init.kaimingUniform()(key, shape), bound, bound / Math.sqrt(3));
    const outward = Math.sqrt(6 / 180);
    await within(init.kaimingUniform({ mode: "fanOut" })(key, shape), outward, outward / Math.sqrt(3));
  });
  it("xavierUniform is within sqrt(6 / (in + out))", async () => {
    const bound = Math.sqrt(6 / 270);
    await within(init.xavierUniform()(key, shape), bound, bound / Math.sqrt(3));
  });
  it("the normal ones have the deviation that is asked for", async () => {
    await within(init.kaimingNormal()(key, shape), Number.POSITIVE_INFINITY, Math.sqrt(2 / 90));
    await within(init.xavierNormal()(key, shape), Number.POSITIVE_INFINITY, Math.sqrt(2 / 270));
    await within(init.normal(0, 0.02)(key, shape), Number.POSITIVE_INFINITY, 0.02);
  });
  it("Linear and Conv2d start as in PyTorch: weight and bias within 1 / sqrt(fan in)", async () => {
    const model = new Sequential(new Linear(64, 50), new Conv2d(4, 12, 5, { groups: 2 }));
    const values = initialiseModel(model, key);
    await within(values["0.weight"], 1 / 8, 1 / 8 / Math.sqrt(3));
    await within(values["0.bias"], 1 / 8, 1 / 8 / Math.sqrt(3));
    const bound = 1 / Math.sqrt(2 * 25);
    await within(values["1.weight"], bound, bound / Math.sqrt(3));
  });
  it("parameters of one shape start different, and the same key gives the same values", async () => {
    const model = new Sequential(new Linear(4, 4), new Linear(4, 4));
    const [first, again] = [initialiseModel(model, key), initialiseModel(model, randomKey(3))];
    expect(await first["0.weight"].data()).not.toEqual(await first["1.weight"].data());
    expect(await first["0.weight"].data()).toEqual(await again["0.weight"].data());
  });
});
