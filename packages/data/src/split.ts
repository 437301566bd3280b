import { DataError } from "./errors.ts";
import { type Column, type ColumnData, columnRows, columnsOf, type Field, holdsDType } from "./field.ts";

/** The samples of one split in memory: one array per column, rows one after the other. */
export interface Split {
  readonly samples: number;
  /** By column name: the field's own name, or that of the longer array its window looks at. Borrowed: not to be written. */
  readonly columns: Readonly<Record<string, ColumnData>>;
}

/** A dataset in memory. */
export interface LoadedDataset {
  readonly fields: readonly Field[];
  readonly train: Split;
  readonly test: Split;
  /** For choosing between models; not packed, unless a dataset is told to be measured on it. */
  readonly validation?: Split;
  /** Names of the classes 0, 1, and so on of `targets`, for people, where the source has some. */
  readonly classNames?: readonly string[];
}

/** The array of one column. @throws DataError COLUMN_MISMATCH when it is absent, of another type, or too short */
export function columnData(split: Split, column: Column): ColumnData {
  const data = Object.hasOwn(split.columns, column.name) ? split.columns[column.name] : undefined;
  if (data === undefined) {
    throw new DataError("COLUMN_MISMATCH", `There is no array ${column.name}: pass one for every field`);
  }
  if (!holdsDType(data, column.dtype)) {
    throw new DataError(
      "COLUMN_MISMATCH",
      `Array ${column.name} is a ${data.constructor.name}, but its field is ${column.dtype}: convert it`,
    );
  }
  // Windows may begin after row 0 and leave rows over at the end; a plain field's array fits exactly.
  const rows = columnRows(column, split.samples) + (split.samples === 0 ? 0 : column.firstRow);
  const plain = column.firstRow === 0 && column.stride === 1 && column.span === 1;
  if (data.length < rows * column.rowElements || (plain && data.length > rows * column.rowElements)) {
    throw new DataError(
      "COLUMN_MISMATCH",
      `Array ${column.name} has ${data.length} elements, but ${split.samples} samples take ${rows} rows of ${column.rowElements}: ` +
        "pass as many samples in every array",
    );
  }
  return data;
}

/** Checks that every column of every split is there and fits. @throws DataError FIELD_INVALID, COLUMN_MISMATCH */
export function checkDataset(dataset: LoadedDataset): readonly Column[] {
  const columns = columnsOf(dataset.fields);
  for (const column of columns) {
    columnData(dataset.train, column);
    columnData(dataset.test, column);
    if (dataset.validation !== undefined) columnData(dataset.validation, column);
  }
  return columns;
}
