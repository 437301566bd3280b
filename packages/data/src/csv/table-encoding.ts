import { DataError } from "../errors.ts";
import type { Field } from "../field.ts";
import type { Partition } from "../partition.ts";
import type { LoadedDataset, Split } from "../split.ts";
import {
  type CsvColumn,
  type CsvColumnType,
  categoriesOf,
  isNumberText,
  type MissingPolicy,
  numbersOf,
  type TextColumn,
  trainingMoments,
} from "./table-column.ts";

/** The rows of a table as texts, and which of them are for what. */
export interface TableRows {
  readonly names: readonly string[];
  /** By row, then by column; undefined where a value is missing. */
  readonly rows: readonly (readonly (string | undefined)[])[];
  readonly lines: readonly number[];
  readonly parts: Partition;
}

/** How a table becomes numbers. */
export interface TableEncoding {
  readonly columns: Readonly<Record<string, CsvColumnType | CsvColumn>>;
  readonly target: string | undefined;
  readonly missing: MissingPolicy;
  readonly unknown: "error" | "zeros";
  readonly standardise: boolean;
}

/** One input column, as it was learned from the training part. */
export interface TableFeature {
  readonly name: string;
  readonly type: Exclude<CsvColumnType, "ignore">;
  /** Its first element in `inputs`. */
  readonly offset: number;
  /** Elements that it takes in `inputs`. */
  readonly width: number;
  /** What was subtracted and divided by, when the table is standardised. */
  readonly mean?: number;
  readonly deviation?: number;
  /** In the order of their elements or indices. */
  readonly categories?: readonly string[];
}

/** What was learned about a table. */
export interface TableDescription {
  readonly features: readonly TableFeature[];
  readonly target: {
    readonly name: string;
    readonly type: Exclude<CsvColumnType, "ignore">;
    readonly categories?: readonly string[];
  };
}

interface EncodedFeature {
  readonly feature: TableFeature;
  /** Writes a row's elements into `target` from `at` on, which is zeros. */
  readonly write: (row: number, target: Float32Array, at: number) => void;
}

/** Most values of a whole-number target without a type that are still taken for classes. */
const GUESSED_CLASSES = 100;

/** Turns texts into numbers. @throws DataError CSV_COLUMN, CSV_VALUE, CSV_MISSING */
export function encodeTable(
  table: TableRows,
  encoding: TableEncoding,
): { dataset: LoadedDataset; description: TableDescription } {
  const unknown = Object.keys(encoding.columns).find((name) => !table.names.includes(name));
  if (unknown !== undefined) refuseName(unknown, table.names);
  const used = table.names.filter((name) => columnOf(encoding, name).type !== "ignore");
  const target = encoding.target ?? used.at(-1) ?? refuse("Every column is ignored: read at least two");
  if (!used.includes(target)) refuseName(target, used);
  const features: EncodedFeature[] = [];
  let width = 0;
  for (const name of used.filter((candidate) => candidate !== target)) {
    const encoded = encodeFeature(textColumn(table, name), columnOf(encoding, name), encoding, width);
    width += encoded.feature.width;
    features.push(encoded);
  }
  if (width === 0) refuse(`There is no column beside the target ${target}: give at least one`);
  const targets = encodeTarget(textColumn(table, target), columnOf(encoding, target));
  const split = (rows: readonly number[]): Split => ({
    samples: rows.length,
    columns: { inputs: encodeRows(rows, features, width), targets: targets.pick(rows) },
  });
  const { train, validation, test } = table.parts;
  const fields: readonly Field[] = [{ name: "inputs", dtype: "float32", shape: [width] }, targets.field];
  const { categories } = targets.description;
  return {
    dataset: {
      ...{ fields, train: split(train), validation: split(validation), test: split(test) },
      ...(categories === undefined ? {} : { classNames: categories }),
    },
    description: { features: features.map(({ feature }) => feature), target: targets.description },
  };
}

function refuse(message: string): never {
  throw new DataError("CSV_COLUMN", message);
}

function refuseName(name: string, names: readonly string[]): never {
  return refuse(`There is no column ${JSON.stringify(name)}: name one of ${names.slice(0, 20).join(", ")}`);
}

function columnOf({ columns }: TableEncoding, name: string): CsvColumn {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  return typeof column === "string" ? { type: column } : (column ?? {});
}

function textColumn(table: TableRows, name: string): TextColumn {
  const at = table.names.indexOf(name);
  return { name, values: table.rows.map((row) => row[at]), lines: table.lines, training: table.parts.train };
}

/** The values that training rows have, once each. */
function trainingValues(column: TextColumn): readonly string[] {
  const values = column.training.map((row) => column.values[row]).filter((value) => value !== undefined);
  return [...new Set(values)];
}

function encodeFeature(column: TextColumn, form: CsvColumn, encoding: TableEncoding, offset: number): EncodedFeature {
  const guessed = trainingValues(column).every(isNumberText) ? "number" : "category";
  const type = form.type === undefined || form.type === "ignore" ? guessed : form.type;
  const missing = form.missing ?? encoding.missing;
  const { name } = column;
  if (type === "category") {
    const { names, indices } = categoriesOf(column, missing, encoding.unknown);
    const oneHot = form.encoding !== "index";
    return {
      feature: { name, type, offset, width: oneHot ? names.length : 1, categories: names },
      write: (row, target, at) => {
        const index = indices[row] ?? -1;
        if (!oneHot) target[at] = index;
        else if (index >= 0) target[at + index] = 1;
      },
    };
  }
  const values = numbersOf(column, type === "integer", missing);
  const moments = encoding.standardise ? trainingMoments(values, column.training) : undefined;
  const { mean, deviation } = moments ?? { mean: 0, deviation: 1 };
  return {
    feature: { name, type, offset, width: 1, ...moments },
    write: (row, target, at) => {
      target[at] = ((values[row] ?? 0) - mean) / deviation;
    },
  };
}

function encodeRows(rows: readonly number[], features: readonly EncodedFeature[], width: number): Float32Array {
  const inputs = new Float32Array(rows.length * width);
  rows.forEach((row, sample) => {
    for (const { feature, write } of features) write(row, inputs, sample * width + feature.offset);
  });
  return inputs;
}

interface EncodedTarget {
  readonly field: Field;
  readonly description: TableDescription["target"];
  readonly pick: (rows: readonly number[]) => Int32Array | Float32Array;
}

function encodeTarget(column: TextColumn, form: CsvColumn): EncodedTarget {
  const { name } = column;
  const type = form.type === undefined || form.type === "ignore" ? guessTarget(trainingValues(column)) : form.type;
  const classes: Field = { name: "targets", dtype: "int32", shape: [] };
  if (type === "category") {
    const { names, indices } = categoriesOf(column, "error", "error");
    return {
      field: classes,
      description: { name, type, categories: names },
      pick: (rows) => Int32Array.from(rows, (row) => indices[row] ?? 0),
    };
  }
  const values = numbersOf(column, type === "integer", "error");
  if (type === "integer") {
    return {
      field: classes,
      description: { name, type },
      pick: (rows) => Int32Array.from(rows, (row) => values[row] ?? 0),
    };
  }
  return {
    field: { name: "targets", dtype: "float32", shape: [1] },
    description: { name, type },
    pick: (rows) => Float32Array.from(rows, (row) => values[row] ?? 0),
  };
}

function guessTarget(values: readonly string[]): Exclude<CsvColumnType, "ignore"> {
  if (!values.every(isNumberText)) return "category";
  const whole = values.every((value) => /^\d+$/.test(value)) && values.includes("0");
  return whole && values.length <= GUESSED_CLASSES ? "integer" : "number";
}
