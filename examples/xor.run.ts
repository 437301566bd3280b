// Exclusive or, which no single layer can learn (Minsky and Papert, 1969): two layers do.
// Expected: a training loss below 0.001 after 300 epochs, in well under a second, and every answer right.
import {
  arrays,
  binaryAccuracy,
  binaryCrossEntropyWithLogits,
  defineRun,
  Linear,
  Sequential,
  sgd,
  Tanh,
} from "tributary";

const truth = {
  inputs: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1),
  targets: Float32Array.of(0, 1, 1, 0),
};

export default defineRun({
  name: "xor",
  model: () => new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1)),
  loss: binaryCrossEntropyWithLogits,
  metrics: { accuracy: binaryAccuracy() },
  optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
  data: arrays({ name: "xor", fields: { inputs: [2], targets: [1] }, train: truth, test: truth }),
  batchSize: 4,
  epochs: 300,
});
