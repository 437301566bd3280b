import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import type { Field } from "./field.ts";
import type { Split } from "./split.ts";

/** A dataset out of a time series: some rows in, the rows after them out. */
export interface ForecastOptions {
  /** For people. Default "forecast". */
  readonly name?: string;
  /** The series, [rows, features], oldest row first; numbers of one row after those of the row before. Borrowed. */
  readonly series: Float32Array | Float64Array | readonly number[];
  /** Numbers of one row. Default 1. */
  readonly features?: number;
  /** Rows that the model sees. */
  readonly length: number;
  /** Rows that are to be predicted. Default 1. */
  readonly horizon?: number;
  /** Rows between what is seen and what is predicted. Default 0. */
  readonly gap?: number;
  /** Which features are to be predicted, by index. Default: all. */
  readonly predicted?: readonly number[];
  /** Rows from one sample's start to the next one's. Default 1. */
  readonly stride?: number;
  /** Subtracts each feature's mean over the training rows, and divides by its standard deviation. Default false. */
  readonly standardise?: boolean;
  /** Share of the rows, at the end of the series, that is kept for choosing between models; 0 to 1. Default 0. */
  readonly validation?: number;
  /** Share of the rows, after those, that is kept for the test; 0 to 1. Default 0.2. */
  readonly test?: number;
}

const PAST = "past";
const FUTURE = "future";

/**
 * A dataset of windows over a time series: fields `inputs` (float32 [length, features]) and `targets` (float32 [horizon, predicted features]), both stored
 * once however much windows overlap. The parts follow each other in time, and no row is in two of them.
 * Loading throws DataError DATASET_EMPTY when a part is shorter than a window, VALUE_NOT_FINITE, COLUMN_MISMATCH, NUMBER_INVALID, SPLIT_INVALID.
 */
export function forecast(options: ForecastOptions): Dataset {
  return new Dataset(options.name ?? "forecast", async () => {
    const form = formOf(options);
    const { length, horizon, gap, stride, predicted, features } = form;
    const rows = options.series.length / features;
    const validation = Math.round(rows * form.validation);
    const test = Math.round(rows * form.test);
    const trainRows = rows - validation - test;
    const values = standardised(options.series, features, trainRows, form.standardise);
    const part = (name: string, first: number, count: number) => {
      const span = length + gap + horizon;
      if (count > 0 && count < span) {
        throw new DataError(
          "DATASET_EMPTY",
          `The ${name} part has ${count} rows, but a sample takes ${span}: use a longer series or a larger share`,
        );
      }
      return windowsOf(values.subarray(first * features, (first + count) * features), form, span);
    };
    if (trainRows < 1)
      throw new DataError(
        "DATASET_EMPTY",
        `A series of ${rows} rows leaves ${trainRows} to train on: use a longer one, or smaller shares`,
      );
    const fields: readonly Field[] = [
      {
        name: "inputs",
        dtype: "float32",
        shape: [length, features],
        window: { array: PAST, length, stride, offset: 0 },
      },
      {
        name: "targets",
        dtype: "float32",
        shape: [horizon, predicted.length],
        window: { array: FUTURE, length: horizon, stride, offset: length + gap },
      },
    ];
    return {
      fields,
      train: part("training", 0, trainRows),
      validation: part("validation", trainRows, validation),
      test: part("test", trainRows + validation, test),
    };
  });
}

interface ForecastForm {
  readonly features: number;
  readonly length: number;
  readonly horizon: number;
  readonly gap: number;
  readonly stride: number;
  readonly predicted: readonly number[];
  readonly standardise: boolean;
  readonly validation: number;
  readonly test: number;
}

function formOf(options: ForecastOptions): ForecastForm {
  const {
    features = 1,
    length,
    horizon = 1,
    gap = 0,
    stride = 1,
    standardise = false,
    validation = 0,
    test = 0.2,
  } = options;
  const counts = { features, length, horizon, stride };
  const wrong = Object.entries({ ...counts, gap: gap + 1 }).find(
    ([, value]) => !Number.isSafeInteger(value) || value < 1,
  );
  if (wrong !== undefined)
    throw new DataError(
      "NUMBER_INVALID",
      `The forecast's ${wrong[0]} is ${wrong[0] === "gap" ? gap : wrong[1]}: use a whole number in its range`,
    );
  if (!(validation >= 0) || !(test >= 0) || !(validation + test < 1)) {
    throw new DataError(
      "SPLIT_INVALID",
      `The shares are ${validation} for validation and ${test} for test: use numbers from 0 on that leave a rest`,
    );
  }
  if (options.series.length % features !== 0) {
    throw new DataError(
      "COLUMN_MISMATCH",
      `The series has ${options.series.length} numbers, no whole number of rows of ${features}: check the number of features`,
    );
  }
  const predicted = options.predicted ?? Array.from({ length: features }, (_, feature) => feature);
  if (
    predicted.length === 0 ||
    !predicted.every((feature) => Number.isInteger(feature) && feature >= 0 && feature < features)
  ) {
    throw new DataError(
      "NUMBER_INVALID",
      `The predicted features are ${predicted.join(", ") || "none"}: use indices from 0 to ${features - 1}`,
    );
  }
  return { features, length, horizon, gap, stride, predicted, standardise, validation, test };
}

/** The series as float32; if asked for, each feature with mean 0 and deviation 1 over the training rows. A constant feature is only moved. */
function standardised(
  series: ForecastOptions["series"],
  features: number,
  trainRows: number,
  standardise: boolean,
): Float32Array {
  const values = Float32Array.from(series);
  for (let feature = 0; standardise && feature < features; feature += 1) {
    let sum = 0;
    for (let row = 0; row < trainRows; row += 1) sum += series[row * features + feature] ?? 0;
    const mean = sum / trainRows;
    let squares = 0;
    for (let row = 0; row < trainRows; row += 1) squares += ((series[row * features + feature] ?? 0) - mean) ** 2;
    const deviation = Math.sqrt(squares / trainRows) || 1;
    for (let at = feature; at < values.length; at += features) values[at] = ((series[at] ?? 0) - mean) / deviation;
  }
  return values;
}

function windowsOf(values: Float32Array, { features, length, stride, predicted }: ForecastForm, span: number): Split {
  const rows = values.length / features;
  const future = new Float32Array(rows * predicted.length);
  for (let row = 0; row < rows; row += 1) {
    predicted.forEach((feature, i) => {
      future[row * predicted.length + i] = values[row * features + feature] ?? 0;
    });
  }
  const samples = rows < span ? 0 : Math.floor((rows - span) / stride) + 1;
  // The last rows are only ever predicted: a column ends with the last row that a window sees.
  const seen = samples === 0 ? 0 : (samples - 1) * stride + length;
  return { samples, columns: { [PAST]: values.subarray(0, seen * features), [FUTURE]: future } };
}
