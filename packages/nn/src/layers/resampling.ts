import { iota, type Tensor, tensor, where } from "@tributary/autograd";

/** What one element of an output axis is made of: weights of neighbouring elements from `start` to before `end`. */
export interface Source {
  readonly start: number;
  /** Of `start`, `start` + 1, ...; their sum is 1. All alike when there is one for more elements. */
  readonly weights: readonly number[];
}

/** float32 [sources, size], whose row i holds the weights of output i. */
function mixture(sources: readonly Source[], size: number): Tensor {
  const shape = [sources.length, size];
  const places = iota(shape, 1);
  const column = (values: readonly number[], dtype: "int32" | "float32") =>
    tensor(values, { shape: [sources.length, 1], dtype });
  const starts = column(
    sources.map(({ start }) => start),
    "int32",
  );
  const longest = Math.max(...sources.map(({ weights }) => weights.length));
  const terms = Array.from({ length: longest }, (_, offset) => {
    const weights = column(
      sources.map((source) => source.weights[offset] ?? 0),
      "float32",
    );
    return where(places.eq(starts.add(offset)), weights, 0);
  });
  return terms.reduce((sum, term) => sum.add(term));
}

/** Each element of the last axis as a weighted sum of the old ones: x [..., L] -> [..., sources]. */
function resampledLast(x: Tensor, sources: readonly Source[]): Tensor {
  const size = x.size(-1);
  const rows = x.reshape([x.numel() / size, size]);
  return rows.matmul(mixture(sources, size).t()).reshape([...x.shape.slice(0, -1), sources.length]);
}

/** Every row and column of x [M, C, H, W] a weighted sum of old ones -> [M, C, rows, columns]: two matrix products. */
export function resampled(x: Tensor, rows: readonly Source[], columns: readonly Source[]): Tensor {
  const wide = resampledLast(x, columns);
  return resampledLast(wide.transpose(2, 3), rows).transpose(2, 3);
}
