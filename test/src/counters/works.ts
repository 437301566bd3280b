import { grad, traceProgram } from "@tributary/autograd";
import { bindModel, describeModel } from "@tributary/nn";
import type { Program } from "@tributary/program";
import { traceRun } from "@tributary/training";
import {
  adam,
  arrays,
  crossEntropy,
  defineRun,
  digits,
  Linear,
  LSTM,
  lastStep,
  Module,
  mseLoss,
  type Tensor,
  TransformerBlock,
} from "tributary";
import example from "../../../examples/digits.run.ts";

const optimizer = adam({ learningRate: 1e-3 });

/** LeNet on digits with Adam, batches of 64. */
export const LENET = defineRun({
  name: "lenet",
  model: example.model,
  loss: crossEntropy,
  optimizer,
  data: digits({ train: 128, test: 16 }),
  batchSize: 64,
  microbatch: 64,
});

/** An LSTM whose last state becomes one number: [M, T, 16] -> [M]. */
class SequenceRegressor extends Module {
  readonly lstm = new LSTM(16, 128, { batchFirst: true });
  readonly head = new Linear(128, 1);

  override forward(x: Tensor): Tensor {
    return this.head.forward(lastStep(this.lstm.forward(x))).select(1, 0);
  }
}

/** The LSTM over 50 times with Adam, batches of 64. */
export const SEQUENCES = defineRun({
  name: "lstm",
  model: () => new SequenceRegressor(),
  loss: mseLoss,
  optimizer,
  data: arrays({
    fields: { inputs: [50, 16], targets: [] },
    train: { inputs: new Float32Array(64 * 50 * 16).fill(0.5), targets: new Float32Array(64) },
  }),
  batchSize: 64,
  microbatch: 64,
});

/** Gradient, measure and update of a run in one program. */
export async function stepOf(run: typeof LENET): Promise<Program> {
  return (await traceRun(run)).programs.localStep;
}

/** A transformer block of width 128 with 4 heads over [4, 128, 128]: forward, and the derivatives of everything. */
export function blockProgram(): Program {
  const block = new TransformerBlock(128, 4, { depth: 4 });
  const { parameters } = describeModel(block);
  const type = { dtype: "float32", shape: [4, 128, 128] } as const;
  const weights = parameters.map(({ shape }, index) => [`w${index}`, { dtype: "float32", shape }] as const);
  return traceProgram({ name: "block", inputs: { x: type, dy: type, ...Object.fromEntries(weights) } }, (given) => {
    const tensors = Object.fromEntries(parameters.map(({ name }, index) => [name, given[`w${index}`]]));
    const { result } = bindModel(block, { tensors, training: true }, () => block.forward(given.x));
    const gradients = grad(result.mul(given.dy).sum(), [given.x, ...Object.values(tensors)]);
    return Object.fromEntries([result, ...gradients].map((tensor, index) => [`out${index}`, tensor]));
  });
}
