import { type BatchOptions, batchIndices, gatherSamples } from "./batches.ts";
import { DataError } from "./errors.ts";
import type { ColumnData, FieldDType } from "./field.ts";
import type { SplitShares } from "./partition.ts";
import type { FieldForms, NewSample, Sample } from "./sample.ts";
import { checkDataset, type LoadedDataset, type Split } from "./split.ts";
import { emptySplit, filterSamples, mapSamples, type PartName, shuffleSamples, splitSamples } from "./transforms.ts";
import { checkFinite, checkIndices } from "./value-checks.ts";

/** Some samples of one field, as a dense array. */
export interface FieldSamples {
  readonly dtype: FieldDType;
  /** [samples, ...shape of the field]. */
  readonly shape: readonly number[];
  readonly data: ColumnData;
}

/** One part of a dataset, loaded when it is asked for. */
export class DatasetSplit {
  private readonly owner: () => Promise<LoadedDataset>;
  private readonly part: (dataset: LoadedDataset) => Split;

  /** Made by {@link Dataset}. */
  constructor(owner: () => Promise<LoadedDataset>, part: (dataset: LoadedDataset) => Split) {
    this.owner = owner;
    this.part = part;
  }

  /** All samples; borrowed from the dataset. */
  async load(): Promise<Split> {
    return this.part(await this.owner());
  }

  /**
   * Copies of `count` samples from `first` on, by field name, in the order of the source.
   * @throws DataError POSITION_OUT_OF_RANGE when there are fewer
   */
  async take(count: number, first = 0): Promise<Readonly<Record<string, FieldSamples>>> {
    const dataset = await this.owner();
    const split = this.part(dataset);
    const whole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
    if (!whole || first < 0 || count < 0 || first + count > split.samples) {
      throw new DataError(
        "POSITION_OUT_OF_RANGE",
        `Samples ${first} to ${first + count - 1} do not all lie in a split of ${split.samples}: take fewer`,
      );
    }
    return gatherSamples(
      dataset,
      split,
      Uint32Array.from({ length: count }, (_, i) => first + i),
    );
  }

  /**
   * Copies of the samples, `size` at a time, for a loop of one's own: `for await (const { inputs } of data.train.batch(32))`.
   * @throws DataError NUMBER_INVALID
   */
  async *batch(size: number, options: BatchOptions = {}): AsyncGenerator<Readonly<Record<string, FieldSamples>>> {
    const dataset = await this.owner();
    const split = this.part(dataset);
    for (const indices of batchIndices(split.samples, size, options)) yield gatherSamples(dataset, split, indices);
  }
}

/** What is checked when a dataset is loaded. */
export interface DatasetChecks {
  /** Takes NaN and infinities instead of refusing them. Default false. */
  readonly allowNotFinite?: boolean;
}

/**
 * What a run learns from: described at once, loaded once when it is needed. Its methods describe another dataset; the functions they take run
 * once, where the run file is, and what they give is packed for the workers: what shall differ from epoch to epoch belongs into the model.
 */
export class Dataset {
  /** For people: "digits", say. */
  readonly name: string;
  readonly train: DatasetSplit;
  /** For choosing between models; empty unless a source or {@link Dataset.split} makes one. */
  readonly validation: DatasetSplit;
  /** What a run is measured on after every epoch. */
  readonly test: DatasetSplit;
  private readonly source: () => Promise<LoadedDataset>;
  private readonly checks: DatasetChecks;
  private read: Promise<LoadedDataset> | undefined;
  private loaded: Promise<LoadedDataset> | undefined;

  /** @param source called once, unless it fails; its result is checked */
  constructor(name: string, source: () => Promise<LoadedDataset>, checks: DatasetChecks = {}) {
    this.name = name;
    this.source = source;
    this.checks = checks;
    const load = () => this.load();
    this.train = new DatasetSplit(load, (dataset) => dataset.train);
    this.validation = new DatasetSplit(load, (dataset) => dataset.validation ?? emptySplit(dataset.fields));
    this.test = new DatasetSplit(load, (dataset) => dataset.test);
  }

  /** All splits in memory, and kept there. @throws DataError FIELD_INVALID, COLUMN_MISMATCH, VALUE_NOT_FINITE, and what the source throws */
  load(): Promise<LoadedDataset> {
    this.loaded ??= this.loadOnce();
    return this.loaded;
  }

  /** The same dataset; NaN and infinities are taken instead of refused. */
  allowNotFinite(): Dataset {
    return new Dataset(this.name, () => this.readOnce(), { ...this.checks, allowNotFinite: true });
  }

  /**
   * The dataset whose samples a function makes of this one's, in every split. The first sample says the fields, unless `fields` does: an array has its own
   * dtype, numbers are float32, and there is at most one dimension; but a field of this dataset with as many elements keeps its shape, and for plain
   * numbers its dtype. Windows become dense samples.
   * Loading throws DataError SAMPLE_INVALID when a later sample differs.
   */
  map(
    change: (sample: Sample, index: number, part: PartName) => NewSample | Promise<NewSample>,
    fields: FieldForms = {},
  ): Dataset {
    return this.derived(async (dataset) => {
      const mapped = await mapSamples(dataset, change, fields);
      return dataset.classNames !== undefined && hasSameTargets(dataset, mapped)
        ? withNamesOf(dataset, mapped)
        : mapped;
    });
  }

  /** The dataset of those samples, in every split, for which a function says so. Windows become dense samples. Loading throws DataError DATASET_EMPTY when none is left to train on. */
  filter(keep: (sample: Sample, index: number, part: PartName) => boolean | Promise<boolean>): Dataset {
    return this.derived(async (dataset) => withNamesOf(dataset, await filterSamples(dataset, keep)));
  }

  /** The dataset with its training samples in another order, by seed alone; a run shuffles every epoch anyway. Windows become dense samples. */
  shuffle(seed = 0): Dataset {
    return this.derived(async (dataset) => withNamesOf(dataset, shuffleSamples(dataset, seed)));
  }

  /**
   * The dataset with shares of its training samples as validation and test samples: at random by seed, or, where fields are windows, from the end of the
   * sequence, without a row that two parts see. Loading throws DataError SPLIT_INVALID, DATASET_EMPTY.
   */
  split(shares: SplitShares & { readonly seed?: number }): Dataset {
    return this.derived(async (dataset) => withNamesOf(dataset, splitSamples(dataset, shares, shares.seed ?? 0)));
  }

  /**
   * The dataset whose validation samples stand in the place of its test samples. A run packs two splits and is measured on the second: choose between models
   * with `data.measuredOnValidation()`, and look at `data.test` once, at the end. Loading throws DataError DATASET_EMPTY when there are none.
   */
  measuredOnValidation(): Dataset {
    return this.derived(async (dataset) => {
      const { fields, train, validation } = dataset;
      if (validation !== undefined && validation.samples > 0)
        return withNamesOf(dataset, { fields, train, test: validation });
      throw new DataError(
        "DATASET_EMPTY",
        `Dataset ${this.name} has no validation samples: make some with split({ validation: 0.1 })`,
      );
    });
  }

  /** The same dataset; loading throws DataError LABEL_OUT_OF_RANGE when a value of the field is none of 0 to classes - 1. */
  withClasses(classes: number, field = "targets"): Dataset {
    return this.derived(async (dataset) => {
      checkIndices(dataset, { field, count: classes, owner: "withClasses", of: "classes" });
      return dataset;
    });
  }

  private derived(change: (dataset: LoadedDataset) => Promise<LoadedDataset>): Dataset {
    // Not `load`: a filter may be there to leave out what is refused.
    return new Dataset(this.name, async () => change(await this.readOnce()), this.checks);
  }

  /** What the source gives, in its form, whatever its values are. */
  private readOnce(): Promise<LoadedDataset> {
    this.read ??= this.source().then((dataset) => {
      checkDataset(dataset);
      return dataset;
    });
    // A failed download, say, may be tried again.
    this.read.catch(() => {
      this.read = undefined;
    });
    return this.read;
  }

  private async loadOnce(): Promise<LoadedDataset> {
    try {
      const dataset = await this.readOnce();
      if (this.checks.allowNotFinite !== true) checkFinite(dataset);
      return dataset;
    } catch (error) {
      this.loaded = undefined;
      throw error;
    }
  }
}

/** The dataset with the names of classes that the one it was made of has. */
function withNamesOf({ classNames }: LoadedDataset, made: LoadedDataset): LoadedDataset {
  return classNames === undefined ? made : { ...made, classNames };
}

/** Whether the classes of the samples are those that they were: then their names are, too. */
function hasSameTargets(before: LoadedDataset, after: LoadedDataset): boolean {
  const [was, is] = [before.train.columns.targets, after.train.columns.targets];
  return was !== undefined && is?.length === was.length && was.every((value, index) => value === is[index]);
}
