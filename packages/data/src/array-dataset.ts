import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { type ColumnData, type Field, fieldElements, isColumnData } from "./field.ts";
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
    const { length } = typedArray(arrays, field.name, name);
    const count = length / fieldElements(field);
    const what = `Array ${field.name} of ${name} has ${length} elements`;
    const shape = `[${field.shape.join(", ")}]`;
    if (!Number.isInteger(count)) {
      throw new DataError(
        "COLUMN_MISMATCH",
        `${what}, no whole number of samples of ${shape}, ${fieldElements(field)} each: mend the field's shape or the array`,
      );
    }
    if ((samples ?? count) !== count) {
      throw new DataError(
        "COLUMN_MISMATCH",
        `${what}, ${count} samples of ${shape}, but ${fields[0]?.name} has ${samples} samples: pass as many in every array`,
      );
    }
    samples = count;
  }
  return { samples: samples ?? 0, columns: arrays };
}

/** One of the arrays that a user gave. @throws DataError COLUMN_MISMATCH when it is missing or no typed array that a field can hold */
function typedArray(arrays: NamedArrays, field: string, part: string): ColumnData {
  const data: unknown = Object.hasOwn(arrays, field) ? arrays[field] : undefined;
  if (data === undefined) {
    throw new DataError("COLUMN_MISMATCH", `There is no array ${field} in ${part}: pass one for every field`);
  }
  if (isColumnData(data)) return data;
  const given = typeof data === "object" ? (data?.constructor?.name ?? "null") : typeof data;
  throw new DataError(
    "COLUMN_MISMATCH",
    `Array ${field} of ${part} is of type ${given}: convert it, with Float32Array.from(...) or Int32Array.from(...) say`,
  );
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
      return { name: field, dtype: dtypeOf(typedArray(train, field, "train")), shape: form };
    });
    const none = Object.fromEntries(fields.map((field) => [field.name, train[field.name]?.subarray(0, 0)]));
    const test = options.test ?? removeAbsent(none);
    const parts = { fields, train: splitOf(fields, train, "train"), test: splitOf(fields, test, "test") };
    const { validation } = options;
    return validation === undefined ? parts : { ...parts, validation: splitOf(fields, validation, "validation") };
  };
  return new Dataset(name, load, { allowNotFinite: options.allowNotFinite === true });
}

/** Those that are there: what is missing is told when samples are counted. */
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
