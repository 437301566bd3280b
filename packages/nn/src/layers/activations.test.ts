import { grad, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { expectNear } from "../testing/expect-near.ts";
import { pattern } from "../testing/patterns.ts";
import {
  ELU,
  GELU,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU6,
  SELU,
  SiLU,
  Softmax,
  Softplus,
  Softsign,
} from "./activations.ts";
import { expectLayer, outputOf } from "./testing/layer-check.ts";

// Expected numbers: PyTorch 1.13, float64, at the same places.

describe("activations of one number", () => {
  // Kinks are among them: -3, 0, 3 and 6.
  const x = tensor([-4, -3, -1.5, -0.1, 0, 0.1, 1, 2.9, 3, 6, 6.5, 25]);
  it.each([
    {
      name: "ReLU6",
      layer: new ReLU6(),
      values: [0, 0, 0, 0, 0, 0.1, 1, 2.9, 3, 6, 6, 6],
      slopes: [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0],
    },
    {
      name: "LeakyReLU",
      layer: new LeakyReLU(0.1),
      values: [-0.4, -0.3, -0.15, -0.01, 0, 0.1, 1, 2.9, 3, 6, 6.5, 25],
      slopes: [0.1, 0.1, 0.1, 0.1, 0.1, 1, 1, 1, 1, 1, 1, 1],
    },
    {
      name: "ELU",
      layer: new ELU(1.5),
      values: [-1.472527, -1.425319, -1.165305, -0.1427439, 0, 0.1, 1, 2.9, 3, 6, 6.5, 25],
      slopes: [0.02747346, 0.0746806, 0.3346952, 1.357256, 1.5, 1, 1, 1, 1, 1, 1, 1],
    },
    {
      name: "SELU",
      layer: new SELU(),
      values: [
        -1.725899, -1.670569, -1.365814, -0.1673053, 0, 0.1050701, 1.050701, 3.047033, 3.152103, 6.304206, 6.829556,
        26.26752,
      ],
      slopes: [
        0.03220071, 0.08753061, 0.392285, 1.590794, 1.758099, 1.050701, 1.050701, 1.050701, 1.050701, 1.050701,
        1.050701, 1.050701,
      ],
    },
    {
      name: "SiLU",
      layer: new SiLU(),
      values: [
        -0.07194484, -0.1422776, -0.2736383, -0.04750208, 0, 0.05249792, 0.7310586, 2.748755, 2.857722, 5.985164,
        6.490242, 25,
      ],
      slopes: [
        -0.05266461, -0.08810411, -0.04129415, 0.4500832, 0.5, 0.5499168, 0.9276705, 1.091204, 1.088104, 1.012326,
        1.008242, 1,
      ],
    },
    {
      name: "Mish",
      layer: new Mish(),
      values: [
        -0.07259174, -0.1456475, -0.2980997, -0.05678858, 0, 0.06317942, 0.8650984, 2.884267, 2.986535, 5.999927,
        6.499971, 25,
      ],
      slopes: [
        -0.05377321, -0.09339311, -0.06409782, 0.5357028, 0.6, 0.6633368, 1.049036, 1.024319, 1.021107, 1.000134,
        1.000054, 1,
      ],
    },
    {
      name: "Softplus",
      layer: new Softplus(),
      values: [
        0.01814993,
        0.04858735,
        0.2014133,
        0.6443967,
        Math.LN2,
        0.7443967,
        1.313262,
        2.953563,
        3.048587,
        6.002476,
        6.501502,
        25,
      ],
      slopes: [
        0.01798621, 0.04742587, 0.1824255, 0.4750208, 0.5, 0.5249792, 0.7310586, 0.9478464, 0.9525741, 0.9975274,
        0.9984988, 1,
      ],
    },
    {
      name: "Softplus with beta 2 and threshold 10",
      layer: new Softplus({ beta: 2, threshold: 10 }),
      values: [
        0.0001677032, 0.001237843, 0.02429368, 0.2990694, 0.3465736, 0.3990694, 1.063464, 2.901511, 3.001238, 6, 6.5,
        25,
      ],
      slopes: [
        0.0003353501, 0.002472623, 0.04742587, 0.450166, 0.5, 0.549834, 0.8807971, 0.9969816, 0.9975274, 1, 1, 1,
      ],
    },
    {
      name: "Softsign",
      layer: new Softsign(),
      values: [-0.8, -0.75, -0.6, -0.09090909, 0, 0.09090909, 0.5, 0.7435897, 0.75, 0.8571429, 0.8666667, 0.9615385],
      slopes: [
        0.04, 0.0625, 0.16, 0.8264463, 1, 0.8264463, 0.25, 0.06574622, 0.0625, 0.02040816, 0.01777778, 0.00147929,
      ],
    },
    {
      name: "Hardsigmoid",
      layer: new Hardsigmoid(),
      values: [0, 0, 0.25, 0.4833333, 0.5, 0.5166667, 0.6666667, 0.9833333, 1, 1, 1, 1],
      slopes: [0, 0, 0.1666667, 0.1666667, 0.1666667, 0.1666667, 0.1666667, 0.1666667, 0, 0, 0, 0],
    },
    {
      name: "Hardswish",
      layer: new Hardswish(),
      values: [0, 0, -0.375, -0.04833333, 0, 0.05166667, 0.6666667, 2.851667, 3, 6, 6.5, 25],
      slopes: [0, -0.5, 0, 0.4666667, 0.5, 0.5333333, 0.8333333, 1.466667, 1.5, 1, 1, 1],
    },
    {
      name: "GELU by tanh",
      layer: new GELU({ approximate: "tanh" }),
      values: [
        -7.024595e-5, -0.003637392, -0.1004284, -0.04601725, 0, 0.05398275, 0.841192, 2.895033, 2.996363, 6, 6.5, 25,
      ],
      slopes: [
        -0.0003351232, -0.01158417, -0.1277108, 0.4204782, 0.5, 0.5795218, 1.082964, 1.015126, 1.011584, 1, 1, 1,
      ],
    },
  ])("$name has PyTorch's values and slopes", async ({ layer, values, slopes }) => {
    const y = outputOf(layer, { x });
    await expectNear(y, values);
    await expectNear(grad(y.sum(), [x])[0], slopes);
  });
  it("none of them overflows far out", async () => {
    const far = tensor([-1e4, -200, 200, 1e4]);
    for (const layer of [
      new ELU(),
      new SELU(),
      new SiLU(),
      new Mish(),
      new Softplus(),
      new GELU({ approximate: "tanh" }),
    ]) {
      const y = outputOf(layer, { x: far });
      for (const values of [y, grad(y.sum(), [far])[0]]) {
        expect(Array.from((await values?.data()) ?? [Number.NaN]).every(Number.isFinite)).toBe(true);
      }
    }
  });
});

describe("PReLU", () => {
  it("has one slope", async () => {
    await expectLayer(
      new PReLU(),
      { x: pattern([2, 3, 2], 5, 11, 5), tensors: { weight: tensor([0.25]) } },
      [2, 3, 2],
      {
        y: [-0.3125, 0, 1.25, -0.0625, 1, -0.125, 0.75, -0.1875, 0.5, -0.25, 0.25, -0.3125],
        x: [-0.375, -0.0625, 1, -0.25, 0.25, 0.375, -0.5, 0.1875, -1.25, 0, 1.25, -0.1875],
        weight: [1.75],
      },
    );
  });
  it("or one for each channel", async () => {
    await expectLayer(
      new PReLU({ parameters: 3 }),
      { x: pattern([2, 3, 2], 5, 11, 5), tensors: { weight: tensor([0.25, -0.5, 2]) } },
      [2, 3, 2],
      {
        y: [-0.3125, 0, 1.25, 0.125, 1, -1, 0.75, -0.1875, 0.5, 0.5, 0.25, -2.5],
        x: [-0.375, -0.0625, 1, 0.5, 0.25, 3, -0.5, 0.1875, -1.25, 0, 1.25, -1.5],
        weight: [1.3125, 0.25, 0.1875],
      },
    );
  });
});

describe("Softmax and LogSoftmax", () => {
  it("Softmax sums to 1 along its dimension", async () => {
    await expectLayer(new Softmax(1), { x: pattern([2, 3, 2], 5, 11, 5) }, [2, 3, 2], {
      y: [
        0.04411071, 0.419229, 0.5373785, 0.3264958, 0.4185108, 0.2542752, 0.419229, 0.419229, 0.3264958, 0.3264958,
        0.2542752, 0.2542752,
      ],
      x: [
        -0.09156679, -0.0838918, 0.2279344, -0.3102069, -0.1363676, 0.3940987, -0.0838918, 0.2625567, -0.3102069,
        -0.04039253, 0.3940987, -0.2221641,
      ],
    });
  });
  it("LogSoftmax is along the last one by default", async () => {
    await expectLayer(new LogSoftmax(), { x: pattern([2, 3, 2], 5, 11, 5) }, [2, 3, 2], {
      y: [
        -1.501929, -0.2519291, -0.2014133, -1.701413, -0.2014133, -1.701413, -0.2014133, -1.701413, -0.2014133,
        -1.701413, -0.2014133, -1.701413,
      ],
      x: [
        -1.110275, 1.110275, 1, -1, -1.180755, 1.180755, -0.7043936, 0.7043936, -0.2280319, 0.2280319, 0.8412128,
        -0.8412128,
      ],
    });
  });
});
