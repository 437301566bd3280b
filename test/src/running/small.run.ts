// A small run with more epochs than anybody waits for.
import { accuracy, crossEntropy, defineRun, digits, Flatten, Linear, Sequential, sgd } from "tributary";

export default defineRun({
  name: "small",
  model: () => new Sequential(new Flatten(), new Linear(784, 10)),
  loss: crossEntropy,
  metrics: { accuracy },
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  data: digits({ train: 512, test: 128 }),
  batchSize: 128,
  microbatch: 16,
  epochs: 1_000_000,
});
