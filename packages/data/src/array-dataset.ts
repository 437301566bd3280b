import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { type ColumnData, type Field, fieldElements } from "./field.ts";
import { dtypeOf, type FieldForms } from "./sample.ts";
import type { Split } from "./split.ts";

/** Arrays by name. */
export type NamedArrays = Readonly<Record<string, ColumnData>>;

/** A dataset out of arrays in memory. */
export interface ArraysOptions {
  /** For people. Default "arrays". */
  readonly name?: string;
  /** Shape of one sample of each field, [] for a scalar; with a dtype where the array's type does not say it (bool). */
  readonly fields: FieldForms;
  /** One array per field, samples one after the other; borrowed for as long as the dataset is used. */
  readonly train: NamedArrays;
  /** Likewise. Default: no test samples. */
  readonly test?: NamedArrays;
  /** Likewise. Default: none. */
  readonly validation?: NamedArrays;
  /** Takes NaN and infinities instead of refusing them. Default false. */
  readonly allowNotFinite?: boolean;
}

/** A dataset out of sequences: every sample is a window over one long array. */
export interface WindowsOptions {
  /** For people. Default "windows". */
  readonly name?: string;
  /** The long arrays, rows one after the other; borrowed for as long as the dataset is used. */
  readonly train: ColumnData;
  /** Likewise. Default: no test samples. */
  readonly test?: ColumnData;
  /** Rows of a window. */
  readonly length: number;
  /** Rows from one window's start to the next one's. Default: the length, so that windows do not overlap. */
  readonly stride?: number;
  /** Shape of one row. Default [], as for text. */
  readonly rowShape?: readonly number[];
  /** By how many rows each field's window is moved. Default: inputs by 0, targets by 1 (the next row is to be predicted). */
  readonly offsets?: Readonly<Record<string, number>>;
}

function splitOf(fields: readonly Field[], arrays: NamedArrays, name: string): Split {
  let samples: number | undefined;
  for (const field of fields) {
    const elements = fieldElements(field);
    const count = (arrays[field.name]?.length ?? 0) / elements;
    if (!Number.isInteger(count) || (samples ?? count) !== count) {
      throw new DataError(
        "COLUMN_MISMATCH",
        `Array ${field.name} of ${name} has ${arrays[field.name]?.length ?? 0} elements, ${count} samples of [${field.shape.join(", ")}], ` +
          `where ${samples ?? "a whole number"} was to be expected: pass as many samples in every array`,
      );
    }
    samples = count;
  }
  return { samples: samples ?? 0, columns: arrays };
}

/**
 * A dataset out of arrays in memory: `arrays({ fields: { inputs: [2], targets: [] }, train: { inputs, targets } })`.
 * Errors about shapes and lengths come when it is loaded.
 */
export function arrays(options: ArraysOptions): Dataset {
  const { name = "arrays", train } = options;
  const load = async () => {
    const fields = Object.entries(options.fields).map(([field, form]): Field => {
      if ("dtype" in form) return { name: field, dtype: form.dtype, shape: form.shape };
      const data = train[field];
      if (data === undefined) {
        throw new DataError("COLUMN_MISMATCH", `There is no array ${field} in train: pass one for every field`);
      }
      return { name: field, dtype: dtypeOf(data), shape: form };
    });
    const none = Object.fromEntries(fields.map((field) => [field.name, train[field.name]?.subarray(0, 0)]));
    const test = options.test ?? removeAbsent(none);
    const parts = { fields, train: splitOf(fields, train, "train"), test: splitOf(fields, test, "test") };
    const { validation } = options;
    return validation === undefined ? parts : { ...parts, validation: splitOf(fields, validation, "validation") };
  };
  return new Dataset(name, load, { allowNotFinite: options.allowNotFinite === true });
}

function removeAbsent(entries: Readonly<Record<string, ColumnData | undefined>>): NamedArrays {
  const present: Record<string, ColumnData> = {};
  for (const [name, data] of Object.entries(entries)) if (data !== undefined) present[name] = data;
  return present;
}

/** A dataset of windows over long arrays; the array is stored once, however much windows overlap. */
export function windows(options: WindowsOptions): Dataset {
  const { name = "windows", length, stride = length, rowShape = [], offsets = { inputs: 0, targets: 1 } } = options;
  const array = "sequence";
  return new Dataset(name, async () => {
    const dtype = dtypeOf(options.train);
    const fields = Object.entries(offsets).map(
      ([field, offset]): Field => ({
        name: field,
        dtype,
        shape: [length, ...rowShape],
        window: { array, length, stride, offset },
      }),
    );
    const rowElements = rowShape.reduce((product, dimension) => product * dimension, 1);
    const span = length + Math.max(...Object.values(offsets));
    const split = (data: ColumnData): Split => {
      const rows = Math.floor(data.length / rowElements);
      return { samples: Math.max(0, Math.floor((rows - span) / stride) + 1), columns: { [array]: data } };
    };
    return { fields, train: split(options.train), test: split(options.test ?? options.train.subarray(0, 0)) };
  });
}
