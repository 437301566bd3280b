import {
  Embedding,
  GRU,
  LastStep,
  LearnedPositions,
  LSTM,
  MultiheadAttention,
  RNN,
  SinusoidalPositions,
  TransformerBlock,
} from "@tributary/nn";
import { called, layer, type Row, type Tensors } from "../row.ts";

const INPUT = 3;
const HIDDEN = 4;

type RecurrentLayer = RNN | GRU | LSTM;
/** What the rows ask of each kind of cell. */
interface RecurrentRowOptions {
  readonly batchFirst: boolean;
  readonly bias?: boolean;
  readonly numLayers?: number;
  readonly bidirectional?: boolean;
}

function recurrent(make: () => RecurrentLayer): Row {
  return called(make, (module, { x, h0, c0 }): Tensors => {
    const { output, states } = module.run(x, ...[h0, c0].filter((state) => state !== undefined));
    const [h, c] = states;
    return c === undefined ? { output, h } : { output, h, c };
  });
}

function recurrents(name: string, make: (options: RecurrentRowOptions) => RecurrentLayer): Record<string, Row> {
  return {
    [name]: recurrent(() => make({ batchFirst: true })),
    [`${name} with initial state`]: recurrent(() => make({ batchFirst: true })),
    [`${name} time first without bias`]: recurrent(() => make({ batchFirst: false, bias: false })),
    [`${name} of two layers in both directions`]: recurrent(() =>
      make({ batchFirst: true, numLayers: 2, bidirectional: true }),
    ),
  };
}

/** Rows of the family "sequences". */
export const SEQUENCES: Readonly<Record<string, Row>> = {
  embedding: layer(() => new Embedding(9, 5)),
  "embedding with padding index": layer(() => new Embedding(9, 5, { paddingIndex: 3 })),
  "last step": layer(() => new LastStep()),
  "learned positions": layer(() => new LearnedPositions(9, 6)),
  "sinusoidal positions": layer(() => new SinusoidalPositions()),
  ...recurrents("rnn", (options) => new RNN(INPUT, HIDDEN, options)),
  ...recurrents("gru", (options) => new GRU(INPUT, HIDDEN, options)),
  ...recurrents("lstm", (options) => new LSTM(INPUT, HIDDEN, options)),
  "rnn with relu": recurrent(() => new RNN(INPUT, HIDDEN, { batchFirst: true, nonlinearity: "relu" })),
  attention: layer(() => new MultiheadAttention(6, 2, { batchFirst: true })),
  "attention causal": layer(() => new MultiheadAttention(6, 2, { batchFirst: true, causal: true })),
  "attention without bias": layer(() => new MultiheadAttention(6, 3, { batchFirst: true, bias: false })),
  "attention of another sequence": called(
    () => new MultiheadAttention(6, 2, { batchFirst: true }),
    (module, { x, key, value }) => ({ output: module.forward(x, key, value) }),
  ),
  "attention with padded keys": called(
    () => new MultiheadAttention(6, 2, { batchFirst: true }),
    (module, { x, padding }) => ({ output: module.attend(x, x, x, { keyPaddingMask: padding.to("bool") }) }),
  ),
  "transformer block": layer(() => new TransformerBlock(6, 2, { hidden: 11, causal: false })),
  "transformer block causal": layer(() => new TransformerBlock(6, 2, { hidden: 11 })),
};
