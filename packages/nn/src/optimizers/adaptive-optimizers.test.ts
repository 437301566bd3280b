import { describe, expect, it } from "vitest";
import { l1, l1l2, l2 } from "../regularisers.ts";
import { fiveSteps } from "../testing/five-steps.ts";
import { adadelta, adagrad } from "./adagrad.ts";
import { adam, adamW } from "./adam.ts";
import { lion } from "./lion.ts";
import { nadam } from "./nadam.ts";
import type { Optimizer } from "./optimizer.ts";
import { noDecayOnBiasesAndNorms } from "./parameter-groups.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

/**
 * What PyTorch 1.13 makes of the gradients, after each step; lion, nadam and Keras' variants as ten lines of PyTorch that follow
 * their sources (arXiv:2302.06675, algorithm 2; torch/optim/nadam.py of PyTorch 2, since 1.13 multiplies the product of momenta
 * twice by the last one; keras/src/optimizers/rmsprop.py and adam.py of Keras 3).
 */
const CASES: [string, Optimizer, number[][]][] = [
  [
    "rmsprop",
    rmsprop(),
    [
      [0.90000004, -0.40000001, 0.15000001],
      [0.88029343, -0.42886752, 0.16000001],
      [0.9423911, -0.49452072, 0.09980709],
      [0.85418385, -0.44886172, 0.09779096],
      [0.87582171, -0.46186161, 0.07416397],
    ],
  ],
  [
    "rmsprop, centered, with momentum and weight decay",
    rmsprop({ learningRate: 0.02, alpha: 0.9, centered: true, momentum: 0.5, weightDecay: 0.1, epsilon: 1e-4 }),
    [
      [0.93337035, -0.4333545, 0.1833443],
      [0.878021, -0.41617304, 0.15619729],
      [0.88114482, -0.44941422, 0.09866166],
      [0.82171541, -0.43311259, 0.06807438],
      [0.80246174, -0.43218389, 0.03358321],
    ],
  ],
  [
    "adagrad",
    adagrad(),
    [
      [0.99000001, -0.49000001, 0.23999999],
      [0.98803884, -0.49287349, 0.24099503],
      [0.99421096, -0.49940276, 0.23501414],
      [0.98541212, -0.49487484, 0.23481482],
      [0.98756045, -0.49615782, 0.23248856],
    ],
  ],
  [
    "adagrad with decays and a first sum",
    adagrad({ learningRate: 0.1, learningRateDecay: 0.1, weightDecay: 0.1, initialAccumulator: 0.1 }),
    [
      [0.91153485, -0.40424824, 0.15119746],
      [0.88687372, -0.42518884, 0.15936482],
      [0.92054981, -0.47565144, 0.10993969],
      [0.85447913, -0.4397389, 0.10810456],
      [0.86456478, -0.44666609, 0.09150679],
    ],
  ],
  [
    "adadelta",
    adadelta(),
    [
      [0.99683779, -0.49683774, 0.24683772],
      [0.99591529, -0.49818611, 0.24730653],
      [0.9988392, -0.50133467, 0.2445091],
      [0.99412233, -0.49865344, 0.24439454],
      [0.99572128, -0.49951974, 0.24304371],
    ],
  ],
  [
    "adadelta with other options",
    adadelta({ learningRate: 0.5, rho: 0.8, epsilon: 1e-3, weightDecay: 0.1 }),
    [
      [0.96488768, -0.46472457, 0.21466619],
      [0.94788557, -0.47770685, 0.21956578],
      [0.97346848, -0.51202941, 0.18702343],
      [0.92350107, -0.47917286, 0.18509829],
      [0.93513143, -0.48723644, 0.16791412],
    ],
  ],
  [
    "adam with amsgrad",
    adam({ learningRate: 0.01, amsgrad: true, betas: [0.5, 0.6] }),
    [
      [0.99000001, -0.49000001, 0.23999999],
      [0.98409706, -0.48831347, 0.23662689],
      [0.98765463, -0.49409828, 0.2290269],
      [0.98087716, -0.49196529, 0.22509323],
      [0.97936392, -0.49231943, 0.22078288],
    ],
  ],
  [
    "adam",
    adam(),
    [
      [0.99900001, -0.49900001, 0.249],
      [0.99819696, -0.49857217, 0.24840735],
      [0.99810326, -0.49873909, 0.24765801],
      [0.99755538, -0.49859765, 0.24703273],
      [0.9972204, -0.49854916, 0.24639168],
    ],
  ],
  [
    "adamW with amsgrad",
    adamW({ learningRate: 0.01, amsgrad: true, betas: [0.5, 0.6] }),
    [
      [0.98989999, -0.48995, 0.23997499],
      [0.98389804, -0.48821446, 0.23657788],
      [0.9873572, -0.49395046, 0.22895423],
      [0.98048097, -0.49176806, 0.22499765],
      [0.97886968, -0.49207303, 0.2206648],
    ],
  ],
  [
    "nadam",
    nadam(),
    [
      [0.99788713, -0.4978871, 0.24788709],
      [0.99735337, -0.4983671, 0.24796964],
      [0.99862313, -0.49977797, 0.24652536],
      [0.99643368, -0.49869499, 0.24628231],
      [0.99684691, -0.49899837, 0.24546093],
    ],
  ],
  [
    "nadam with other options",
    nadam({ learningRate: 0.05, betas: [0.8, 0.9], weightDecay: 0.1, momentumDecay: 0.05 }),
    [
      [0.94521308, -0.44521311, 0.19521312],
      [0.92266703, -0.45405272, 0.19538537],
      [0.94519168, -0.49074093, 0.1541401],
      [0.88605309, -0.45888504, 0.14510734],
      [0.88959938, -0.46453273, 0.11952771],
    ],
  ],
  [
    "lion",
    lion({ learningRate: 0.01, weightDecay: 0.1 }),
    [
      [0.98900002, -0.48950002, 0.23975],
      [0.97801107, -0.4990105, 0.24951026],
      [0.98703307, -0.50851148, 0.23926075],
      [0.97604609, -0.49800301, 0.22902149],
      [0.98507005, -0.507505, 0.21879247],
    ],
  ],
  [
    "rmsprop, Keras' variant",
    rmsprop({ variant: "keras" }),
    [
      [0.99683774, -0.49683774, 0.24683772],
      [0.99618542, -0.4977912, 0.24716921],
      [0.99826074, -0.49997339, 0.24515137],
      [0.99541193, -0.49841624, 0.24508049],
      [0.99614233, -0.49888012, 0.2442179],
    ],
  ],
  [
    "rmsprop, Keras' variant, centered, with momentum",
    rmsprop({ variant: "keras", learningRate: 0.01, momentum: 0.5, centered: true, epsilon: 1e-3 }),
    [
      [0.96738362, -0.46685031, 0.21671286],
      [0.94425154, -0.45993781, 0.2035023],
      [0.95318896, -0.47832236, 0.17495096],
      [0.92783511, -0.47192734, 0.15990913],
      [0.92260379, -0.47335866, 0.14282019],
    ],
  ],
  [
    "adam, Keras' variant",
    adam({ variant: "keras", learningRate: 0.01, epsilon: 0.01 }),
    [
      [0.99387425, -0.49240252, 0.24136527],
      [0.98891866, -0.48911902, 0.23624478],
      [0.98828906, -0.4904767, 0.22959098],
      [0.9838416, -0.48930252, 0.22403888],
      [0.98111057, -0.48889944, 0.21832944],
    ],
  ],
];

function expectNear(found: readonly number[][], expected: readonly number[][]) {
  found.flat().forEach((element, index) => {
    expect(Math.abs(element - expected.flat()[index])).toBeLessThan(3e-7);
  });
}

describe.each(CASES)("%s", (_, optimizer, expected) => {
  it("makes the five steps of its source", async () => {
    expectNear(await fiveSteps(optimizer), expected);
  });
  it("works on any range: two parts give the same bits as the whole", async () => {
    const [whole, left, right] = await Promise.all([
      fiveSteps(optimizer),
      fiveSteps(optimizer, { to: 1 }),
      fiveSteps(optimizer, { from: 1 }),
    ]);
    expect(left.map((part, step) => [...part, ...right[step]])).toEqual(whole);
  });
});

describe("padding", () => {
  const optimizers: Optimizer[] = [
    sgd({ momentum: 0.9, weightDecay: 0.1, regulariser: l1l2({ l1: 0.1, l2: 0.1 }) }),
    rmsprop({ epsilon: 0, centered: true, momentum: 0.9 }),
    rmsprop({ epsilon: 0, variant: "keras", momentum: 0.9 }),
    adagrad({ epsilon: 0 }),
    adadelta({ epsilon: 0 }),
    adam({ epsilon: 0, amsgrad: true }),
    adam({ epsilon: 0, variant: "keras" }),
    adamW({ epsilon: 0, regulariser: l1() }),
    nadam({ epsilon: 0 }),
    lion({ weightDecay: 0.1 }),
  ];
  it.each(optimizers.map((optimizer) => [optimizer.name, optimizer]))("stays 0 under %s", async (_, optimizer) => {
    for (const parameters of await fiveSteps(optimizer, { padding: 2 })) {
      expect(parameters.slice(3).map(Math.abs)).toEqual([0, 0]);
      expect(parameters.every(Number.isFinite)).toBe(true);
    }
  });
});

describe("regularisers", () => {
  it("add the derivative of 0.05 sum |w| + 0.1 sum w^2", async () => {
    const found = await fiveSteps(sgd({ learningRate: 0.1, regulariser: l1l2({ l1: 0.05, l2: 0.1 }) }));
    expectNear(found, [
      [0.92500001, -0.38499999, 0.04000001],
      [0.8915, -0.4023, 0.05420001],
      [0.90867001, -0.47925401, -0.10188399],
      [0.76549661, -0.39466894, -0.09984631],
      [0.77518666, -0.40177557, -0.15284938],
    ]);
  });
  it("l2 is weight decay of twice its factor under sgd", async () => {
    const decayed = await fiveSteps(sgd({ learningRate: 0.1, weightDecay: 0.02 }));
    expectNear(await fiveSteps(sgd({ learningRate: 0.1, regulariser: l2(0.01) })), decayed);
  });
  it("refuse factors below 0", () => {
    expect(() => l1(-1)).toThrow(/l1 is -1/);
  });
});

describe("groups", () => {
  const spans = [
    { name: "0.weight", shape: [2, 1], offset: 0, length: 2 },
    { name: "0.bias", shape: [1], offset: 2, length: 1 },
  ];
  it("have their own decay and rate: the steps of PyTorch's AdamW with two groups", async () => {
    const groups = [{ ...noDecayOnBiasesAndNorms(), learningRateFactor: 0.5 }];
    const found = await fiveSteps(adamW({ learningRate: 0.01, weightDecay: 0.1, groups }), { spans });
    expectNear(found, [
      [0.98900002, -0.48950002, 0.245],
      [0.97998065, -0.48473203, 0.24203676],
      [0.9780637, -0.48591661, 0.2382901],
      [0.97160673, -0.48401615, 0.2351637],
      [0.96728522, -0.48304719, 0.23195845],
    ]);
  });
  it("are chosen by name too, the first that matches", async () => {
    const groups = [
      { match: (name: string) => name.endsWith("weight"), learningRateFactor: 0 },
      { match: () => true, regulariser: l2(0.5) },
    ];
    const [first] = await fiveSteps(sgd({ learningRate: 0.1, groups }), { spans });
    // 0.25 - 0.1 (2 + 2 0.5 0.25)
    expectNear([first], [[1, -0.5, 0.025]]);
  });
  it("keep the padding behind a parameter at 0", async () => {
    const padded = [
      { name: "w", shape: [2], offset: 0, length: 2 },
      { name: "b", shape: [1], offset: 2, length: 1 },
    ];
    const groups = [{ match: (name: string) => name === "b", learningRateFactor: 3, weightDecay: 0.3 }];
    const found = await fiveSteps(adamW({ groups }), { padding: 1, spans: padded });
    expect(found.map((parameters) => Math.abs(parameters[3]))).toEqual([0, 0, 0, 0, 0]);
  });
  it("need to know where the parameters lie, and refuse values out of range", async () => {
    await expect(fiveSteps(sgd({ groups: [noDecayOnBiasesAndNorms()] }))).rejects.toThrow(/no spans/);
    expect(() => sgd({ groups: [{ match: () => true, learningRateFactor: -1 }] })).toThrow(/learningRateFactor/);
  });
});

describe("options", () => {
  it("are refused when they make no sense", () => {
    expect(() => rmsprop({ momentum: -1 })).toThrow(/momentum is -1/);
    expect(() => adagrad({ initialAccumulator: -1 })).toThrow(/initialAccumulator is -1/);
    expect(() => adadelta({ rho: 2 })).toThrow(/rho is 2/);
    expect(() => nadam({ momentumDecay: -1 })).toThrow(/momentumDecay is -1/);
    expect(() => lion({ betas: [1, 0] })).toThrow(/betas is 1, 0/);
  });
});
