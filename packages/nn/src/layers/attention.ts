import { iota, type Tensor, where } from "@tributary/autograd";
import { showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { requireForm, requireWhole } from "./sample-shape.ts";

/**
 * The score of a key that may not be seen. Its share is exactly 0 beside any that may; being finite, a row that may see
 * nothing at all gives the mean of the values instead of NaN.
 */
const HIDDEN_SCORE = -1e30;

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Broadcasts to [..., T, S]. bool: true may be seen; float32: added to the scores. */
  readonly mask?: Tensor;
  /** Whether place t sees the keys 0 ... t alone. Default false. */
  readonly causal?: boolean;
  /** Factor of the scores. Default 1 / sqrt(width). */
  readonly scale?: number;
  /** What is done to the weights [..., T, S], such as a dropout. */
  readonly dropout?: (weights: Tensor) => Tensor;
}

function requireMatching(query: Tensor, key: Tensor, value: Tensor): void {
  if (query.ndim >= 2 && query.size(-1) === key.size(-1) && key.size(-2) === value.size(-2)) return;
  throw new NnError(
    "SHAPE_MISMATCH",
    `Attention takes queries [..., T, D], keys [..., S, D] and values [..., S, E], but got ${showShape(query.shape)}, ${showShape(key.shape)} and ${showShape(value.shape)}`,
  );
}

/** Whether place t (row) may see key s (column). */
function causalMask(rows: number, columns: number): Tensor {
  return iota([rows, columns], 0).ge(iota([rows, columns], 1));
}

/** softmax(scale q k^T + mask): how much each place takes of each key, [..., T, S]. */
function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions): Tensor {
  const { mask, causal = false, scale = 1 / Math.sqrt(query.size(-1)) } = options;
  let scores = query.matmul(key.transpose(-2, -1)).mul(scale);
  if (mask !== undefined) scores = mask.dtype === "bool" ? where(mask, scores, HIDDEN_SCORE) : scores.add(mask);
  if (causal) scores = where(causalMask(query.size(-2), key.size(-2)), scores, HIDDEN_SCORE);
  return scores.softmax(-1);
}

/**
 * softmax(q k^T / sqrt(D)) v, as torch.nn.functional.scaled_dot_product_attention. Leading dimensions broadcast.
 * Source: Vaswani et al. (2017), arXiv:1706.03762, eq. 1.
 * @param query [..., T, D]  @param key [..., S, D]  @param value [..., S, E]  @returns [..., T, E]
 * @throws NnError SHAPE_MISMATCH
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  requireMatching(query, key, value);
  const weights = attentionWeights(query, key, options);
  return (options.dropout?.(weights) ?? weights).matmul(value);
}

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** Share of the attention weights dropped in training. Default 0. */
  readonly dropout?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Whether sequences are [M, T, width] instead of [T, M, width]. Default false, as in PyTorch. */
  readonly batchFirst?: boolean;
  /** Whether `forward` lets place t see the places 0 ... t alone. Default false. */
  readonly causal?: boolean;
  /** For the projections into queries, keys and values. Default: PyTorch's, Xavier uniform. */
  readonly weightInitialiser?: Initialiser;
  /** For the projection of the output. Default: PyTorch's, U(+-1 / sqrt(width)). */
  readonly outputInitialiser?: Initialiser;
}

/** Masks of {@link MultiheadAttention}, with PyTorch's meaning: true is hidden. */
export interface AttendOptions {
  /** bool [M, S]: keys that nobody sees, such as padding. */
  readonly keyPaddingMask?: Tensor;
  /** bool [T, S]: keys that a place does not see; or float32, added to the scores. */
  readonly attentionMask?: Tensor;
  /** Default: what the layer was made with. */
  readonly causal?: boolean;
}

/**
 * Attention of several heads, each over its own part of the width. Parameters by PyTorch's names: `in_proj_weight` [3 E, E]
 * (queries, keys, values), `in_proj_bias` [3 E], `out_proj.weight` [E, E], `out_proj.bias` [E].
 * Source: Vaswani et al. (2017), arXiv:1706.03762.
 */
export class MultiheadAttention extends Module {
  readonly width: number;
  readonly heads: number;
  readonly batchFirst: boolean;
  readonly causal: boolean;
  readonly in_proj_weight: Parameter;
  readonly in_proj_bias: Parameter | null;
  readonly out_proj: Linear;
  readonly dropout: Dropout;

  /** @throws NnError INVALID_OPTION unless `heads` divides `width` */
  constructor(width: number, heads: number, options: MultiheadAttentionOptions = {}) {
    super();
    requireWhole("MultiheadAttention", 1, { width, heads });
    requireOption(width % heads === 0, "MultiheadAttention", "heads", heads, `a divisor of the width ${width}`);
    this.width = width;
    this.heads = heads;
    this.batchFirst = options.batchFirst ?? false;
    this.causal = options.causal ?? false;
    this.dropout = new Dropout(options.dropout ?? 0);
    this.in_proj_weight = new Parameter([3 * width, width], options.weightInitialiser ?? init.xavierUniform());
    this.in_proj_bias = options.bias === false ? null : new Parameter([3 * width], init.zeros);
    this.out_proj = new Linear(width, width, {
      bias: options.bias ?? true,
      biasInitialiser: init.zeros,
      ...(options.outputInitialiser === undefined ? {} : { weightInitialiser: options.outputInitialiser }),
    });
  }

  /** @param input queries; keys and values follow if they are others  @throws NnError SHAPE_MISMATCH */
  override forward(input: Tensor, key: Tensor = input, value: Tensor = key): Tensor {
    return this.attend(input, key, value);
  }

  /**
   * With masks. @param query [M, T, E] with batchFirst, else [T, M, E]; key and value alike, with S places
   * @returns in the form of the query  @throws NnError SHAPE_MISMATCH
   */
  attend(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions = {}): Tensor {
    for (const each of [query, key, value]) {
      requireForm("MultiheadAttention", each, [
        ...(this.batchFirst ? ["samples", "places"] : ["places", "samples"]),
        this.width,
      ]);
    }
    const first = (x: Tensor): Tensor => (this.batchFirst ? x : x.transpose(0, 1));
    const [q, k, v] = this.#project(first(query), first(key), first(value), query === key && key === value);
    const { keyPaddingMask, attentionMask, causal = this.causal } = options;
    const seen = keyPaddingMask?.logicalNot().unsqueeze(1).unsqueeze(1);
    const between = attentionMask?.dtype === "bool" ? attentionMask.logicalNot() : attentionMask;
    const mask = combined(seen, between);
    const attended = scaledDotProductAttention(q, k, v, {
      causal,
      dropout: (weights) => this.dropout.forward(weights),
      ...(mask === undefined ? {} : { mask }),
    });
    // [M, heads, T, D] -> [M, T, E]
    const joined = attended.transpose(1, 2).flatten(2);
    return first(this.out_proj.forward(joined));
  }

  /** Queries, keys and values [M, heads, places, D]; of a single sequence by one product. */
  #project(query: Tensor, key: Tensor, value: Tensor, isSelf: boolean): readonly [Tensor, Tensor, Tensor] {
    const { width, heads } = this;
    const apart = (x: Tensor): Tensor => x.reshape([x.size(0), x.size(1), heads, width / heads]).transpose(1, 2);
    const project = (x: Tensor, from: number, count: number): Tensor => {
      const product = x.matmul(this.in_proj_weight.value.narrow(0, from * width, count * width).t());
      return this.in_proj_bias === null
        ? product
        : product.add(this.in_proj_bias.value.narrow(0, from * width, count * width));
    };
    if (!isSelf) return [apart(project(query, 0, 1)), apart(project(key, 1, 1)), apart(project(value, 2, 1))];
    const all = project(query, 0, 3);
    const part = (index: number): Tensor => apart(all.narrow(2, index * width, width));
    return [part(0), part(1), part(2)];
  }
}

/** Keys that are seen, and a mask between places, as one mask. */
function combined(seen: Tensor | undefined, between: Tensor | undefined): Tensor | undefined {
  if (seen === undefined || between === undefined) return seen ?? between;
  return between.dtype === "bool" ? where(seen, between, false) : where(seen, between, HIDDEN_SCORE);
}
