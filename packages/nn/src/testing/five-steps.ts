import { type Tensor, tensor, zeros } from "@tributary/autograd";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { ParameterSpan } from "../optimizers/parameter-groups.ts";

/** Gradients of five steps, from which the expected numbers of optimizer tests were made. */
const GRADIENTS = [
  [0.5, -1, 2],
  [0.1, 0.3, -0.2],
  [-0.4, 0.9, 1.5],
  [1.2, -0.7, 0.05],
  [-0.3, 0.2, 0.6],
];

/** The parameters before the first step. */
const START = [1, -0.5, 0.25];

const RATE_PROGRESS = { samples: tensor(0), batchSize: 1, samplesPerEpoch: 1, totalSamples: 5 };

/** Which part of the vectors to update. */
export interface Part {
  /** First of the three parameters. Default 0. */
  readonly from?: number;
  /** One past the last of the three parameters. Default 3. */
  readonly to?: number;
  /** Floats of padding behind them, all 0. Default 0. */
  readonly padding?: number;
  readonly spans?: readonly ParameterSpan[];
}

/** The parameters after each of five updates of a range of the three. */
export async function fiveSteps(optimizer: Optimizer, part: Part = {}): Promise<number[][]> {
  const { from = 0, to = START.length, padding = 0, spans } = part;
  const cut = (numbers: readonly number[]) => tensor([...numbers.slice(from, to), ...Array<number>(padding).fill(0)]);
  let parameters: Tensor = cut(START);
  let vectors = Object.fromEntries(optimizer.stateVectors.map((name) => [name, zeros(parameters.shape)]));
  let scalars = Object.fromEntries(optimizer.stateScalars.map((name) => [name, zeros([])]));
  const found: number[][] = [];
  for (const [step, gradient] of GRADIENTS.entries()) {
    const next = optimizer.update({
      parameters,
      vectors,
      scalars,
      gradient: cut(gradient),
      learningRate: optimizer.learningRate(RATE_PROGRESS),
      step: tensor(step),
      gradientNorm: tensor(Math.hypot(...gradient)),
      ...(spans === undefined ? {} : { spans }),
    });
    parameters = next.parameters;
    vectors = { ...next.vectors };
    scalars = { ...next.scalars };
    found.push([...(await parameters.data())]);
  }
  return found;
}
