import { biasSum, type CellKind, Recurrent, type RecurrentOptions } from "./recurrent.ts";

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** Default tanh. */
  readonly nonlinearity?: "tanh" | "relu";
}

function rnnCell(nonlinearity: "tanh" | "relu"): CellKind {
  return {
    name: "RNN",
    gates: 1,
    states: 1,
    inputBias: biasSum,
    step: ({ weightHh }, projected, states) =>
      states.map((h) => {
        const sum = projected.add(h.matmul(weightHh.t()));
        return nonlinearity === "relu" ? sum.relu() : sum.tanh();
      }),
  };
}

/**
 * h' = tanh(W_ih x + b_ih + W_hh h + b_hh) at each time, or with relu. Parameters by PyTorch's names, `weight_ih_l0` and so on
 * (`_reverse` for the second direction). Source: Elman (1990), "Finding Structure in Time".
 */
export class RNN extends Recurrent {
  /** @throws NnError INVALID_OPTION */
  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    super(rnnCell(options.nonlinearity ?? "tanh"), inputSize, hiddenSize, options);
  }
}
