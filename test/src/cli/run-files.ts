/** A run file as somebody without a clone of the repository would write it: 4 steps of a small model. */
export const TINY_RUN = `
import { accuracy, crossEntropy, defineRun, digits, Flatten, Linear, Sequential, sgd } from "tributary";

export default defineRun({
  name: "tiny",
  model: () => new Sequential(new Flatten(), new Linear(784, 10)),
  loss: crossEntropy,
  metrics: { accuracy },
  optimizer: sgd({ learningRate: 0.05 }),
  data: digits({ train: 64, test: 32 }),
  batchSize: 32,
  epochs: 2,
});
`;
