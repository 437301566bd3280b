import { DataError } from "../errors.ts";

/** How a column's values are read: as numbers, whole numbers, names of categories, or not at all. */
export type CsvColumnType = "number" | "integer" | "category" | "ignore";

/**
 * What stands for a missing value: nothing ("error"), the mean of a number column, the most frequent value, or a category of its own
 * (of a category column). Means and frequencies are those of the training part.
 */
export type MissingPolicy = "error" | "mean" | "mostFrequent" | "ownCategory";

/** One column of a CSV file. */
export interface CsvColumn {
  /** Default: "number" when every training value is one, else "category". */
  readonly type?: CsvColumnType;
  /** Default: that of the whole table. */
  readonly missing?: MissingPolicy;
  /** Categories as one input each, of which one is 1 (default), or as one input with the category's index. */
  readonly encoding?: "oneHot" | "index";
}

/** The values of one column, as they stand in the file. */
export interface TextColumn {
  readonly name: string;
  /** By row; undefined where the value is missing. */
  readonly values: readonly (string | undefined)[];
  /** Line of each row in its file. */
  readonly lines: readonly number[];
  /** Rows of the training part: all that is learned is learned from them. */
  readonly training: readonly number[];
}

/** Name of the category that stands for missing values. */
const MISSING_CATEGORY = "(missing)";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Whether a text is a number as CSV files write them; NaN and infinities are none. */
export function isNumberText(text: string): boolean {
  return NUMBER.test(text) && Number.isFinite(Number(text));
}

function refuse(
  code: "CSV_VALUE" | "CSV_MISSING" | "CSV_COLUMN",
  column: TextColumn,
  row: number,
  what: string,
): never {
  throw new DataError(code, `Line ${column.lines[row]}, column ${column.name}: ${what}`);
}

function refuseMissing(column: TextColumn, row: number): never {
  return refuse(
    "CSV_MISSING",
    column,
    row,
    'the value is missing: fill it in, or set a policy such as missing: "mean" or "mostFrequent"',
  );
}

/** A column's own numbers, or the rule of its policy where a value is missing. NaN where it is missing and nothing is known yet. */
function readNumbers(column: TextColumn, whole: boolean): Float64Array {
  return Float64Array.from(column.values, (text, row) => {
    if (text === undefined) return Number.NaN;
    if (!isNumberText(text))
      refuse(
        "CSV_VALUE",
        column,
        row,
        `${JSON.stringify(text.slice(0, 40))} is no number: mend it, or make the column a category`,
      );
    const value = Number(text);
    if (whole && !Number.isSafeInteger(value))
      refuse("CSV_VALUE", column, row, `${text} is no whole number: make the column a number`);
    return value;
  });
}

/** The value that occurs most often among the training rows; of several, the one that occurs first in sorted order. */
function mostFrequent(column: TextColumn, compare: (a: string, b: string) => number): string | undefined {
  const counts = new Map<string, number>();
  for (const row of column.training) {
    const value = column.values[row];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, countA], [b, countB]) => countB - countA || compare(a, b))[0]?.[0];
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function trainingMean(values: Float64Array, training: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const row of training) {
    const value = values[row] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

/**
 * The numbers of a column, missing ones filled in by policy.
 * @throws DataError CSV_VALUE, CSV_MISSING with the line, CSV_COLUMN when there is no training value to learn from
 */
export function numbersOf(column: TextColumn, whole: boolean, policy: MissingPolicy): Float64Array {
  const values = readNumbers(column, whole);
  const gap = values.findIndex(Number.isNaN);
  if (gap < 0) return values;
  if (policy === "error") refuseMissing(column, gap);
  if (policy === "ownCategory")
    refuse("CSV_COLUMN", column, gap, 'a number has no category of its own: use missing: "mean" or "mostFrequent"');
  const frequent = mostFrequent(column, (a, b) => Number(a) - Number(b));
  if (frequent === undefined) refuse("CSV_COLUMN", column, gap, "no training row has a value: ignore the column");
  const mean = trainingMean(values, column.training);
  const filler = policy === "mostFrequent" ? Number(frequent) : whole ? Math.round(mean) : mean;
  return values.map((value) => (Number.isNaN(value) ? filler : value));
}

/** A column's categories, and the index of each row's. */
export interface Categories {
  /** Sorted: by number when all are whole numbers, otherwise by code units. */
  readonly names: readonly string[];
  /** By row; -1 where an unknown category is allowed. */
  readonly indices: Int32Array;
}

/**
 * The categories that the training part has, and where each row lies among them.
 * @param unknown what becomes of a category that only other rows have: an error, or the index -1
 * @throws DataError CSV_VALUE, CSV_MISSING with the line, CSV_COLUMN
 */
export function categoriesOf(column: TextColumn, policy: MissingPolicy, unknown: "error" | "zeros"): Categories {
  const filler = fillerOf(column, policy);
  const valueAt = (row: number) => column.values[row] ?? filler ?? refuseMissing(column, row);
  const found = [...new Set(column.training.map(valueAt))];
  const whole = found.every((name) => /^-?\d{1,15}$/.test(name));
  const names = found.toSorted(whole ? (a, b) => Number(a) - Number(b) : byCodeUnits);
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const indices = Int32Array.from(column.values, (_, row) => {
    const index = indexOf.get(valueAt(row));
    if (index === undefined && unknown === "error") {
      refuse(
        "CSV_VALUE",
        column,
        row,
        `no training row has the category ${JSON.stringify(valueAt(row))}: train on more rows, or set unknown: "zeros"`,
      );
    }
    return index ?? -1;
  });
  return { names, indices };
}

function fillerOf(column: TextColumn, policy: MissingPolicy): string | undefined {
  const gap = column.values.indexOf(undefined);
  if (gap < 0 || policy === "error") return undefined;
  if (policy === "ownCategory") return MISSING_CATEGORY;
  if (policy === "mean")
    refuse("CSV_COLUMN", column, gap, 'categories have no mean: use missing: "mostFrequent" or "ownCategory"');
  return mostFrequent(column, byCodeUnits);
}

/** Mean and standard deviation (dividing by the number of rows) of the training rows; 1 in place of a deviation of 0. */
export function trainingMoments(
  values: Float64Array,
  training: readonly number[],
): { mean: number; deviation: number } {
  const mean = trainingMean(values, training);
  let squares = 0;
  for (const row of training) squares += ((values[row] ?? 0) - mean) ** 2;
  const deviation = Math.sqrt(squares / training.length);
  return { mean, deviation: deviation === 0 ? 1 : deviation };
}
