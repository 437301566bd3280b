import { crossEntropy, type Loss, type Module, mseLoss } from "@tributary/nn";
import { Gpt, Lstm, lenet, resnet } from "./models.ts";

/** A model that is trained here and by curves.py, which holds its data and must agree on the rest. */
export interface Work {
  /** For people. */
  readonly what: string;
  readonly model: () => Module;
  readonly loss: Loss;
  readonly batch: number;
  readonly steps: number;
  readonly momentum: number;
  /** How far a loss may be from PyTorch's, as a share of it. */
  readonly tolerance: number;
}

/** Of every work. */
export const LEARNING_RATE = 0.01;

/** The works by the names that curves.py knows. */
export const WORKS: Readonly<Record<string, Work>> = {
  lenet: {
    what: "LeNet on images of 28 x 28, batches of 32, SGD 0.01 with momentum 0.9",
    model: lenet,
    loss: crossEntropy,
    batch: 32,
    steps: 50,
    momentum: 0.9,
    tolerance: 1e-4,
  },
  lstm: {
    what: "LSTM of 128 units over 50 times of 16 features, batches of 4, SGD 0.01 with momentum 0.9",
    model: () => new Lstm(),
    loss: mseLoss,
    batch: 4,
    steps: 50,
    momentum: 0.9,
    tolerance: 1e-4,
  },
  gpt: {
    what: "four pre-norm blocks of width 128 on 32 tokens, batches of 2, SGD 0.01 with momentum 0.9",
    model: () => new Gpt(),
    loss: crossEntropy,
    batch: 2,
    steps: 50,
    momentum: 0.9,
    tolerance: 1e-4,
  },
  resnet: {
    what: "residual and separable convolutions with batch normalisation on images of 32 x 32, batches of 8, SGD 0.01",
    model: resnet,
    loss: crossEntropy,
    batch: 8,
    steps: 10,
    momentum: 0,
    tolerance: 1e-3,
  },
};
