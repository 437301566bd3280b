import { elementCount, type Shape } from "@tributary/program";

/** One layer of a Keras model that has weights. */
export interface KerasLayer {
  readonly name: string;
  /** Name of its class: "Dense". */
  readonly kind: string;
  /** Short names of its weights: "kernel", "bias". */
  readonly weights: readonly string[];
  /** Rows, columns and channels of what a Flatten before it had; null: there is none, or nothing to be put in order. */
  readonly flattened: readonly number[] | null;
}

/** A weight with its values, row by row. */
export interface PlacedWeight {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A Keras layer's weights in our layouts: one part for each layer of ours that it consists of, or what stands against it. */
export interface Arrangement {
  readonly parts: readonly ReadonlyMap<string, PlacedWeight>[];
  readonly problem: string | null;
}

type Weights = ReadonlyMap<string, PlacedWeight>;
type Arrange = (weights: Weights, layer: KerasLayer) => readonly ReadonlyMap<string, PlacedWeight>[];

/** Blocks of a cell's gates: Keras and PyTorch have i, f, c, o for LSTM; z, r, h in Keras become r, z, n for GRU. */
const GATE_ORDER: Readonly<Record<string, readonly number[]>> = { LSTM: [0, 1, 2, 3], GRU: [1, 0, 2], SimpleRNN: [0] };

/** How each kind of layer is arranged. Layouts: documentation of Keras 3, of PyTorch 2. */
const KINDS: Readonly<Record<string, Arrange>> = {
  Dense: (weights, { flattened }) => [affine(weights, (kernel) => transposed(channelsFirst(kernel, flattened)))],
  Conv1D: (weights) => [affine(weights, (kernel) => permuted(kernel, [2, 1, 0]))],
  Conv2D: (weights) => [affine(weights, (kernel) => permuted(kernel, [3, 2, 0, 1]))],
  // [KH, KW, out, in].
  Conv2DTranspose: (weights) => [affine(weights, (kernel) => permuted(kernel, [3, 2, 0, 1]))],
  DepthwiseConv2D: (weights) => [affine(weights, depthwise)],
  SeparableConv2D: (weights) => {
    const [kernel, point] = [weights.get("depthwise_kernel"), weights.get("pointwise_kernel")];
    const pointwise = withEntries([
      ["weight", point === undefined ? undefined : permuted(point, [3, 2, 0, 1])],
      ["bias", weights.get("bias")],
    ]);
    return [withEntries([["weight", kernel === undefined ? undefined : depthwise(kernel)]]), pointwise];
  },
  BatchNormalization: (weights) => [
    renamed(weights, { gamma: "weight", beta: "bias", moving_mean: "running_mean", moving_variance: "running_var" }),
  ],
  LayerNormalization: (weights) => [renamed(weights, { gamma: "weight", beta: "bias" })],
  GroupNormalization: (weights) => [renamed(weights, { gamma: "weight", beta: "bias" })],
  Embedding: (weights) => [renamed(weights, { embeddings: "weight" })],
  PReLU: (weights) => [renamed(weights, { alpha: "weight" })],
  LSTM: recurrent,
  GRU: recurrent,
  SimpleRNN: recurrent,
};

/** A Keras layer in our layouts. @param weights by their short names */
export function arrangementOf(layer: KerasLayer, weights: Weights): Arrangement {
  const { name, kind } = layer;
  const arrange = KINDS[kind];
  if (arrange === undefined) {
    const known = Object.keys(KINDS).join(", ");
    return { parts: [], problem: `${name} is a ${kind}, which is not known here (known are ${known})` };
  }
  if (kind === "GRU" && weights.get("bias")?.shape.length === 1) {
    return { parts: [], problem: `${name} (GRU) was made with reset_after=False, whose one bias has no place here` };
  }
  return { parts: arrange(weights, layer), problem: null };
}

function affine(weights: Weights, arrange: (kernel: PlacedWeight) => PlacedWeight): ReadonlyMap<string, PlacedWeight> {
  const kernel = weights.get("kernel") ?? weights.get("depthwise_kernel");
  return withEntries([
    ["weight", kernel === undefined ? undefined : arrange(kernel)],
    ["bias", weights.get("bias")],
  ]);
}

/** [KH, KW, in, multiplier] -> [in x multiplier, 1, KH, KW]. */
function depthwise(kernel: PlacedWeight): PlacedWeight {
  const { shape, values } = permuted(kernel, [2, 3, 0, 1]);
  const [channels = 1, multiplier = 1, ...sides] = shape;
  return { shape: [channels * multiplier, 1, ...sides], values };
}

/** kernel [in, 4 H], recurrent_kernel [H, 4 H], bias [4 H] (GRU: [2, 3 H]) -> PyTorch's four; one bias counts as the input's. */
function recurrent(weights: Weights, { kind }: KerasLayer): readonly ReadonlyMap<string, PlacedWeight>[] {
  const order = GATE_ORDER[kind] ?? [0];
  const matrix = (name: string) => {
    const weight = weights.get(name);
    return weight === undefined ? undefined : reordered(transposed(weight), order);
  };
  const bias = weights.get("bias");
  const rows = bias?.shape.at(-1) ?? 0;
  const biasOf = (row: number): PlacedWeight | undefined => {
    if (bias === undefined) return undefined;
    const values =
      row * rows < bias.values.length ? bias.values.slice(row * rows, (row + 1) * rows) : new Float32Array(rows);
    return reordered({ shape: [rows], values }, order);
  };
  return [
    withEntries([
      ["weight_ih_l0", matrix("kernel")],
      ["weight_hh_l0", matrix("recurrent_kernel")],
      ["bias_ih_l0", biasOf(0)],
      ["bias_hh_l0", biasOf(1)],
    ]),
  ];
}

/** Equal blocks of rows in another order. */
function reordered({ shape, values }: PlacedWeight, order: readonly number[]): PlacedWeight {
  const block = values.length / order.length;
  const result = new Float32Array(values.length);
  order.forEach((from, to) => {
    result.set(values.subarray(from * block, (from + 1) * block), to * block);
  });
  return { shape, values: result };
}

function transposed(weight: PlacedWeight): PlacedWeight {
  return permuted(weight, [1, 0]);
}

/** Rows of a kernel [H W C, out] in the order of C, H, W. */
function channelsFirst(kernel: PlacedWeight, flattened: readonly number[] | null): PlacedWeight {
  const [inputs = 0, outputs = 0] = kernel.shape;
  if (flattened?.length !== 3 || elementCount(flattened) !== inputs) return kernel;
  const { values } = permuted({ shape: [...flattened, outputs], values: kernel.values }, [2, 0, 1, 3]);
  return { shape: kernel.shape, values };
}

/** Dimension i of the result is dimension order[i] of the weight. */
function permuted({ shape, values }: PlacedWeight, order: readonly number[]): PlacedWeight {
  const to = order.map((axis) => shape[axis] ?? 1);
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const result = new Float32Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    let rest = index;
    let from = 0;
    for (let axis = order.length - 1; axis >= 0; axis -= 1) {
      const size = to[axis] ?? 1;
      from += (rest % size) * (strides[order[axis] ?? 0] ?? 1);
      rest = Math.floor(rest / size);
    }
    result[index] = values[from] ?? 0;
  }
  return { shape: to, values: result };
}

function renamed(weights: Weights, names: Readonly<Record<string, string>>): ReadonlyMap<string, PlacedWeight> {
  return withEntries(Object.entries(names).map(([theirs, ours]) => [ours, weights.get(theirs)] as const));
}

function withEntries(
  entries: readonly (readonly [string, PlacedWeight | undefined])[],
): ReadonlyMap<string, PlacedWeight> {
  return new Map(entries.flatMap(([name, weight]) => (weight === undefined ? [] : [[name, weight] as const])));
}
