import { DataError } from "./errors.ts";
import { allocateColumn, type ColumnData, columnsOf, type Field, type FieldDType, fieldElements } from "./field.ts";
import { checkDataset, columnData, type LoadedDataset, type Split } from "./split.ts";

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
    return takeSamples(dataset.fields, this.part(dataset), first, count);
  }
}

/** What a run learns from: described at once, loaded once when it is needed. */
export class Dataset {
  /** For people: "digits", say. */
  readonly name: string;
  readonly train: DatasetSplit;
  readonly test: DatasetSplit;
  private readonly source: () => Promise<LoadedDataset>;
  private loaded: Promise<LoadedDataset> | undefined;

  /** @param source called once, unless it fails; its result is checked */
  constructor(name: string, source: () => Promise<LoadedDataset>) {
    this.name = name;
    this.source = source;
    const load = () => this.load();
    this.train = new DatasetSplit(load, (dataset) => dataset.train);
    this.test = new DatasetSplit(load, (dataset) => dataset.test);
  }

  /** Both splits in memory, and kept there. @throws DataError FIELD_INVALID, COLUMN_MISMATCH, and what the source throws */
  load(): Promise<LoadedDataset> {
    this.loaded ??= this.loadOnce();
    return this.loaded;
  }

  private async loadOnce(): Promise<LoadedDataset> {
    try {
      const dataset = await this.source();
      checkDataset(dataset);
      return dataset;
    } catch (error) {
      // A failed download, say, may be tried again.
      this.loaded = undefined;
      throw error;
    }
  }
}

function takeSamples(
  fields: readonly Field[],
  split: Split,
  first: number,
  count: number,
): Readonly<Record<string, FieldSamples>> {
  const whole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
  if (!whole || first < 0 || count < 0 || first + count > split.samples) {
    throw new DataError(
      "POSITION_OUT_OF_RANGE",
      `Samples ${first} to ${first + count - 1} do not all lie in a split of ${split.samples}: take fewer`,
    );
  }
  const columns = new Map(columnsOf(fields).map((column) => [column.name, column]));
  const taken: Record<string, FieldSamples> = {};
  for (const field of fields) {
    const column = columns.get(field.window?.array ?? field.name);
    if (column === undefined) continue;
    const source = columnData(split, column);
    const length = fieldElements(field);
    const data = allocateColumn(field.dtype, count * length);
    for (let i = 0; i < count; i += 1) {
      const start = ((field.window?.offset ?? 0) + (first + i) * column.stride) * column.rowElements;
      data.set(source.subarray(start, start + length), i * length);
    }
    taken[field.name] = { dtype: field.dtype, shape: [count, ...field.shape], data };
  }
  return taken;
}
