import {
  adamW,
  Conv2d,
  crossEntropy,
  defineRun,
  digits,
  Flatten,
  Linear,
  MaxPool2d,
  ReLU,
  Sequential,
} from "tributary";

/** A LeNet that has learnt a little, so that its parameters are no longer those it began with. */
export const LENET_RUN = defineRun({
  name: "lenet",
  model: () =>
    new Sequential(
      new Conv2d(1, 6, 5, { padding: 2 }),
      new ReLU(),
      new MaxPool2d(2),
      new Conv2d(6, 16, 5),
      new ReLU(),
      new MaxPool2d(2),
      new Flatten(),
      new Linear(400, 120),
      new ReLU(),
      new Linear(120, 84),
      new ReLU(),
      new Linear(84, 10),
    ),
  loss: crossEntropy,
  optimizer: adamW({ learningRate: 2e-3 }),
  data: digits({ train: 640, test: 32 }),
  batchSize: 64,
});
