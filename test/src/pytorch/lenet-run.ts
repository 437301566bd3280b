import { adamW, crossEntropy, defineRun, digits } from "tributary";
import { lenet } from "../curves/models.ts";

/** A LeNet that has learnt a little, so that its parameters are no longer those it began with. */
export const LENET_RUN = defineRun({
  name: "lenet",
  model: lenet,
  loss: crossEntropy,
  optimizer: adamW({ learningRate: 2e-3 }),
  data: digits({ train: 640, test: 32 }),
  batchSize: 64,
});
