import { prefetch } from "./batches.ts";
import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { type FieldForms, type NewSample, SampleCollector } from "./sample.ts";
import type { LoadedDataset } from "./split.ts";

/** Samples one after the other: what a generator function gives, or a stream of samples. */
export type SampleSource = () => AsyncIterable<NewSample> | Iterable<NewSample | Promise<NewSample>>;

/** A dataset out of functions that give samples. */
export interface GeneratorOptions {
  /** For people. Default "generator". */
  readonly name?: string;
  /** Shape, and perhaps dtype, of every field. Default: taken from the first sample. */
  readonly fields?: FieldForms;
  /** Called once; must come to an end. */
  readonly train: SampleSource;
  /** Likewise. Default: no test samples. */
  readonly test?: SampleSource;
  /** Samples that are asked for before they are needed, so that waiting overlaps. Default 1. */
  readonly ahead?: number;
}

async function collect(source: SampleSource, fields: FieldForms, ahead: number) {
  const collector = new SampleCollector(fields);
  for await (const sample of prefetch(source(), ahead)) collector.add(sample);
  return collector.finish();
}

/**
 * A dataset out of generators or other iterables, sync or async. They run once, when the dataset is loaded, and their samples are kept.
 * Loading throws DataError DATASET_EMPTY, SAMPLE_INVALID, SAMPLE_TOO_LARGE, and what the generators throw.
 */
export function generator(options: GeneratorOptions): Dataset {
  const { name = "generator", fields = {}, ahead = 1 } = options;
  return new Dataset(name, async (): Promise<LoadedDataset> => {
    const train = await collect(options.train, fields, ahead);
    if (train.split.samples === 0) {
      throw new DataError("DATASET_EMPTY", `The generator of ${name} gave no training sample: give at least one`);
    }
    const forms = Object.fromEntries(train.fields.map(({ name: field, dtype, shape }) => [field, { dtype, shape }]));
    const test = await collect(options.test ?? (() => []), forms, ahead);
    return { fields: train.fields, train: train.split, test: test.split };
  });
}
