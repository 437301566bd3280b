import { arrays } from "@tributary/data";
import { accuracy, confusionMatrix, crossEntropy, Linear, precision, sgd } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { fit } from "./fit.ts";
import { defineRun } from "./run.ts";

/** One input, two classes; with the weights at their first values and a rate of 0 the decisions do not change. */
const run = defineRun({
  name: "metrics",
  model: () => new Linear(1, 2),
  loss: crossEntropy,
  metrics: { accuracy, precision: precision({ classes: 2 }), confusion: confusionMatrix(2) },
  optimizer: sgd({ learningRate: 0 }),
  data: arrays({
    fields: { inputs: [1], targets: [] },
    train: { inputs: Float32Array.of(-9, -8, 7, 6, 5), targets: Int32Array.of(0, 1, 0, 1, 1) },
    test: { inputs: Float32Array.of(-9, 9, 9), targets: Int32Array.of(0, 0, 1) },
  }),
  batchSize: 3,
  microbatch: 2,
});

describe.each(["reference", "wasm"] as const)("metrics of a run on %s", (backend) => {
  it("add up over microbatches and steps, and agree with each other", async () => {
    const { history, finished } = await fit(run, { backend });
    const [epoch] = history;
    const { trainConfusion = [], testConfusion = [] } = epoch?.counts ?? {};
    const total = (table: readonly (readonly number[])[]) => table.flat().reduce((sum, count) => sum + count, 0);
    expect([total(trainConfusion), total(testConfusion)]).toEqual([5, 3]);
    const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = testConfusion;
    expect(a + d).toBe(Math.round(3 * (epoch?.testAccuracy ?? 0)));
    expect([a + b, c + d]).toEqual([2, 1]);
    const quotients = [a / (a + c), d / (b + d)].map((quotient) => (Number.isNaN(quotient) ? 0 : quotient));
    expect(epoch?.testPrecision).toBeCloseTo(((quotients[0] ?? 0) + (quotients[1] ?? 0)) / 2, 6);
    expect(finished.testPrecision).toBe(epoch?.testPrecision);
    expect(epoch).not.toHaveProperty("testConfusion");
  });
});
