import type { EpochOrder } from "./epoch-order.ts";
import { DataError } from "./errors.ts";
import { allocateColumn, type ColumnData, type Field, fieldElements } from "./field.ts";
import type { Shard } from "./shards.ts";

/** What one run of a gradient or evaluation program takes: M samples, of which the last may be padding. */
export interface Microbatch {
  /** M. */
  readonly size: number;
  /** By field name: M samples one after the other, [M, ...shape]. Padding is zeros. */
  readonly fields: Readonly<Record<string, ColumnData>>;
  /** [M]: 1 for a sample, 0 for padding. */
  readonly weights: Float32Array;
  /** [M]: index of the sample in its split, from which masks are drawn; 0 for padding. */
  readonly indices: Uint32Array;
}

/** Which samples a microbatch consists of. */
export interface MicrobatchRange {
  readonly order: EpochOrder;
  /** Position in the epoch of the first sample. */
  readonly first: number;
  /** Number of samples, 0 to the size of the microbatch. */
  readonly count: number;
}

/** Memory for microbatches of `size` samples, to be filled again and again. */
export function createMicrobatch(fields: readonly Field[], size: number): Microbatch {
  const arrays: Record<string, ColumnData> = {};
  for (const field of fields) arrays[field.name] = allocateColumn(field.dtype, size * fieldElements(field));
  return { size, fields: arrays, weights: new Float32Array(size), indices: new Uint32Array(size) };
}

function copySample(target: ColumnData, to: number, source: ColumnData, from: number, length: number): void {
  // Below some 32 elements, making a view costs more than the loop.
  if (length < 32) {
    for (let i = 0; i < length; i += 1) target[to + i] = source[from + i] ?? 0;
  } else {
    target.set(source.subarray(from, from + length), to);
  }
}

/**
 * Copies the samples of a range out of their shards, and pads the rest of the microbatch.
 * @param target written wholly; of {@link createMicrobatch} for the same fields
 * @param shardAt gives an opened shard by its index in the split, or undefined when it is not there
 * @throws DataError SHARD_MISSING, POSITION_OUT_OF_RANGE, FIELD_INVALID
 */
export function fillMicrobatchInto(
  target: Microbatch,
  fields: readonly Field[],
  range: MicrobatchRange,
  shardAt: (shard: number) => Shard | undefined,
): void {
  if (range.count > target.size) {
    throw new DataError(
      "POSITION_OUT_OF_RANGE",
      `${range.count} samples do not fit a microbatch of ${target.size}: take several microbatches`,
    );
  }
  const places = range.order.samplesAt(range.first, range.count);
  places.forEach(({ sample }, i) => {
    target.weights[i] = 1;
    target.indices[i] = sample;
  });
  target.weights.fill(0, range.count);
  target.indices.fill(0, range.count);
  for (const field of fields) {
    const into = target.fields[field.name];
    const length = fieldElements(field);
    if (into?.length !== target.size * length) {
      throw new DataError(
        "FIELD_INVALID",
        `The microbatch was not made for the field ${field.name}: create it for these fields`,
      );
    }
    places.forEach(({ shard, indexInShard }, i) => {
      const opened = shardAt(shard);
      if (opened === undefined) {
        throw new DataError("SHARD_MISSING", `Shard ${shard} is not here: fetch the shards of the lease first`);
      }
      const { data, start, step } = opened.locate(field);
      copySample(into, i * length, data, start + indexInShard * step, length);
    });
    into.fill(0, range.count * length);
  }
}
