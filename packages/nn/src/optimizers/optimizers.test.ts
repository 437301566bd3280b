import { describe, expect, it } from "vitest";
import { fiveSteps } from "../testing/five-steps.ts";
import { adam, adamW } from "./adam.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

/** What PyTorch 1.13 makes of the gradients, after each step. */
const CASES: [string, Optimizer, number[][]][] = [
  [
    "sgd",
    sgd({ learningRate: 0.1 }),
    [
      [0.94999999, -0.40000001, 0.05],
      [0.94, -0.43000001, 0.07],
      [0.98000002, -0.51999998, -0.08],
      [0.86000001, -0.44999999, -0.085],
      [0.89000005, -0.47, -0.14500001],
    ],
  ],
  [
    "sgd with weight decay",
    sgd({ learningRate: 0.1, weightDecay: 0.05 }),
    [
      [0.94499999, -0.39750001, 0.04874999],
      [0.93027496, -0.42551252, 0.06850624],
      [0.96562362, -0.51338494, -0.0818363],
      [0.84079552, -0.44081801, -0.08642711],
      [0.86659151, -0.45861393, -0.14599499],
    ],
  ],
  [
    "sgd with momentum and weight decay",
    sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }),
    [
      [0.949, -0.39950001, 0.04974999],
      [0.892151, -0.33865052, -0.11052477],
      [0.88009477, -0.37354732, -0.40466154],
      [0.74836403, -0.3345809, -0.67397994],
      [0.65905803, -0.31917652, -0.97569251],
    ],
  ],
  [
    "sgd with momentum and dampening",
    sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.5 }),
    [
      [0.94999999, -0.40000001, 0.05],
      [0.89999998, -0.32500002, -0.12],
      [0.875, -0.30250001, -0.34799996],
      [0.79250002, -0.24725002, -0.55569994],
      [0.73325002, -0.20752503, -0.77262992],
    ],
  ],
  [
    "sgd with Nesterov momentum",
    sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    [
      [0.90499997, -0.31, -0.13],
      [0.84549999, -0.28600001, -0.25399998],
      [0.87694997, -0.4084, -0.66859996],
      [0.64125496, -0.30456001, -0.91623992],
      [0.59412944, -0.31210402, -1.24861586],
    ],
  ],
  [
    "adam with weight decay",
    adam({ learningRate: 0.01, weightDecay: 0.1 }),
    [
      [0.99000001, -0.49000001, 0.23999999],
      [0.98129678, -0.48521414, 0.23396926],
      [0.97798187, -0.48626888, 0.22640663],
      [0.971578, -0.48424622, 0.22004803],
      [0.96695971, -0.483071, 0.21352923],
    ],
  ],
  [
    "adam with other betas and epsilon",
    adam({ learningRate: 0.01, betas: [0.8, 0.9], epsilon: 1e-4 }),
    [
      [0.99000198, -0.49000099, 0.2400005],
      [0.98210579, -0.48615333, 0.23438162],
      [0.98210579, -0.48873952, 0.22686261],
      [0.97644728, -0.48741397, 0.22081955],
      [0.97338873, -0.48723739, 0.21447957],
    ],
  ],
  [
    "adamW",
    adamW({ learningRate: 0.01 }),
    [
      [0.98989999, -0.48995, 0.23997499],
      [0.98177058, -0.48562253, 0.23402449],
      [0.98073542, -0.48724326, 0.22650777],
      [0.97515839, -0.48577997, 0.22023231],
      [0.97171098, -0.48524645, 0.21379976],
    ],
  ],
  [
    "sgd with the gradient clipped to norm 1",
    sgd({ learningRate: 0.1, clipNorm: 1 }),
    [
      [0.9781782, -0.45635644, 0.16271289],
      [0.96817821, -0.48635644, 0.18271288],
      [0.99046934, -0.53651148, 0.09912119],
      [0.90414739, -0.48615703, 0.09552445],
      [0.93414742, -0.50615704, 0.03552444],
    ],
  ],
  [
    "sgd with each element clipped to 0.5",
    sgd({ learningRate: 0.1, clipValue: 0.5 }),
    [
      [0.94999999, -0.44999999, 0.2],
      [0.94, -0.47999999, 0.22],
      [0.98000002, -0.52999997, 0.17],
      [0.93000001, -0.47999996, 0.16500001],
      [0.96000004, -0.49999997, 0.11500001],
    ],
  ],
];

describe.each(CASES)("%s", (_, optimizer, expected) => {
  it("makes PyTorch's five steps", async () => {
    const found = await fiveSteps(optimizer);
    found.flat().forEach((element, index) => {
      expect(Math.abs(element - expected.flat()[index])).toBeLessThan(3e-7);
    });
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

describe("options", () => {
  it("are refused when they make no sense", () => {
    expect(() => sgd({ learningRate: 0.1, nesterov: true })).toThrow(/nesterov is true/);
    expect(() => sgd({ learningRate: -1 })).toThrow(/learningRate is -1/);
    expect(() => adam({ learningRate: 0.1, betas: [0.9, 1] })).toThrow(/betas is 0\.9, 1/);
    expect(() => adamW({ learningRate: 0.1, clipNorm: 0 })).toThrow(/clipNorm is 0/);
  });
});
