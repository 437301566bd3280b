import {
  createMicrobatch,
  EpochOrder,
  fillMicrobatchInto,
  type Microbatch,
  openShard,
  type PackedDataset,
  type Shard,
  type SplitName,
} from "@tributary/data";
import { TrainingError } from "./errors.ts";

/** The microbatches of a dataset that lies in memory: the same samples, indices and padding as a worker would make of its leases. */
export class MicrobatchSource {
  readonly #data: PackedDataset;
  readonly #seed: number;
  readonly #batch: Microbatch;
  readonly #opened = new Map<string, Shard>();

  /** @param size samples of a microbatch, M  @param seed of the run, which decides the order of every epoch */
  constructor(data: PackedDataset, size: number, seed: number) {
    this.#data = data;
    this.#seed = seed;
    this.#batch = createMicrobatch(data.manifest.fields, size);
  }

  /** The order of an epoch of training samples; for the test split, the split's own order. */
  order(split: SplitName, epoch: number): EpochOrder {
    return new EpochOrder({
      split: this.#data.manifest.splits[split],
      seed: this.#seed,
      epoch,
      shuffle: split === "train",
    });
  }

  /**
   * The samples at `count` positions from `first` on, padded to M.
   * @returns memory that the next call overwrites
   */
  fill(split: SplitName, order: EpochOrder, first: number, count: number): Microbatch {
    const { fields, splits } = this.#data.manifest;
    fillMicrobatchInto(this.#batch, fields, { order, first, count }, (index) =>
      this.#shard(splits[split].shards[index]?.sha256 ?? ""),
    );
    return this.#batch;
  }

  #shard(hash: string): Shard {
    const opened = this.#opened.get(hash);
    if (opened !== undefined) return opened;
    const bytes = this.#data.shards.get(hash);
    const { fields, splits } = this.#data.manifest;
    const entry = [...splits.train.shards, ...splits.test.shards].find((shard) => shard.sha256 === hash);
    if (bytes === undefined || entry === undefined) {
      throw new TrainingError(
        "RUN_INVALID",
        `Shard ${hash} is in the manifest but not among the dataset's shards: pack the dataset again`,
      );
    }
    const shard = openShard(fields, entry, bytes);
    this.#opened.set(hash, shard);
    return shard;
  }
}
