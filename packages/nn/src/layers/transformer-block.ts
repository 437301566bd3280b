import type { Tensor } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { init } from "../init.ts";
import { Module } from "../module.ts";
import { MultiheadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { Linear, type LinearOptions } from "./linear.ts";
import { LayerNorm } from "./normalisation.ts";

/** Deviation with which GPT-2's weights start. Source: Radford et al. (2019). */
const GPT2_DEVIATION = 0.02;

/** Options of {@link TransformerBlock}. */
export interface TransformerBlockOptions {
  /** Width between the two dense layers. Default 4 times the width. */
  readonly hidden?: number;
  /** Share dropped of the attention weights, inside the dense part, and before each addition. Default 0. */
  readonly dropout?: number;
  /** Whether place t sees the places 0 ... t alone. Default true. */
  readonly causal?: boolean;
  /**
   * Number of blocks of the model. With it weights start as in GPT-2: N(0, 0.02^2), those in front of an addition divided
   * by sqrt(2 depth), biases 0. Default: as PyTorch's layers.
   */
  readonly depth?: number;
}

/**
 * A block of a transformer with the normalisation in front, as in GPT-2: x + attention(norm(x)), then x + dense(norm(x)) with
 * an exact GELU between the two dense layers. x [M, T, width] -> the same shape. Parameters by the names of PyTorch's
 * TransformerEncoderLayer, which computes the same with norm_first, activation="gelu" and batch_first: `self_attn.*`,
 * `linear1.*`, `linear2.*`, `norm1.*`, `norm2.*`.
 */
export class TransformerBlock extends Module {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;

  /** @throws NnError INVALID_OPTION */
  constructor(width: number, heads: number, options: TransformerBlockOptions = {}) {
    super();
    const { hidden = 4 * width, dropout = 0, causal = true, depth } = options;
    requireOption(
      depth === undefined || (Number.isInteger(depth) && depth > 0),
      "TransformerBlock",
      "depth",
      depth,
      "a whole number above 0",
    );
    const gpt2 = depth === undefined ? null : init.normal(0, GPT2_DEVIATION);
    const gpt2Last = depth === undefined ? null : init.normal(0, GPT2_DEVIATION / Math.sqrt(2 * depth));
    const dense = (weightInitialiser: typeof gpt2): LinearOptions =>
      weightInitialiser === null ? {} : { weightInitialiser, biasInitialiser: init.zeros };
    this.self_attn = new MultiheadAttention(width, heads, {
      dropout,
      causal,
      batchFirst: true,
      ...(gpt2 === null || gpt2Last === null ? {} : { weightInitialiser: gpt2, outputInitialiser: gpt2Last }),
    });
    this.linear1 = new Linear(width, hidden, dense(gpt2));
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(hidden, width, dense(gpt2Last));
    this.norm1 = new LayerNorm(width);
    this.norm2 = new LayerNorm(width);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    const attended = x.add(this.dropout1.forward(this.self_attn.forward(this.norm1.forward(x))));
    const inner = this.dropout.forward(this.linear1.forward(this.norm2.forward(attended)).gelu());
    return attended.add(this.dropout2.forward(this.linear2.forward(inner)));
  }
}
