import { DataError } from "./errors.ts";
import type { Field } from "./field.ts";
import { deriveKey, keyOfSeed, permutation } from "./random.ts";
import { dtypeOf, gatherField } from "./sample.ts";
import type { LoadedDataset, Split } from "./split.ts";

/** How the samples of a split are handed out in batches. */
export interface BatchOptions {
  /** A seed for a random order, the same for the same seed. Default: the order of the source. */
  readonly shuffle?: number;
  /** Leaves out a last batch that is smaller. Default false. */
  readonly dropLast?: boolean;
}

const BATCH_STREAM = 0x62617463;

/** Ranges of sample indices, `size` at a time. @throws DataError NUMBER_INVALID */
export function* batchIndices(samples: number, size: number, options: BatchOptions): Generator<Uint32Array> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new DataError("NUMBER_INVALID", `The batch size is ${size}: use a whole number of at least 1`);
  }
  const { shuffle, dropLast = false } = options;
  const order =
    shuffle === undefined
      ? Uint32Array.from({ length: samples }, (_, index) => index)
      : permutation(samples, deriveKey(keyOfSeed(shuffle), BATCH_STREAM, 0));
  for (let first = 0; first < samples; first += size) {
    const indices = order.subarray(first, first + size);
    if (indices.length === size || !dropLast) yield indices;
  }
}

/** Copies of the samples with these indices, by field name. */
export function gatherSamples({ fields }: Pick<LoadedDataset, "fields">, split: Split, indices: Uint32Array) {
  const entries = fields.map((field: Field) => {
    const data = gatherField(field, fields, split, indices);
    const dtype = field.dtype === "bool" ? field.dtype : dtypeOf(data);
    return [field.name, { dtype, shape: [indices.length, ...field.shape], data }] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Reads a source ahead of whoever reads from it: up to `ahead` items are asked for before they are needed, so that waiting for files overlaps with
 * work. Order is kept; an error comes out where its item would have.
 * @param ahead whole, at least 1
 * @throws DataError NUMBER_INVALID
 */
export async function* prefetch<Item>(
  source: AsyncIterable<Item> | Iterable<Item | Promise<Item>>,
  ahead: number,
): AsyncGenerator<Item> {
  if (!Number.isSafeInteger(ahead) || ahead < 1) {
    throw new DataError("NUMBER_INVALID", `${ahead} items cannot be read ahead: use a whole number of at least 1`);
  }
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const waiting: Promise<IteratorResult<Item>>[] = [];
  const ask = () => {
    const next = Promise.resolve(iterator.next()).then(settle);
    // It is awaited later; until then, a failure is not an unhandled one.
    next.catch(() => undefined);
    waiting.push(next);
  };
  try {
    for (let i = 0; i < ahead; i += 1) ask();
    for (;;) {
      const result = await waiting.shift();
      if (result === undefined || result.done) return;
      ask();
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** An iterable of promises gives results whose value is still a promise. */
async function settle<Item>(result: IteratorResult<Item | Promise<Item>>): Promise<IteratorResult<Item>> {
  return result.done ? { done: true, value: undefined } : { done: false, value: await result.value };
}
