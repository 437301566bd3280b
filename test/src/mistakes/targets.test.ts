import {
  BatchNorm1d,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  Linear,
  mseLoss,
  nllLoss,
  Sequential,
  type Tensor,
} from "tributary";
import { describe, expect, it } from "vitest";
import { data, errorOf, floats, labels, type Mistake, train } from "./mistaken-run.ts";

/** One label of 8 is another one. */
function labelled(sample: number, label: number): Int32Array {
  return labels().with(sample, label);
}

describe("targets of the wrong dtype or shape", () => {
  it("numbers where crossEntropy takes classes", async () => {
    const floatLabels = () => ({ data: data({ train: { targets: floats(8, 1) } }) });
    expect(await errorOf(floatLabels)).toEqual({
      code: "DTYPE_MISMATCH",
      message:
        "crossEntropy takes class indices as integers, but the targets are float32[2]: store them as int32 (Int32Array), or probabilities float32 [2, 3]",
    });
    expect(await errorOf(() => ({ ...floatLabels(), loss: nllLoss }))).toMatchObject({
      code: "DTYPE_MISMATCH",
      message: expect.stringMatching(/^nllLoss takes class indices as integers/),
    });
  });

  it("a column of classes, and one-hot rows of integers", async () => {
    const column = data({ fields: { inputs: [4], targets: [1] } });
    expect(await errorOf(() => ({ data: column }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/but got outputs \[2, 3\] and targets \[2, 1\]: give one index a sample/),
    });
    const oneHot = data({ fields: { inputs: [4], targets: [3] }, train: { targets: labels(24) } });
    expect(await errorOf(() => ({ data: oneHot }))).toMatchObject({
      message: expect.stringMatching(/outputs \[2, 3\] and targets \[2, 3\]: .*store one-hot targets as float32/),
    });
  });

  it("numbers [M] for a regression whose outputs are [M, 1]: never broadcast", async () => {
    const regression = { model: () => new Linear(4, 1), metrics: {}, data: data({ train: { targets: floats(8) } }) };
    for (const loss of [mseLoss, binaryCrossEntropyWithLogits]) {
      expect(await errorOf(() => ({ ...regression, loss }))).toMatchObject({
        code: "SHAPE_MISMATCH",
        message: expect.stringMatching(/^(mseLoss|binaryCross\w+) takes .* \[2, 1\] and \[2\]: reshape one of them/),
      });
    }
  });
});

describe("labels out of range", () => {
  const refused = async (sample: number, label: number, mistake: Mistake = {}) =>
    errorOf(() => ({ data: data({ train: { targets: labelled(sample, label) } }), ...mistake }));

  it("name sample, label and the number of classes, before anything is trained", async () => {
    expect(await refused(5, 3)).toEqual({
      code: "LABEL_OUT_OF_RANGE",
      message:
        "Sample 5 of train has 3 in targets, but crossEntropy takes 0 to 2 or -100 (3 classes): mend the value, or raise the number of classes",
    });
    expect(await refused(0, -1)).toMatchObject({
      message: expect.stringMatching(/^Sample 0 of train has -1 in targets/),
    });
    const test = { inputs: floats(8), targets: Int32Array.of(2, 7) };
    expect(await errorOf(() => ({ data: data({ test }) }))).toMatchObject({
      code: "LABEL_OUT_OF_RANGE",
      message: expect.stringMatching(/^Sample 1 of test has 7 in targets/),
    });
  });

  it("are seen through a loss of one's own, a reshape and small integers", async () => {
    const loss = (outputs: Tensor, targets: Tensor) =>
      crossEntropy(outputs, targets.reshape([-1]), { labelSmoothing: 0.1 });
    const column = data({
      fields: { inputs: [4], targets: [1] },
      train: { targets: Uint8Array.from(labelled(6, 9)) },
    });
    expect(await errorOf(() => ({ data: column, loss, metrics: {} }))).toMatchObject({
      code: "LABEL_OUT_OF_RANGE",
      message: expect.stringMatching(/^Sample 6 of train has 9 at \[0\] of targets/),
    });
    expect(await refused(2, 3, { loss: nllLoss })).toMatchObject({
      message: expect.stringMatching(/but nllLoss takes/),
    });
  });

  it("count classes in places of an image or a text, too", async () => {
    const places = data({ fields: { inputs: [4, 1], targets: [1] }, train: { targets: labelled(3, 4) } });
    expect(await errorOf(() => ({ data: places, model: () => new Linear(1, 1), metrics: {} }))).toMatchObject({
      message: expect.stringMatching(/^Sample 3 of train has 4 at \[0\] of targets.*0 to 3 or -100 \(4 classes\)/),
    });
  });

  it("are fine where the loss ignores them, and where the data makes something else of them first", async () => {
    const ignored = (outputs: Tensor, targets: Tensor) => crossEntropy(outputs, targets, { ignoreIndex: 255 });
    const changed = (outputs: Tensor, targets: Tensor) => crossEntropy(outputs, targets.minimum(2));
    for (const loss of [ignored, changed]) {
      const trained = train(() => ({ loss, data: data({ train: { targets: labelled(5, 255) } }) }));
      expect(await trained).toContain("finished");
    }
    const filtered = data({ train: { targets: labelled(5, 3) } }).filter(({ targets }) => Number(targets) < 3);
    expect(await train(() => ({ data: filtered }))).toContain("finished");
  });
});

describe("a loss that is written wrongly", () => {
  const losses: readonly (readonly [string, (outputs: Tensor, targets: Tensor) => unknown, RegExp])[] = [
    [
      "gives the mean",
      (o, t) => crossEntropy(o, t).values.mean(),
      /one tensor, float32\[\]: return \{ values, weights \}/,
    ],
    [
      "sums over the samples",
      (o, t) => ({ ...crossEntropy(o, t), values: o.sum() }),
      /values of float32\[\], .*float32 \[2\]/,
    ],
    [
      "gives a number a class",
      (o, t) => ({ ...crossEntropy(o, t), values: o }),
      /values of float32\[2, 3\], .*float32 \[2\]/,
    ],
    ["forgets the weights", (o, t) => ({ values: crossEntropy(o, t).values }), /no tensor values|no tensor weights/],
    ["returns nothing", () => undefined, /no tensor values: return/],
    [
      "gives weights of integers",
      (o, t) => ({ ...crossEntropy(o, t), weights: t }),
      /weights of int32\[2\].*float32 \[2\]/,
    ],
  ];

  it.each(losses)("%s", async (_, loss, message) => {
    expect(await errorOf(() => ({ loss }))).toMatchObject({
      code: "RUN_SHAPE",
      message: expect.stringMatching(message),
    });
  });

  it("or is none", async () => {
    expect(await errorOf(() => ({ loss: "mse" }))).toEqual({
      code: "RUN_INVALID",
      message: "loss is mse: give a function, such as crossEntropy",
    });
  });
});

describe("a layer that couples samples", () => {
  it("must keep them in the first dimension", async () => {
    class Turned extends Sequential {
      override forward(x: Tensor): Tensor {
        return super.forward(x.t()).t();
      }
    }
    const model = () => new Sequential(new Turned(new BatchNorm1d(2)), new Linear(4, 3));
    expect(await errorOf(() => ({ model }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/^Layer 0.0 \(BatchNorm1d\)|^Layer 0.0: BatchNorm1d/),
    });
  });
});
