import {
  Conv2d,
  crossEntropy,
  Flatten,
  Linear,
  type Loss,
  MaxPool2d,
  type Module,
  mseLoss,
  ReLU,
  Sequential,
} from "tributary";
import { CONTEXT, Gpt, SequenceRegressor, VOCABULARY } from "./models.ts";
import { integers, normals } from "./random-data.ts";

/** One field of a workload's random data. */
export interface FieldForm {
  /** Shape of one sample; [] for a scalar. */
  readonly shape: readonly number[];
  /** So many elements, drawn with `random`. */
  readonly draw: (count: number, random: () => number) => Float32Array | Int32Array;
}

/**
 * What one training step works on. The step itself is the same for all: forward, backward, and stochastic gradient descent
 * with the rate and momentum below, in float32.
 */
export interface Workload {
  /** For people: one line. */
  readonly what: string;
  /** Samples of a step. */
  readonly batch: number;
  /** Trainable parameters; an engine that reports another number runs another model. */
  readonly parameters: number;
  readonly model: () => Module;
  readonly loss: Loss;
  readonly fields: Readonly<Record<"inputs" | "targets", FieldForm>>;
}

/** Of every workload, in every engine. */
export const LEARNING_RATE = 0.01;
/** Of every workload, in every engine. */
export const MOMENTUM = 0.9;

const CLASSES = 10;
const classIndices: FieldForm = { shape: [], draw: (count, random) => integers(count, CLASSES, random) };

const tokens: FieldForm = {
  shape: [CONTEXT],
  draw: (count, random) => integers(count, VOCABULARY, random),
};

/** The workloads by name. The engines under peers/ define the same ones in their own terms. */
export const WORKLOADS: Readonly<Record<string, Workload>> = {
  mlp: {
    what: "784-512-512-10, ReLU, cross entropy",
    batch: 128,
    parameters: 669_706,
    model: () =>
      new Sequential(new Linear(784, 512), new ReLU(), new Linear(512, 512), new ReLU(), new Linear(512, CLASSES)),
    loss: crossEntropy,
    fields: { inputs: { shape: [784], draw: normals }, targets: classIndices },
  },
  lenet: {
    what: "two convolutions and three dense layers on 28 x 28 x 1, cross entropy",
    batch: 128,
    parameters: 61_706,
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
        new Linear(84, CLASSES),
      ),
    loss: crossEntropy,
    fields: { inputs: { shape: [1, 28, 28], draw: normals }, targets: classIndices },
  },
  lstm: {
    what: "sequence of 50 x 16 features, 128 hidden units, last state to 1 output, mean squared error",
    batch: 64,
    parameters: 74_881,
    model: () => new SequenceRegressor(16, 128),
    loss: mseLoss,
    fields: { inputs: { shape: [50, 16], draw: normals }, targets: { shape: [], draw: normals } },
  },
  gpt: {
    what: "4 pre-norm blocks, width 128, 4 heads, context 128, vocabulary 65, GELU, cross entropy",
    batch: 16,
    parameters: 826_368,
    model: () => new Gpt({ blocks: 4, width: 128, heads: 4 }),
    loss: crossEntropy,
    fields: { inputs: tokens, targets: tokens },
  },
};
