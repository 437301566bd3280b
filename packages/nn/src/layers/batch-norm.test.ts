import { concat, grad, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel, settleStatistics } from "../binding.ts";
import type { Module } from "../module.ts";
import { expectNear } from "../testing/expect-near.ts";
import { pattern } from "../testing/patterns.ts";
import { BatchNorm1d, BatchNorm2d } from "./batch-norm.ts";
import { expectLayer, outputOf } from "./testing/layer-check.ts";

// Expected numbers: PyTorch 1.13, float64, on the same patterns.

/** Running mean and variance before a step, and PyTorch's scale and shift. */
function tensorsOf(channels: number) {
  return {
    weight: pattern([channels], 3, 7, 2),
    bias: pattern([channels], 2, 5, 1),
    running_mean: pattern([channels], 3, 5, 1),
    running_var: pattern([channels], 3, 5, -2),
  };
}

/** What the buffers become by a step of these microbatches. */
function settled(layer: Module, channels: number, microbatches: readonly { x: Tensor; weights?: Tensor }[]) {
  const tensors = tensorsOf(channels);
  const recorded = microbatches.map(({ x, weights }) => {
    const binding = { tensors, training: true, ...(weights === undefined ? {} : { weights }) };
    return bindModel(layer, binding, () => layer.forward(x)).statistics.statistics ?? tensor([]);
  });
  const statistics = recorded.reduce((sum, each) => sum.add(each));
  const { running_mean, running_var } = tensors;
  return settleStatistics(layer, { running_mean, running_var }, { statistics });
}

describe("batch normalisation of features", () => {
  it("normalises by the microbatch in training", async () => {
    await expectLayer(
      new BatchNorm1d(3),
      {
        x: pattern([4, 3], 5, 11, 5),
        tensors: {
          weight: pattern([3], 3, 7, 2),
          bias: pattern([3], 2, 5, 1),
          running_mean: pattern([3], 3, 5, 1),
          running_var: pattern([3], 3, 5, -2),
        },
        training: true,
      },
      [4, 3],
      {
        y: [
          0.2720883, 0.2000006, 2.063057, -0.3704819, 0.5999955, 0.2247772, -1.013052, -0.09999552, 1.275223, 0.1114457,
          0.2999994, -0.5630571,
        ],
        x: [
          0.3876165, -0.3079959, 0.6248373, 0.1824067, -0.04400087, 1.562084, -0.02280315, 0.04400087, -1.562084,
          -0.54722, 0.3079959, -0.6248373,
        ],
        weight: [0.5622489, -0.3999949, 0.8534871],
        bias: [-3, 2, 0.5],
      },
    );
  });
  it("normalises by the running statistics in evaluation", async () => {
    await expectLayer(
      new BatchNorm1d(3),
      {
        x: pattern([4, 3], 5, 11, 5),
        tensors: {
          weight: pattern([3], 3, 7, 2),
          bias: pattern([3], 2, 5, 1),
          running_mean: pattern([3], 3, 5, 1),
          running_var: pattern([3], 3, 5, -2),
        },
      },
      [4, 3],
      {
        y: [
          0.4570997, 0.138197, 2.193366, -0.25, 0.361803, 0.1726536, -0.9570997, -0.02950738, 1.327346, 0.2803248,
          0.1940985, -0.6933661,
        ],
        x: [
          1.06065, -0.05590148, 1.154693, 0.7070997, 0.05590148, 1.732039, 0.3535499, 0.1677044, -1.443366, 0,
          0.2795074, -0.8660196,
        ],
        weight: [1.414199, -0.8944236, 0.9381879],
        bias: [-3, 2, 0.5],
      },
    );
  });
  it("keeps running statistics, with the unbiased variance", async () => {
    const { running_mean, running_var } = settled(new BatchNorm1d(3), 3, [{ x: pattern([4, 3], 5, 11, 5) }]);
    await expectNear(running_mean, [-0.26875, 0.4625, 0]);
    await expectNear(running_var, [0.5307292, 1.177083, 0.7958333]);
  });
});

describe("batch normalisation of sequences", () => {
  it("normalises by the microbatch in training", async () => {
    await expectLayer(
      new BatchNorm1d(2),
      {
        x: pattern([3, 2, 2], 5, 11, 5),
        tensors: {
          weight: pattern([2], 3, 7, 2),
          bias: pattern([2], 2, 5, 1),
          running_mean: pattern([2], 3, 5, 1),
          running_var: pattern([2], 3, 5, -2),
        },
        training: true,
      },
      [3, 2, 2],
      {
        y: [
          0.4042747, -0.3808549, 0.61596, 0.176808, -1.008959, -0.06680307, 0.469576, 0.03042399, -0.6949068, 0.2472488,
          0.323192, -0.11596,
        ],
        x: [
          0.7270529, 0.04302054, 0.1045621, -0.299042, -0.1901535, -1.0966, -0.273946, 0.273946, 0.7115632, -0.1948832,
          0.299042, -0.1045621,
        ],
        weight: [0.6150183, 2.122568],
        bias: [-1.25, 0.75],
      },
    );
  });
  it("normalises by the running statistics in evaluation", async () => {
    await expectLayer(
      new BatchNorm1d(2),
      {
        x: pattern([3, 2, 2], 5, 11, 5),
        tensors: {
          weight: pattern([2], 3, 7, 2),
          bias: pattern([2], 2, 5, 1),
          running_mean: pattern([2], 3, 5, 1),
          running_var: pattern([2], 3, 5, -2),
        },
      },
      [3, 2, 2],
      {
        y: [
          0.4570997, -0.4267749, 0.4177044, 0.08229557, -1.133875, -0.07322507, 0.3059015, -0.02950738, -0.7803248,
          0.2803248, 0.1940985, -0.1413103,
        ],
        x: [
          1.06065, 0.1767749, 0.2236059, -0.2236059, -0.1767749, -1.06065, -0.111803, 0.1677044, 0.8838746, 0,
          0.2795074, -0.1677044,
        ],
        weight: [0.6187122, 1.285734],
        bias: [-1.25, 0.75],
      },
    );
  });
  it("keeps running statistics, with the unbiased variance", async () => {
    const { running_mean, running_var } = settled(new BatchNorm1d(2), 2, [{ x: pattern([3, 2, 2], 5, 11, 5) }]);
    await expectNear(running_mean, [-0.2458333, 0.45]);
    await expectNear(running_var, [0.5260417, 1.2125]);
  });
});

describe("batch normalisation of images", () => {
  it("normalises by the microbatch in training", async () => {
    await expectLayer(
      new BatchNorm2d(3),
      {
        x: pattern([2, 3, 2, 2], 5, 11, 5),
        tensors: {
          weight: pattern([3], 3, 7, 2),
          bias: pattern([3], 2, 5, 1),
          running_mean: pattern([3], 3, 5, 1),
          running_var: pattern([3], 3, 5, -2),
        },
        training: true,
      },
      [2, 3, 2, 2],
      {
        y: [
          0.6413992, -0.1172384, -0.8758761, 0.03448912, 0.5827553, 0.0503468, 0.4940206, -0.03838796, 2.081021,
          -0.04861281, 1.726082, -0.4035518, -0.1172384, -0.8758761, 0.03448912, -0.7241485, 0.0503468, 0.4940206,
          -0.03838796, 0.4052858, -0.04861281, 1.726082, -0.4035518, 1.371143,
        ],
        x: [
          0.2661308, -0.07335209, -0.412835, 0.2979996, 0.1788631, 0.318609, -0.1379958, 0.001750066, -1.627971,
          -0.08803428, 1.882293, -1.191978, -0.5285347, 1.10444, -0.157183, -0.4966659, -0.5687386, 0.1282084,
          0.2679543, -0.1886505, 0.9767828, -1.667098, -0.1271606, 1.843166,
        ],
        weight: [3.641461, -3.216635, -0.6211433],
        bias: [-2, 2.25, 0],
      },
    );
  });
  it("normalises by the running statistics in evaluation", async () => {
    await expectLayer(
      new BatchNorm2d(3),
      {
        x: pattern([2, 3, 2, 2], 5, 11, 5),
        tensors: {
          weight: pattern([3], 3, 7, 2),
          bias: pattern([3], 2, 5, 1),
          running_mean: pattern([3], 3, 5, 1),
          running_var: pattern([3], 3, 5, -2),
        },
      },
      [2, 3, 2, 2],
      {
        y: [
          0.4570997, -0.4267749, -1.31065, -0.25, 0.361803, 0.0263941, 0.3059015, -0.02950738, 1.327346, -0.4046928,
          1.038673, -0.6933661, -0.4267749, -1.31065, -0.25, -1.133875, 0.0263941, 0.3059015, -0.02950738, 0.25,
          -0.4046928, 1.038673, -0.6933661, 0.75,
        ],
        x: [
          1.06065, 0.1767749, -0.7070997, 0.7070997, 0.05590148, 0.3354089, -0.111803, 0.1677044, -1.443366, 0,
          1.443366, -0.8660196, -0.3535499, 1.06065, 0.1767749, -0.7070997, -0.2236059, 0.05590148, 0.3354089,
          -0.111803, 0.8660196, -1.443366, 0, 1.443366,
        ],
        weight: [2.916786, -2.906877, -0.5051781],
        bias: [-2, 2.25, 0],
      },
    );
  });
  it("keeps running statistics, with the unbiased variance", async () => {
    const { running_mean, running_var } = settled(new BatchNorm2d(3), 3, [{ x: pattern([2, 3, 2, 2], 5, 11, 5) }]);
    await expectNear(running_mean, [-0.203125, 0.45625, -0.04375]);
    await expectNear(running_var, [0.527567, 1.181696, 0.7316964]);
  });
});

describe("real samples", () => {
  const x = pattern([4, 3], 5, 11, 5);
  const padded = concat([
    x,
    tensor([
      [1e6, -7, 3],
      [5, 5, 5],
    ]),
  ]);
  const weights = tensor([1, 1, 1, 1, 0, 0]);

  it("alone decide how they are normalised, and get the same derivatives", async () => {
    const layer = new BatchNorm1d(3);
    const tensors = tensorsOf(3);
    const whole = outputOf(layer, { x, tensors, training: true });
    const part = outputOf(layer, { x: padded, tensors, training: true, weights }).narrow(0, 0, 4);
    await expectNear(part, [...(await whole.data())]);
    const slope = pattern([4, 3], 5, 13, 6);
    const [expected] = grad(whole.mul(slope).sum(), [x]);
    const [derivative] = grad(part.mul(slope).sum(), [padded]);
    await expectNear(derivative, [...((await expected?.data()) ?? []), 0, 0, 0, 0, 0, 0]);
  });

  it("alone count in the running statistics", async () => {
    const { running_mean, running_var } = settled(new BatchNorm1d(3), 3, [{ x: padded, weights }]);
    const alone = settled(new BatchNorm1d(3), 3, [{ x }]);
    await expectNear(running_mean, [...((await alone.running_mean?.data()) ?? [])]);
    await expectNear(running_var, [...((await alone.running_var?.data()) ?? [])]);
  });

  it("give the same running statistics, however a step is cut into microbatches", async () => {
    const cut = settled(new BatchNorm1d(3), 3, [
      { x: x.narrow(0, 0, 1) },
      { x: concat([x.narrow(0, 1, 3), tensor([[9, 9, 9]])]), weights: tensor([1, 1, 1, 0]) },
    ]);
    const whole = settled(new BatchNorm1d(3), 3, [{ x }]);
    await expectNear(cut.running_mean, [...((await whole.running_mean?.data()) ?? [])]);
    await expectNear(cut.running_var, [...((await whole.running_var?.data()) ?? [])]);
  });

  it("must be as many as the input has rows", () => {
    const inputs = { x, tensors: tensorsOf(3), training: true, weights: tensor([1, 1]) };
    expect(() => outputOf(new BatchNorm1d(3), inputs)).toThrow(
      /a row for each of the microbatch's 2 samples, but got 4/,
    );
  });
});

describe("a layer that stays in evaluation", () => {
  it("records nothing, and its running statistics stay", async () => {
    const layer = new BatchNorm1d(3).eval();
    const tensors = tensorsOf(3);
    const x = pattern([4, 3], 5, 11, 5);
    expect(bindModel(layer, { tensors, training: true }, () => layer.forward(x)).statistics).toEqual({});
    const { running_mean, running_var } = tensors;
    const after = settleStatistics(layer, { running_mean, running_var }, { statistics: tensor([0, 0, 0, 0, 0, 0, 0]) });
    await expectNear(after.running_mean, [...(await running_mean.data())]);
    await expectNear(after.running_var, [...(await running_var.data())]);
  });
});
