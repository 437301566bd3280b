import { DataError } from "./errors.ts";
import { deriveKey, keyOfSeed, permutation, type RandomKey } from "./random.ts";

/** What an order depends on, and nothing else. */
export interface EpochOrderOptions {
  /** The split of the manifest: of each shard only the number of samples counts. */
  readonly split: { readonly shards: readonly { readonly samples: number }[] };
  /** Seed of the run: whole, 0 to 2^53 - 1. */
  readonly seed: number;
  /** Number of the epoch, from 0: whole, below 2^32. */
  readonly epoch: number;
  /** Default true. Without shuffling, positions are sample indices (for evaluation), and seed and epoch do not count. */
  readonly shuffle?: boolean;
}

/** Where the sample at some position of an epoch is. */
export interface SamplePlace {
  /** Index of the shard in the split. */
  readonly shard: number;
  /** Index of the sample in the shard. */
  readonly indexInShard: number;
  /** Index of the sample in the split: samples of the shards before it, plus its index in the shard. */
  readonly sample: number;
}

const EPOCH_ORDER = 0x65706f63;
const SHARD_ORDER = 1;
const INSIDE_SHARD = 2;

/**
 * The order in which an epoch visits the samples of a split: shards in random order, and the samples of each shard in random
 * order. So neighbours in the epoch lie in few shards, and every sample is visited exactly once.
 * A pure function of its options: every machine computes the same. Keeps one permutation of the shards and that of the shard
 * asked for last; going through the positions in order costs O(1) each on average.
 */
export class EpochOrder {
  /** Number of positions: the samples of the split. */
  readonly length: number;
  private readonly shuffle: boolean;
  private readonly key: RandomKey;
  /** Shards in the order in which they are visited. */
  private readonly visits: Uint32Array;
  /** Position at which the i-th visit begins; one more entry than visits. */
  private readonly starts: Float64Array;
  /** Index in the split of each shard's first sample. */
  private readonly firstSamples: Float64Array;
  private visit = 0;
  private inside: Uint32Array | undefined;

  /** @throws DataError NUMBER_INVALID */
  constructor(options: EpochOrderOptions) {
    const { split, seed, epoch, shuffle = true } = options;
    if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch >= 2 ** 32) {
      throw new DataError("NUMBER_INVALID", `The epoch is ${epoch}: use a whole number of at least 0 and below 2^32`);
    }
    const count = split.shards.length;
    this.shuffle = shuffle;
    this.key = deriveKey(keyOfSeed(seed), EPOCH_ORDER, epoch);
    this.visits = shuffle
      ? permutation(count, deriveKey(this.key, SHARD_ORDER, 0))
      : Uint32Array.from({ length: count }, (_, i) => i);
    this.starts = new Float64Array(count + 1);
    this.firstSamples = new Float64Array(count);
    let sample = 0;
    let position = 0;
    for (let i = 0; i < count; i += 1) {
      this.firstSamples[i] = sample;
      sample += split.shards[i]?.samples ?? 0;
      position += split.shards[this.visits[i] ?? 0]?.samples ?? 0;
      this.starts[i + 1] = position;
    }
    this.length = sample;
  }

  /** The sample at a position. @throws DataError POSITION_OUT_OF_RANGE */
  at(position: number): SamplePlace {
    this.checkRange(position, 1);
    this.enter(position);
    const shard = this.visits[this.visit] ?? 0;
    const offset = position - (this.starts[this.visit] ?? 0);
    const indexInShard = this.inside === undefined ? offset : (this.inside[offset] ?? 0);
    return { shard, indexInShard, sample: (this.firstSamples[shard] ?? 0) + indexInShard };
  }

  /** The samples at `count` positions from `first` on. @throws DataError POSITION_OUT_OF_RANGE */
  samplesAt(first: number, count: number): readonly SamplePlace[] {
    this.checkRange(first, count);
    return Array.from({ length: count }, (_, i) => this.at(first + i));
  }

  /** The shards that `count` positions from `first` on lie in, in the order of their first use: what a lease has to fetch. */
  shardsAt(first: number, count: number): readonly number[] {
    this.checkRange(first, count);
    const shards: number[] = [];
    if (count === 0) return shards;
    const last = this.visitOf(first + count - 1);
    for (let visit = this.visitOf(first); visit <= last; visit += 1) {
      if ((this.starts[visit + 1] ?? 0) > (this.starts[visit] ?? 0)) shards.push(this.visits[visit] ?? 0);
    }
    return shards;
  }

  private checkRange(first: number, count: number): void {
    const whole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
    if (!whole || first < 0 || count < 0 || first + count > this.length) {
      throw new DataError(
        "POSITION_OUT_OF_RANGE",
        `Positions ${first} to ${first + count - 1} do not all lie in an epoch of ${this.length}: ask for positions below its length`,
      );
    }
  }

  /** Makes the visit that holds a position the current one. */
  private enter(position: number): void {
    const current = position >= (this.starts[this.visit] ?? 0) && position < (this.starts[this.visit + 1] ?? 0);
    if (current && (this.inside !== undefined || !this.shuffle)) return;
    this.visit = this.visitOf(position);
    if (!this.shuffle) return;
    const samples = (this.starts[this.visit + 1] ?? 0) - (this.starts[this.visit] ?? 0);
    this.inside = permutation(samples, deriveKey(this.key, INSIDE_SHARD, this.visits[this.visit] ?? 0));
  }

  /** The visit that holds a position, by bisection. */
  private visitOf(position: number): number {
    let low = 0;
    let high = this.visits.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
