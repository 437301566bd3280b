import { Dataset } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { decodeText, type FileSource, readSource } from "../files.ts";
import { partition, type SplitShares } from "../partition.ts";
import type { LoadedDataset } from "../split.ts";
import { type CsvRecord, parseCsv } from "./csv-text.ts";
import { type CsvColumn, type CsvColumnType, isNumberText, type MissingPolicy } from "./table-column.ts";
import { encodeTable, type TableDescription, type TableRows } from "./table-encoding.ts";

/** A dataset out of a CSV file: one row a sample. */
export interface CsvOptions extends SplitShares {
  /** For people. Default "csv". */
  readonly name?: string;
  readonly file: FileSource;
  /** Test rows in a file of their own, with the same columns. Default: the share `test` of the file. */
  readonly testFile?: FileSource;
  /** Whether the first row names the columns. Default true; otherwise they are called column1, column2, and so on. */
  readonly header?: boolean;
  /** Default ",". */
  readonly separator?: string;
  /** How columns are read, by name. A column that is not named is a number when every training value is one, else a category. */
  readonly columns?: Readonly<Record<string, CsvColumnType | CsvColumn>>;
  /** The column that is to be predicted. Default: the last one that is not ignored. */
  readonly target?: string;
  /** What stands for missing values of inputs; a missing target is an error. Default "error". */
  readonly missing?: MissingPolicy;
  /** Texts that mean that a value is missing. Default: nothing, "NA", "N/A", "NaN", "nan", "null", "NULL" and "?". */
  readonly missingMarkers?: readonly string[];
  /** A category of an input that no training row has: an error (default), or zeros in its place (as an index, -1). */
  readonly unknown?: "error" | "zeros";
  /** Subtracts the mean of the training part from number columns, and divides by its standard deviation. Default false. */
  readonly standardise?: boolean;
  /** Of the split. Default 0. */
  readonly seed?: number;
}

/** What a CSV file may have. */
export const CSV_LIMITS = {
  /** Bytes of a file, 256 MiB: it is read as one text. */
  fileBytes: 268_435_456,
  /** Columns. */
  columns: 16_384,
} as const;

const MISSING_MARKERS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"];

/** A dataset out of a CSV file, which also tells what was learned about its columns. */
export class TableDataset extends Dataset {
  private readonly options: CsvOptions;
  private readonly described: () => TableDescription | undefined;

  /** Made by {@link csv}. */
  constructor(
    options: CsvOptions,
    source: () => Promise<LoadedDataset>,
    described: () => TableDescription | undefined,
  ) {
    super(options.name ?? "csv", source);
    this.options = options;
    this.described = described;
  }

  /** Means, deviations and categories, as learned from the training part. Loads the file; throws what loading throws. */
  async describe(): Promise<TableDescription> {
    await this.load();
    const description = this.described();
    if (description !== undefined) return description;
    throw new DataError("DATASET_EMPTY", `Dataset ${this.name} has not been read: load it first`);
  }

  /** The same reading of another file. */
  withFile(file: FileSource): TableDataset {
    const { testFile: _, ...options } = this.options;
    return csv({ ...options, file });
  }
}

/**
 * A dataset out of a CSV file (RFC 4180, UTF-8): fields `inputs` (float32 [features]: numbers, and categories one by one) and `targets` (int32 [] for
 * classes, float32 [1] for a number). Whatever is learned (types, categories, means, deviations) is learned from the training part alone.
 * A target without a type is a class when it is no number, or whole numbers from 0 on with at most 100 values; otherwise it is a number.
 * Loading throws DataError CSV_SYNTAX, CSV_RAGGED, CSV_VALUE, CSV_MISSING with the number of the line; CSV_COLUMN, DATASET_EMPTY, SPLIT_INVALID,
 * FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export function csv(options: CsvOptions): TableDataset {
  let description: TableDescription | undefined;
  const source = async () => {
    const table = await readTable(options);
    const encoded = encodeTable(table, {
      columns: options.columns ?? {},
      target: options.target,
      missing: options.missing ?? "error",
      unknown: options.unknown ?? "error",
      standardise: options.standardise ?? false,
    });
    description = encoded.description;
    return encoded.dataset;
  };
  return new TableDataset(options, source, () => description);
}

async function readTable(options: CsvOptions): Promise<TableRows> {
  const main = await readRows(options, options.file);
  if (options.testFile === undefined) {
    return { ...main, parts: partition(main.rows.length, options, options.seed ?? 0) };
  }
  const test = await readRows(options, options.testFile);
  if (test.names.join("\n") !== main.names.join("\n")) {
    throw new DataError(
      "CSV_COLUMN",
      `The test file has the columns ${test.names.join(", ")}, the training file ${main.names.join(", ")}: give both the same`,
    );
  }
  const { train, validation } = partition(main.rows.length, { ...options, test: 0 }, options.seed ?? 0);
  const testRows = test.rows.map((_, index) => main.rows.length + index);
  return {
    names: main.names,
    rows: [...main.rows, ...test.rows],
    lines: [...main.lines, ...test.lines],
    parts: { train, validation, test: testRows },
  };
}

async function readRows(options: CsvOptions, file: FileSource): Promise<Omit<TableRows, "parts">> {
  const records = parseCsv(decodeText(await readSource(file, CSV_LIMITS.fileBytes)), options.separator);
  const [first] = records;
  const name = options.name ?? "csv";
  const hasHeader = options.header ?? true;
  const rows = hasHeader ? records.slice(1) : records;
  if (first === undefined || rows.length === 0) {
    throw new DataError(
      "DATASET_EMPTY",
      `${name} has no row${hasHeader ? " below its header" : ""}: give at least one`,
    );
  }
  const names = hasHeader
    ? first.values.map((value) => value.trim())
    : first.values.map((_, index) => `column${index + 1}`);
  checkNames(names, hasHeader ? first : undefined);
  const markers = new Set(options.missingMarkers ?? MISSING_MARKERS);
  const values = rows.map(({ line, values: cells }) => {
    if (cells.length !== names.length) {
      throw new DataError(
        "CSV_RAGGED",
        `Line ${line} has ${cells.length} values, but there are ${names.length} columns: mend the line`,
      );
    }
    return cells.map((cell) => (markers.has(cell.trim()) ? undefined : cell.trim()));
  });
  return { names, rows: values, lines: rows.map(({ line }) => line) };
}

function checkNames(names: readonly string[], header: CsvRecord | undefined): void {
  if (names.length > CSV_LIMITS.columns) {
    throw new DataError(
      "CSV_COLUMN",
      `There are ${names.length} columns, more than ${CSV_LIMITS.columns}: check the separator`,
    );
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new DataError("CSV_COLUMN", `Two columns are called ${JSON.stringify(twice)}: rename one`);
  if (header !== undefined && names.every(isNumberText)) {
    throw new DataError(
      "CSV_COLUMN",
      `The first row, ${names.slice(0, 5).join(", ")}, holds numbers, not names: set header: false`,
    );
  }
}
