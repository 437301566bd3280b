import { customGradient, iota, type Tensor, where } from "@tributary/autograd";
import type { Shape } from "@tributary/program";
import { requireOption } from "../errors.ts";
import { type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { expectIndices } from "../scope.ts";
import { requireWhole } from "./sample-shape.ts";

/** Options of {@link Embedding}. */
export interface EmbeddingOptions {
  /** An index whose row starts as zeros and gets no gradient; negative ones count from the end. Default: none. */
  readonly paddingIndex?: number;
  /** Default: PyTorch's, N(0, 1). */
  readonly weightInitialiser?: Initialiser;
}

/** Indices of rows, as int32 in the shape of a row each. */
function rowNumbers(shape: Shape): Tensor {
  return iota(shape, 0, "int32");
}

/** Rows of a table by their index: x (integers [...]) -> [..., width]; `weight` is [count, width]. An index out of range gives zeros; a run refuses data with one. */
export class Embedding extends Module {
  readonly weight: Parameter;
  readonly paddingIndex: number | null;

  /** @throws NnError INVALID_OPTION */
  constructor(count: number, width: number, options: EmbeddingOptions = {}) {
    super();
    requireWhole("Embedding", 1, { count, width });
    const { paddingIndex, weightInitialiser = init.normal() } = options;
    requireOption(
      paddingIndex === undefined || (Number.isInteger(paddingIndex) && paddingIndex >= -count && paddingIndex < count),
      "Embedding",
      "paddingIndex",
      paddingIndex,
      `a whole number from ${-count} to ${count - 1}`,
    );
    this.paddingIndex = paddingIndex === undefined ? null : (paddingIndex + count) % count;
    const padding = this.paddingIndex;
    const initialiser: Initialiser =
      padding === null
        ? weightInitialiser
        : (key, shape) => where(rowNumbers(shape).eq(padding), 0, weightInitialiser(key, shape));
    this.weight = new Parameter([count, width], initialiser);
  }

  /** @throws AutogradError DTYPE_MISMATCH when the indices are no integers */
  override forward(indices: Tensor): Tensor {
    expectIndices({ indices, count: this.weight.shape[0] ?? 0, owner: "Embedding", of: "rows" });
    const padding = this.paddingIndex;
    if (padding === null) return this.weight.value.take(indices);
    const withoutPadding = customGradient(
      (table) => table,
      ({ inputs: [table], cotangent }) => [
        table === undefined ? null : where(rowNumbers(table.shape).eq(padding), 0, cotangent),
      ],
    );
    return withoutPadding(this.weight.value).take(indices);
  }
}
