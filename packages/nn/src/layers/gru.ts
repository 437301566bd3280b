import type { Tensor } from "@tributary/autograd";
import { type CellKind, type CellValues, parts, Recurrent, type RecurrentOptions } from "./recurrent.ts";

/** Options of {@link GRU}. */
export interface GRUOptions extends RecurrentOptions {
  /**
   * Whether the reset gate is applied behind the product with the state, as in PyTorch and in Keras by default. False
   * applies it to the state itself, as Keras does with reset_after=False. Default true.
   */
  readonly resetAfter?: boolean;
}

function withBias(x: Tensor, bias: Tensor | null): Tensor {
  return bias === null ? x : x.add(bias);
}

/** z h + (1 - z) n, written with one product. */
function mixed(z: Tensor, h: Tensor, n: Tensor): Tensor {
  return n.add(z.mul(h.sub(n)));
}

/** Blocks in PyTorch's order: reset, update, new. */
function resetAfterStep(cell: CellValues, projected: Tensor, states: readonly Tensor[]): readonly Tensor[] {
  const [h] = states;
  const [xr, xz, xn] = parts(projected, 3);
  if (h === undefined || xr === undefined || xz === undefined || xn === undefined) return [];
  const [hr, hz, hn] = parts(withBias(h.matmul(cell.weightHh.t()), cell.biasHh), 3);
  if (hr === undefined || hz === undefined || hn === undefined) return [];
  const n = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh();
  return [mixed(xz.add(hz).sigmoid(), h, n)];
}

function resetBeforeStep(cell: CellValues, projected: Tensor, states: readonly Tensor[]): readonly Tensor[] {
  const [h] = states;
  const [xr, xz, xn] = parts(projected, 3);
  if (h === undefined || xr === undefined || xz === undefined || xn === undefined) return [];
  const size = h.size(1);
  const product = (x: Tensor, first: number, count: number): Tensor => {
    const bias = cell.biasHh?.narrow(0, first * size, count * size) ?? null;
    return withBias(x.matmul(cell.weightHh.narrow(0, first * size, count * size).t()), bias);
  };
  const [hr, hz] = parts(product(h, 0, 2), 2);
  if (hr === undefined || hz === undefined) return [];
  const n = xn.add(product(xr.add(hr).sigmoid().mul(h), 2, 1)).tanh();
  return [mixed(xz.add(hz).sigmoid(), h, n)];
}

function gruCell(resetAfter: boolean): CellKind {
  const step = resetAfter ? resetAfterStep : resetBeforeStep;
  return { name: "GRU", gates: 3, states: 1, inputBias: ({ biasIh }) => biasIh, step };
}

/**
 * Gated recurrent unit: h' = (1 - z) n + z h, r and z = sigmoid(W_ih x + b_ih + W_hh h + b_hh), n = tanh(W_in x + b_in +
 * r (W_hn h + b_hn)), in the order r, z, n. Parameters by PyTorch's names, `weight_ih_l0` [3 H, in] and so on (`_reverse` for
 * the second direction). Source: Cho et al. (2014), arXiv:1406.1078.
 */
export class GRU extends Recurrent {
  /** @throws NnError INVALID_OPTION */
  constructor(inputSize: number, hiddenSize: number, options: GRUOptions = {}) {
    super(gruCell(options.resetAfter ?? true), inputSize, hiddenSize, options);
  }
}
