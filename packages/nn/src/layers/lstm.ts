import { concat, type Tensor } from "@tributary/autograd";
import type { Shape } from "@tributary/program";
import { type Initialiser, init } from "../init.ts";
import { biasSum, type CellKind, type CellValues, parts, Recurrent, type RecurrentOptions } from "./recurrent.ts";

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /**
   * With a number, biases start as in Keras: all 0, but this one at the forget gate (Keras: 1), which then starts open.
   * Default: as PyTorch.
   */
  readonly forgetBias?: number;
}

/** Rows of a gate's block, in PyTorch's order: input, forget, cell, output. */
function lstmStep({ weightHh }: CellValues, projected: Tensor, states: readonly Tensor[]): readonly Tensor[] {
  const [h, c] = states;
  if (h === undefined || c === undefined) return [];
  const [i, f, g, o] = parts(projected.add(h.matmul(weightHh.t())), 4);
  if (i === undefined || f === undefined || g === undefined || o === undefined) return [];
  const cell = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(cell.tanh()), cell];
}

const LSTM_CELL: CellKind = { name: "LSTM", gates: 4, states: 2, inputBias: biasSum, step: lstmStep };

/** Zeros, but a number in the second of four blocks. Both biases of a cell are added, so each has half of it. */
function forgetInitialiser(forgetBias: number): Initialiser {
  return (key, [rows = 0]) => {
    const block = (value: number): Tensor => init.constant(value)(key, [rows / 4] satisfies Shape);
    return concat([block(0), block(forgetBias / 2), block(0), block(0)]);
  };
}

/**
 * Long short-term memory: c' = f c + i g, h' = o tanh(c'), with gates i, f, o = sigmoid and g = tanh of W_ih x + b_ih +
 * W_hh h + b_hh, in the order i, f, g, o. States: hidden, cell. Parameters by PyTorch's names, `weight_ih_l0` [4 H, in] and so
 * on (`_reverse` for the second direction). Source: Hochreiter and Schmidhuber (1997); Gers et al. (2000) for the forget gate.
 */
export class LSTM extends Recurrent {
  /** @throws NnError INVALID_OPTION */
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    const { forgetBias, ...rest } = options;
    const keras = forgetBias === undefined ? {} : { biasInitialiser: forgetInitialiser(forgetBias) };
    super(LSTM_CELL, inputSize, hiddenSize, { ...keras, ...rest });
  }
}
