// Linear regression by gradient descent, next to the closed form w = (X'X)^-1 X'y that it has to find. Run it with: node examples/linear-regression.ts
// Expected: both give 3.0024, -2.0008 and 0.4971 (the data is 3 a - 2 b + 0.5 with noise); they differ by less than 0.00001.
import { arrays, defineRun, fit, Linear, mseLoss, sgd } from "tributary";
import { normals } from "./random-numbers.ts";

const SAMPLES = 512;
const NOISE = 0.1;

const normal = normals(1);
const rows = Array.from({ length: SAMPLES }, () => {
  const [a, b] = [normal(), normal()];
  return { a, b, y: 3 * a - 2 * b + 0.5 + NOISE * normal() };
});

export const run = defineRun({
  name: "linear-regression",
  model: () => new Linear(2, 1),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({
    fields: { inputs: [2], targets: [1] },
    train: {
      inputs: Float32Array.from(rows.flatMap(({ a, b }) => [a, b])),
      targets: Float32Array.from(rows.map(({ y }) => y)),
    },
  }),
  batchSize: SAMPLES,
  microbatch: SAMPLES,
  epochs: 100,
});

/** Solves X'X w = X'y for X = [a, b, 1] by elimination. */
export function closedForm(): number[] {
  const columns = rows.map(({ a, b, y }) => [a, b, 1, y]);
  const dot = (i: number, j: number) => columns.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0);
  const system = [0, 1, 2].map((i) => [dot(i, 0), dot(i, 1), dot(i, 2), dot(i, 3)]);
  for (const [i, pivot] of system.entries()) {
    const scale = pivot[i] ?? 1;
    for (const j of pivot.keys()) pivot[j] = (pivot[j] ?? 0) / scale;
    for (const row of system.filter((other) => other !== pivot)) {
      const factor = row[i] ?? 0;
      for (const j of row.keys()) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return system.map((row) => row[3] ?? Number.NaN);
}

/** Trains, and gives [weight of a, weight of b, bias]. */
export async function descent(): Promise<number[]> {
  const { model } = await fit(run);
  const bias = model.traced.layout.parameters.find(({ name }) => name === "bias")?.offset ?? 0;
  return [...model.flat.parameters.subarray(0, 2), ...model.flat.parameters.subarray(bias, bias + 1)];
}

if (import.meta.main) console.log({ closedForm: closedForm(), descent: await descent() });
