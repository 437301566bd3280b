import { DataError } from "./errors.ts";
import { allocateColumn, type Column, columnsOf, type Field } from "./field.ts";
import { type Partition, partition, partSizes, type SplitShares } from "./partition.ts";
import { deriveKey, keyOfSeed, permutation } from "./random.ts";
import { type FieldForms, gatherField, type NewSample, type Sample, SampleCollector, samplesOf } from "./sample.ts";
import { columnData, type LoadedDataset, type Split } from "./split.ts";

/** The parts of a dataset in memory. */
const PARTS = ["train", "validation", "test"] as const;

/** Which part of a dataset a sample is of. */
export type PartName = (typeof PARTS)[number];

/** No samples of these fields. */
export function emptySplit(fields: readonly Field[]): Split {
  const columns = columnsOf(fields).map((column) => [column.name, allocateColumn(column.dtype, 0)] as const);
  return { samples: 0, columns: Object.fromEntries(columns) };
}

function isWindowed(fields: readonly Field[]): boolean {
  return fields.some((field) => field.window !== undefined);
}

/** Samples by index, as dense columns; windows become rows of their own. */
function gather(fields: readonly Field[], split: Split, indices: ArrayLike<number>): Split {
  const columns = fields.map((field) => [field.name, gatherField(field, fields, split, indices)] as const);
  return { samples: indices.length, columns: Object.fromEntries(columns) };
}

function withoutWindows(fields: readonly Field[]): readonly Field[] {
  return fields.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}

/** Calls a function for each sample of every part, in order, one after the other. */
export async function mapSamples(
  dataset: LoadedDataset,
  change: (sample: Sample, index: number, part: PartName) => NewSample | Promise<NewSample>,
  forms: FieldForms,
): Promise<LoadedDataset> {
  let fields: readonly Field[] | undefined;
  const splits: Partial<Record<PartName, Split>> = {};
  for (const part of PARTS) {
    const split = dataset[part];
    if (split === undefined) continue;
    if (split.samples === 0 && fields !== undefined) {
      splits[part] = emptySplit(fields);
      continue;
    }
    // The first part fixes dtype and shape for the others.
    const collector: SampleCollector = new SampleCollector(
      fields === undefined ? forms : formsOf(fields),
      dataset.fields,
    );
    let index = 0;
    for (const sample of samplesOf(dataset.fields, split)) {
      if (index === 0 && fields === undefined) requireTrain(part);
      collector.add(await change(sample, index, part));
      index += 1;
    }
    const collected = collector.finish();
    fields ??= collected.fields;
    splits[part] = collected.split;
  }
  return assemble(fields ?? dataset.fields, splits, dataset);
}

function requireTrain(part: PartName): void {
  if (part === "train") return;
  throw new DataError("DATASET_EMPTY", "There is no training sample to take the new fields from: name the fields");
}

function formsOf(fields: readonly Field[]): FieldForms {
  return Object.fromEntries(fields.map(({ name, dtype, shape }) => [name, { dtype, shape }]));
}

function assemble(
  fields: readonly Field[],
  { train, validation, test }: Partial<Record<PartName, Split>>,
  before: LoadedDataset,
): LoadedDataset {
  const result = { fields, train: train ?? before.train, test: test ?? before.test };
  return validation === undefined ? result : { ...result, validation };
}

/** Keeps the samples for which a function says so. @throws DataError DATASET_EMPTY when no training sample is left */
export async function filterSamples(
  dataset: LoadedDataset,
  keep: (sample: Sample, index: number, part: PartName) => boolean | Promise<boolean>,
): Promise<LoadedDataset> {
  const splits: Partial<Record<PartName, Split>> = {};
  for (const part of PARTS) {
    const split = dataset[part];
    if (split === undefined) continue;
    const kept: number[] = [];
    let index = 0;
    for (const sample of samplesOf(dataset.fields, split)) {
      if (await keep(sample, index, part)) kept.push(index);
      index += 1;
    }
    splits[part] = gather(dataset.fields, split, kept);
  }
  if (splits.train?.samples === 0) {
    throw new DataError(
      "DATASET_EMPTY",
      `The filter keeps none of ${dataset.train.samples} training samples: check its condition`,
    );
  }
  return assemble(withoutWindows(dataset.fields), splits, dataset);
}

const SHUFFLE_STREAM = 0x73687566;

/** The training samples in another order, by seed alone. */
export function shuffleSamples(dataset: LoadedDataset, seed: number): LoadedDataset {
  const order = permutation(dataset.train.samples, deriveKey(keyOfSeed(seed), SHUFFLE_STREAM, 0));
  const dense = (split: Split) =>
    gather(
      dataset.fields,
      split,
      Uint32Array.from({ length: split.samples }, (_, i) => i),
    );
  const splits: Partial<Record<PartName, Split>> = { train: gather(dataset.fields, dataset.train, order) };
  if (isWindowed(dataset.fields)) {
    splits.test = dense(dataset.test);
    if (dataset.validation !== undefined) splits.validation = dense(dataset.validation);
  } else if (dataset.validation !== undefined) splits.validation = dataset.validation;
  return assemble(withoutWindows(dataset.fields), splits, dataset);
}

/**
 * Takes validation and test samples from the training samples: at random, or, where fields are windows, from the end of the sequence, without a
 * row that two parts see.
 * @throws DataError SPLIT_INVALID when a part that is asked for has samples already; DATASET_EMPTY
 */
export function splitSamples(dataset: LoadedDataset, shares: SplitShares, seed: number): LoadedDataset {
  for (const part of ["validation", "test"] as const) {
    const samples = dataset[part]?.samples ?? 0;
    if ((shares[part] ?? 0) > 0 && samples > 0) {
      throw new DataError(
        "SPLIT_INVALID",
        `The dataset has ${samples} samples for ${part} already: leave that share out`,
      );
    }
  }
  const parts = isWindowed(dataset.fields)
    ? consecutiveParts(dataset, shares)
    : randomParts(dataset, partition(dataset.train.samples, shares, seed));
  return {
    fields: dataset.fields,
    train: parts.train,
    validation: (shares.validation ?? 0) > 0 ? parts.validation : (dataset.validation ?? parts.validation),
    test: (shares.test ?? 0) > 0 ? parts.test : dataset.test,
  };
}

function randomParts({ fields, train }: LoadedDataset, parts: Partition): Record<PartName, Split> {
  return {
    train: gather(fields, train, parts.train),
    validation: gather(fields, train, parts.validation),
    test: gather(fields, train, parts.test),
  };
}

function consecutiveParts({ fields, train }: LoadedDataset, shares: SplitShares): Record<PartName, Split> {
  const columns = columnsOf(fields);
  const sizes = partSizes(train.samples, shares);
  // So many windows at the beginning of a part share rows with the part before.
  const overlapping = Math.max(...columns.map(({ span, stride }) => Math.ceil(span / stride))) - 1;
  const after = (from: number, count: number): Split => {
    if (count === 0) return slice(columns, train, from, from);
    if (count <= overlapping) {
      throw new DataError(
        "DATASET_EMPTY",
        `A part of ${count} windows shares rows with the part before it in ${overlapping}: use larger shares or a longer sequence`,
      );
    }
    return slice(columns, train, from + overlapping, from + count);
  };
  return {
    train: slice(columns, train, 0, sizes.train),
    validation: after(sizes.train, sizes.validation),
    test: after(sizes.train + sizes.validation, sizes.test),
  };
}

/** Samples from (included) to end (excluded), as views. */
function slice(columns: readonly Column[], split: Split, from: number, end: number): Split {
  const views = columns.map((column) => {
    const data = columnData(split, column);
    const { rowElements, stride, firstRow, span } = column;
    const rows = end === from ? 0 : (end - from - 1) * stride + firstRow + span;
    const start = from * stride * rowElements;
    return [column.name, data.subarray(start, start + rows * rowElements)] as const;
  });
  return { samples: end - from, columns: Object.fromEntries(views) };
}
