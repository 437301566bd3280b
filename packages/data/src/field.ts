import { DataError } from "./errors.ts";

/** The element types a field can have, by the names programs use. float16 is kept as raw bits, bool as bytes 0 and 1. */
export const FIELD_DTYPES = ["float32", "float16", "int32", "uint32", "uint8", "bool"] as const;

/** One of {@link FIELD_DTYPES}. */
export type FieldDType = (typeof FIELD_DTYPES)[number];

/** Elements of a column in memory: float16 as Uint16Array of raw bits, bool as Uint8Array. */
export type ColumnData = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

interface ColumnArrayType {
  new (length: number): ColumnData;
  new (memory: ArrayBufferLike, byteOffset: number, length: number): ColumnData;
}

const COLUMN_ARRAYS: Readonly<Record<FieldDType, ColumnArrayType>> = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element. */
export const FIELD_DTYPE_BYTES: Readonly<Record<FieldDType, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint32: 4,
  uint8: 1,
  bool: 1,
};

/**
 * A view on a longer array: sample i is rows i * stride + offset to i * stride + offset + length of the column `array`.
 * Several fields may look at one column (inputs at offset 0 and targets at offset 1, say); it is stored once.
 */
export interface FieldWindow {
  /** Name of the longer array. */
  readonly array: string;
  /** Rows of one sample; equals the first dimension of the field's shape. */
  readonly length: number;
  /** Rows from one sample's start to the next one's; the same for all fields of one array. */
  readonly stride: number;
  /** Rows added to every start. */
  readonly offset: number;
}

/** One named part of a sample: a dtype, the shape of one sample ([] for a scalar), and perhaps a window. */
export interface Field {
  readonly name: string;
  readonly dtype: FieldDType;
  readonly shape: readonly number[];
  readonly window?: FieldWindow;
}

/** What is stored: one array for a plain field, one array for all fields that are windows over it. */
export interface Column {
  readonly name: string;
  readonly dtype: FieldDType;
  /** Elements of one row: of a whole sample for a plain field, of one step of the longer array for windows. */
  readonly rowElements: number;
  /** Rows from one sample to the next: 1 for a plain field. */
  readonly stride: number;
  /** First row of sample 0 that any field reads: 0 unless every window has an offset. */
  readonly firstRow: number;
  /** Rows that one sample spans, counted from {@link firstRow}: 1 for a plain field. */
  readonly span: number;
}

/** Limits on what a field may be. */
export const FIELD_LIMITS = {
  /** Fields of a dataset. */
  fields: 32,
  /** Characters of a name. */
  nameLength: 64,
  /** Dimensions of a sample. */
  rank: 8,
  /** Bytes of one field of one sample, 64 MiB. */
  sampleBytes: 67_108_864,
} as const;

/** Names of the other inputs of a run's programs: a field called like one of them could not be told from it. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  "parameters",
  "state",
  "buffers",
  "weights",
  "indices",
  "seed",
  "step",
  "sums",
  "scalars",
]);

/** Product of the dimensions: 1 for a scalar. */
export function fieldElements(field: Pick<Field, "shape">): number {
  return field.shape.reduce((product, dimension) => product * dimension, 1);
}

/** A new array of zeros for elements of a dtype. */
export function allocateColumn(dtype: FieldDType, length: number): ColumnData {
  return new COLUMN_ARRAYS[dtype](length);
}

/** An array over existing memory (borrowed, not copied). @param byteOffset a multiple of the dtype's bytes */
export function viewColumn(dtype: FieldDType, bytes: Uint8Array, byteOffset: number, length: number): ColumnData {
  return new COLUMN_ARRAYS[dtype](bytes.buffer, bytes.byteOffset + byteOffset, length);
}

/** Whether a value is an array that a column may be. */
export function isColumnData(value: unknown): value is ColumnData {
  return Object.values(COLUMN_ARRAYS).some((type) => value instanceof type);
}

/** Whether an array holds elements of a dtype the way this package stores them. */
export function holdsDType(data: ColumnData, dtype: FieldDType): boolean {
  return data.constructor === COLUMN_ARRAYS[dtype];
}

function refuseField(message: string): never {
  throw new DataError("FIELD_INVALID", message);
}

function checkName(name: string, what: string): void {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.length > FIELD_LIMITS.nameLength) {
    refuseField(
      `${what} is called ${JSON.stringify(name.slice(0, 80))}: use a letter, then letters, digits and _, at most ${FIELD_LIMITS.nameLength} in all`,
    );
  }
  if (RESERVED_NAMES.has(name)) refuseField(`${what} is called ${name}, which is an input of every program: rename it`);
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function checkField(field: Field): void {
  checkName(field.name, "A field");
  const shape = `[${field.shape.join(", ")}]`;
  if (field.shape.length > FIELD_LIMITS.rank || !field.shape.every((dimension) => isCount(dimension, 1))) {
    refuseField(
      `Field ${field.name} has the shape ${shape}: use at most ${FIELD_LIMITS.rank} whole dimensions of at least 1`,
    );
  }
  const bytes = fieldElements(field) * FIELD_DTYPE_BYTES[field.dtype];
  if (bytes > FIELD_LIMITS.sampleBytes) {
    refuseField(
      `Field ${field.name} has ${bytes} bytes a sample, more than ${FIELD_LIMITS.sampleBytes}: make samples smaller`,
    );
  }
  if (field.window === undefined) return;
  const { array, length, stride, offset } = field.window;
  checkName(array, `The array of field ${field.name}`);
  if (!isCount(stride, 1) || !isCount(offset, 0) || Math.max(stride, offset) > FIELD_LIMITS.sampleBytes) {
    refuseField(`Field ${field.name} has a window of stride ${stride} and offset ${offset}: use at least 1 and 0`);
  }
  if (length !== field.shape[0]) {
    refuseField(
      `Field ${field.name} has the shape ${shape} and windows of ${length} rows: make the first dimension equal`,
    );
  }
}

function columnOf(field: Field): Column {
  const { name, dtype, window } = field;
  const elements = fieldElements(field);
  if (window === undefined) return { name, dtype, rowElements: elements, stride: 1, firstRow: 0, span: 1 };
  const { array, length, stride, offset } = window;
  return { name: array, dtype, rowElements: elements / length, stride, firstRow: offset, span: length };
}

function joinColumns(first: Column, second: Column): Column {
  if (first.dtype !== second.dtype || first.rowElements !== second.rowElements || first.stride !== second.stride) {
    refuseField(
      `Windows over ${first.name} disagree (${first.dtype} x ${first.rowElements}, stride ${first.stride}; ${second.dtype} x ` +
        `${second.rowElements}, stride ${second.stride}): give them one dtype, row shape and stride`,
    );
  }
  const firstRow = Math.min(first.firstRow, second.firstRow);
  const end = Math.max(first.firstRow + first.span, second.firstRow + second.span);
  return { ...first, firstRow, span: end - firstRow };
}

/**
 * Checks a list of fields and derives what has to be stored, in order of first mention.
 * @throws DataError FIELD_INVALID
 */
export function columnsOf(fields: readonly Field[]): readonly Column[] {
  if (fields.length === 0 || fields.length > FIELD_LIMITS.fields) {
    refuseField(`There are ${fields.length} fields: use 1 to ${FIELD_LIMITS.fields}`);
  }
  const names = new Set<string>();
  const columns = new Map<string, Column>();
  const plain = new Set<string>();
  for (const field of fields) {
    checkField(field);
    if (names.has(field.name)) refuseField(`Two fields are called ${field.name}: rename one`);
    names.add(field.name);
    const column = columnOf(field);
    const known = columns.get(column.name);
    if (known !== undefined && (field.window === undefined || plain.has(column.name))) {
      refuseField(`${column.name} is a field and the array of a window: rename one`);
    }
    if (field.window === undefined) plain.add(column.name);
    columns.set(column.name, known === undefined ? column : joinColumns(known, column));
  }
  return [...columns.values()];
}

/** Rows of a column that `samples` consecutive samples span; windows of neighbours may overlap. 0 for no samples. */
export function columnRows(column: Column, samples: number): number {
  return samples === 0 ? 0 : (samples - 1) * column.stride + column.span;
}
