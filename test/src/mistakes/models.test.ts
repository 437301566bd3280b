import {
  AvgPool2d,
  Conv2d,
  Embedding,
  Flatten,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  type Tensor,
} from "tributary";
import { describe, expect, it } from "vitest";
import { data, errorOf, train } from "./mistaken-run.ts";

/** Images of 2 x 2 pixels. */
const images = () => data({ fields: { inputs: [1, 2, 2], targets: [] } });

describe("a run that nothing is wrong with", () => {
  it("trains", async () => {
    expect(await train(() => ({}))).toEqual(["step", "step", "epoch", "finished"]);
  });
});

describe("a layer that does not fit", () => {
  it("a Linear made for other features: names the layer, both shapes and what would fit", async () => {
    expect(await errorOf(() => ({ model: () => new Linear(5, 3) }))).toEqual({
      code: "SHAPE_MISMATCH",
      message: "Linear takes [..., 5], but got [2, 4]: flatten the input, or make the layer for 4 features",
    });
    const deep = () => new Sequential(new Linear(4, 8), new ReLU(), new Sequential(new ReLU(), new Linear(9, 3)));
    expect(await errorOf(() => ({ model: deep }))).toEqual({
      code: "SHAPE_MISMATCH",
      message: "Layer 2.1: Linear takes [..., 9], but got [2, 8]: flatten the input, or make the layer for 8 features",
    });
    expect(await errorOf(() => ({ data: images() }))).toMatchObject({
      message: "Linear takes [..., 4], but got [2, 1, 2, 2]: flatten the input, or make the layer for 2 features",
    });
  });

  it("a Conv2d or pool that is given flat inputs", async () => {
    const convolution = () => new Sequential(new Conv2d(1, 4, 3), new Flatten(), new Linear(4, 3));
    expect(await errorOf(() => ({ model: convolution }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/^Layer 0: Conv2d takes \[samples, 1, height, width\], but got \[2, 4\]: reshape/),
    });
    for (const pool of [new MaxPool2d(2), new AvgPool2d(2)]) {
      expect(
        await errorOf(() => ({ model: () => new Sequential(pool, new Flatten(), new Linear(1, 3)) })),
      ).toMatchObject({
        code: "SHAPE_MISMATCH",
        message: expect.stringMatching(/^Layer 0.*Pool2d.*\[2, 4\]/),
      });
    }
  });

  it("a Conv2d with other channels, or a kernel larger than the image", async () => {
    const model = (channels: number, kernel: number) => () =>
      new Sequential(new Conv2d(channels, 4, kernel), new Flatten(), new Linear(4, 3));
    expect(await errorOf(() => ({ data: images(), model: model(3, 2) }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/Conv2d takes \[samples, 3, height, width\], but got \[2, 1, 2, 2\]/),
    });
    expect(await errorOf(() => ({ data: images(), model: model(1, 3) }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/^Layer 0 \(Conv2d\): .*3 x 3 does not fit into 2 x 2.*: use a smaller kernel/),
    });
  });

  it("an LSTM that is given vectors instead of sequences", async () => {
    expect(await errorOf(() => ({ model: () => new Sequential(new LSTM(4, 3)) }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/^Layer 0: LSTM takes .*\[2, 4\]/),
    });
  });

  it("an Embedding of numbers that are no indices, or of indices it has no row for", async () => {
    const model = () => new Sequential(new Embedding(5, 2), new Flatten(), new Linear(8, 3));
    expect(await errorOf(() => ({ model }))).toMatchObject({
      code: "DTYPE_MISMATCH",
      message: expect.stringMatching(/^Layer 0 \(Embedding\): .*float32\[2, 4\].*integer/),
    });
    const tokens = Int32Array.from({ length: 32 }, (_, index) => (index === 22 ? 5 : index % 5));
    expect(await errorOf(() => ({ model, data: data({ train: { inputs: tokens } }) }))).toEqual({
      code: "LABEL_OUT_OF_RANGE",
      message:
        "Sample 5 of train has 5 at [2] of inputs, but Embedding takes 0 to 4 (5 rows): mend the value, or raise the number of rows",
    });
  });
});

/** A model around a layer, of which a user wrote what is done with the layer's output. */
function modelOf(forward: (y: Tensor) => unknown): () => Module {
  return () => {
    class Written extends Module {
      readonly layer = new Linear(4, 3);
      override forward(x: Tensor): Tensor {
        return forward(this.layer.forward(x)) as Tensor;
      }
    }
    return new Written();
  };
}

describe("a model that is written wrongly", () => {
  it("asks for a value while it is traced", async () => {
    const asks = modelOf((y) => {
      y.data();
      return y;
    });
    expect(await errorOf(() => ({ model: asks }))).toMatchObject({
      code: "VALUE_IN_TRACE",
      message: expect.stringMatching(/float32\[2, 3\] was asked for while a function is traced.*where\(\)/),
    });
    const awaits = modelOf(async (y) => {
      await y.item();
      return y;
    });
    expect(await errorOf(() => ({ model: awaits }))).toEqual({
      code: "NOT_A_TENSOR",
      message:
        "The model (Written) gives a promise: take away async and await, because values do not exist yet while code is traced",
    });
  });

  it("compares or adds tensors with operators of the language", async () => {
    const compares = modelOf((y) => ((y.sum() as unknown as number) > 0 ? y : y.neg()));
    const adds = modelOf((y) => (y as unknown as number) + 1);
    for (const model of [compares, adds]) {
      expect(await errorOf(() => ({ model }))).toMatchObject({
        code: "NOT_A_NUMBER",
        message: expect.stringMatching(/applied to a tensor, float32\[.*: use its methods \(add, lt, where\)/),
      });
    }
  });

  it("gives nothing, the model itself or in one of its layers", async () => {
    const nothing = modelOf(() => undefined);
    expect(await errorOf(() => ({ model: nothing }))).toEqual({
      code: "NOT_A_TENSOR",
      message: "The model (Written) gives nothing, not a tensor: return one",
    });
    expect(await errorOf(() => ({ model: () => new Sequential(nothing(), new ReLU()) }))).toEqual({
      code: "NOT_A_TENSOR",
      message: "Layer 0 (Written) gives nothing, not a tensor: return one",
    });
  });

  it("has nothing to learn", async () => {
    expect(await errorOf(() => ({ model: () => new Flatten() }))).toEqual({
      code: "RUN_INVALID",
      message: "The model has no trainable parameter: add a layer that has some, or unfreeze one",
    });
    expect(await errorOf(() => ({ model: () => new Linear(4, 3).requiresGrad(false) }))).toMatchObject({
      message: expect.stringMatching(/no trainable parameter/),
    });
  });

  it("is no model, or has layers that are none", async () => {
    const messages = await Promise.all(
      [new Linear(4, 3), () => undefined, async () => new Linear(4, 3)].map((model) => errorOf(() => ({ model }))),
    );
    expect(messages).toMatchObject([
      { code: "RUN_INVALID", message: "model is an object of Linear: write model: () => new Sequential(...)" },
      { code: "RUN_INVALID", message: expect.stringMatching(/^The function model gives nothing: return a Module/) },
      { code: "RUN_INVALID", message: expect.stringMatching(/^The function model gives a promise: return a Module/) },
    ]);
    const relu = ((x: Tensor) => x.relu()) as unknown as Module;
    const list = [new Linear(4, 3)] as unknown as Module;
    expect(await errorOf(() => ({ model: () => new Sequential(new Linear(4, 3), relu) }))).toMatchObject({
      message: "Sequential: layer 1 is of type function, but must be a Module",
    });
    expect(await errorOf(() => ({ model: () => new Sequential(list) }))).toMatchObject({
      message: "Sequential: layer 0 is a list, but must be one Module: write three points before the list",
    });
  });
});
