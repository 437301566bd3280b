import {
  Embedding,
  LayerNorm,
  LearnedPositions,
  Linear,
  LSTM,
  lastStep,
  Module,
  type Tensor,
  TransformerBlock,
} from "tributary";

/** Tokens of a {@link Gpt}'s longest sequence. */
export const CONTEXT = 128;
/** Different tokens. */
export const VOCABULARY = 65;

/** An LSTM whose last state becomes one number: [M, T, features] -> [M]. */
export class SequenceRegressor extends Module {
  readonly lstm: LSTM;
  readonly head: Linear;

  constructor(features: number, hidden: number) {
    super();
    this.lstm = new LSTM(features, hidden, { batchFirst: true });
    this.head = new Linear(hidden, 1);
  }

  override forward(x: Tensor): Tensor {
    return this.head.forward(lastStep(this.lstm.forward(x))).select(1, 0);
  }
}

/** A transformer for the next token: tokens [M, T] -> logits [M, vocabulary, T]. */
export class Gpt extends Module {
  readonly tokens: Embedding;
  readonly positions: LearnedPositions;
  readonly blocks: readonly TransformerBlock[];
  readonly norm: LayerNorm;
  readonly head: Linear;

  constructor({ blocks, width, heads }: { blocks: number; width: number; heads: number }) {
    super();
    this.tokens = new Embedding(VOCABULARY, width);
    this.positions = new LearnedPositions(CONTEXT, width);
    this.blocks = Array.from({ length: blocks }, () => new TransformerBlock(width, heads));
    this.norm = new LayerNorm(width);
    this.head = new Linear(width, VOCABULARY, { bias: false });
  }

  override forward(tokens: Tensor): Tensor {
    const embedded = this.positions.forward(this.tokens.forward(tokens));
    const x = this.blocks.reduce((value, block) => block.forward(value), embedded);
    return this.head.forward(this.norm.forward(x)).transpose(1, 2);
  }
}
