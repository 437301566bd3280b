import {
  type ColumnData,
  createMicrobatch,
  EpochOrder,
  type Field,
  fillMicrobatchInto,
  type Microbatch,
  openShard,
  type Shard,
} from "@tributary/data";
import type { InspectedSample, InspectionSetup } from "./compute-message.ts";

/** The first samples of the test data, in the manifest's own order. */
export class TestSamples {
  readonly count: number;
  readonly #fields: readonly Field[];
  readonly #shards: readonly Shard[];
  readonly #order: EpochOrder;
  readonly #single: Microbatch;

  /** @throws DataError SHARD_LENGTH, SHARD_HASH */
  constructor({ fields, shards, samples }: Pick<InspectionSetup, "fields" | "shards" | "samples">) {
    this.count = samples;
    this.#fields = fields;
    this.#shards = shards.map(({ entry, bytes }) => openShard(fields, entry, bytes));
    this.#order = new EpochOrder({
      split: { shards: shards.map(({ entry }) => entry) },
      seed: 0,
      epoch: 0,
      shuffle: false,
    });
    this.#single = createMicrobatch(fields, 1);
  }

  /** Copies `count` samples from `first` on, and pads the rest. */
  fill(target: Microbatch, first: number, count: number): void {
    fillMicrobatchInto(target, this.#fields, { order: this.#order, first, count }, (shard) => this.#shards[shard]);
  }

  /** One sample, copied. @throws RangeError when there is none of this index */
  sample(index: number): InspectedSample {
    if (index >= this.count) {
      throw new RangeError(`There is no test sample ${index} to look at, only 0 to ${this.count - 1}`);
    }
    this.fill(this.#single, index, 1);
    const { inputs } = this.#single.fields;
    const bytes = inputs === undefined ? new Uint8Array(0) : bytesOf(inputs).slice();
    return { inputs: bytes, label: labelOf(this.#fields, this.#single, 0) };
  }
}

/** The class of a sample of a microbatch; null where the targets are not one whole number. */
export function labelOf(fields: readonly Field[], microbatch: Microbatch, row: number): number | null {
  const field = fields.find(({ name }) => name === "targets");
  if (field === undefined || !isWhole(field)) return null;
  return microbatch.fields[field.name]?.[row] ?? null;
}

/** Whether a field holds one whole number a sample. */
export function isWhole({ dtype, shape }: Field): boolean {
  return (dtype === "int32" || dtype === "uint32" || dtype === "uint8") && shape.every((size) => size === 1);
}

/** The memory of an array. Borrowed. */
export function bytesOf({ buffer, byteOffset, byteLength }: ColumnData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
