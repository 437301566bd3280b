import {
  accuracy,
  adamW,
  augmentAll,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  defineRun,
  Flatten,
  fit,
  idx,
  Linear,
  MaxPool2d,
  oneCycle,
  ReLU,
  randomRotation,
  randomShift,
  Sequential,
} from "tributary";
import { expect, it } from "vitest";
import { realData } from "./real-data.ts";

it("LeNet with batch normalisation and augmentation reaches 98.5% on MNIST, with 10,000 training images and 12 epochs", async (context) => {
  const folder = realData("mnist", "LeNet on MNIST");
  if (folder === undefined) return context.skip("There are no MNIST files beside the repository");
  const run = defineRun({
    name: "mnist-lenet",
    model: () =>
      new Sequential(
        new Conv2d(1, 6, 5, { padding: 2, bias: false }),
        new BatchNorm2d(6),
        new ReLU(),
        new MaxPool2d(2),
        new Conv2d(6, 16, 5, { bias: false }),
        new BatchNorm2d(16),
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
    metrics: { accuracy },
    optimizer: adamW({ learningRate: oneCycle({ maximum: 5e-3 }) }),
    augment: augmentAll(randomShift(2), randomRotation(10)),
    data: idx({ folder }),
    batchSize: 64,
    microbatch: 64,
    epochs: 12,
  });
  expect((await run.data.train.load()).samples).toBe(10_000);
  const { finished } = await fit(run);
  process.stderr.write(`LeNet on MNIST: ${finished.testAccuracy} of the test images in ${finished.seconds} s\n`);
  expect(finished.testAccuracy).toBeGreaterThanOrEqual(0.985);
});
