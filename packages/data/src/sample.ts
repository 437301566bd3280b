import { DataError } from "./errors.ts";
import {
  allocateColumn,
  type ColumnData,
  columnsOf,
  FIELD_DTYPE_BYTES,
  type Field,
  type FieldDType,
  fieldElements,
  holdsDType,
  isColumnData,
} from "./field.ts";
import { MANIFEST_LIMITS } from "./manifest.ts";
import { columnData, type Split } from "./split.ts";

/** One sample as a function sees it: a number for a field of shape [], otherwise a copy of its elements. */
export type Sample = Readonly<Record<string, number | ColumnData>>;

/** One sample as a function may give it: a number, or as many numbers as the field has elements, row by row. */
export type NewSample = Readonly<Record<string, number | ArrayLike<number>>>;

/** Shape of a field, or shape and dtype; a dtype that is not said is that of the first sample's array, and float32 for numbers. */
export type FieldForms = Readonly<Record<string, readonly number[] | Pick<Field, "dtype" | "shape">>>;

/** What functions and generators may make. */
export const COLLECTED_LIMITS = {
  /** Bytes of one split, 4 GiB: what never ends has to stop somewhere. */
  splitBytes: 4_294_967_296,
} as const;

/** The dtype of which an array holds elements; Uint16Array is taken as the raw bits of float16. */
export function dtypeOf(data: ColumnData): FieldDType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  return data instanceof Uint16Array ? "float16" : "uint8";
}

/** Copies of one field's elements, for samples given by their index, one after the other. */
export function gatherField(
  field: Field,
  fields: readonly Field[],
  split: Split,
  indices: ArrayLike<number>,
): ColumnData {
  const length = fieldElements(field);
  const data = allocateColumn(field.dtype, indices.length * length);
  const name = field.window?.array ?? field.name;
  const column = columnsOf(fields).find((candidate) => candidate.name === name);
  if (column === undefined) return data;
  const source = columnData(split, column);
  for (let i = 0; i < indices.length; i += 1) {
    const start = ((field.window?.offset ?? 0) + (indices[i] ?? 0) * column.stride) * column.rowElements;
    data.set(source.subarray(start, start + length), i * length);
  }
  return data;
}

/** Reads the samples of a split one after the other. */
export function* samplesOf(fields: readonly Field[], split: Split): Generator<Sample> {
  const columns = new Map(columnsOf(fields).map((column) => [column.name, column]));
  const readers = fields.flatMap((field) => {
    const column = columns.get(field.window?.array ?? field.name);
    if (column === undefined) return [];
    const data = columnData(split, column);
    const first = (field.window?.offset ?? 0) * column.rowElements;
    return [{ field, data, first, step: column.stride * column.rowElements, length: fieldElements(field) }];
  });
  for (let i = 0; i < split.samples; i += 1) {
    const sample: Record<string, number | ColumnData> = {};
    for (const { field, data, first, step, length } of readers) {
      const start = first + i * step;
      sample[field.name] = field.shape.length === 0 ? (data[start] ?? 0) : data.slice(start, start + length);
    }
    yield sample;
  }
}

const WHOLE_RANGES: Partial<Readonly<Record<FieldDType, readonly [least: number, most: number]>>> = {
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
  uint8: [0, 255],
  bool: [0, 1],
  float16: [0, 65_535],
};

/** Whether an element can be stored with a dtype without becoming another. float16 elements are raw bits. */
function fitsDType(value: number, dtype: FieldDType): boolean {
  const range = WHOLE_RANGES[dtype];
  return range === undefined || (Number.isInteger(value) && value >= range[0] && value <= range[1]);
}

/** Gathers samples into columns, checking each against the fields. The first sample fixes what the forms leave open. */
export class SampleCollector {
  private readonly forms: FieldForms;
  private readonly before: readonly Field[];
  private columns: { readonly field: Field; data: ColumnData }[] | undefined;
  private count = 0;

  /**
   * @param forms of every field, or of none, to take the fields from the first sample
   * @param before fields whose form is kept where the first sample has as many elements under that name
   */
  constructor(forms: FieldForms, before: readonly Field[] = []) {
    this.forms = forms;
    this.before = before;
  }

  /** Appends a copy. @throws DataError SAMPLE_INVALID, SAMPLE_TOO_LARGE, FIELD_INVALID */
  add(sample: NewSample): void {
    this.columns ??= fieldsOf(this.forms, sample, this.before).map(emptyColumn);
    this.checkNames(sample);
    for (const column of this.columns) this.append(column, sample[column.field.name]);
    this.count += 1;
  }

  /** What was gathered; the collector is not to be used after that. @throws DataError DATASET_EMPTY when nothing says the fields */
  finish(): { readonly fields: readonly Field[]; readonly split: Split } {
    const columns = this.columns ?? fieldsOf(this.forms, undefined, this.before).map(emptyColumn);
    const arrays = columns.map(
      ({ field, data }) => [field.name, data.slice(0, this.count * fieldElements(field))] as const,
    );
    return {
      fields: columns.map(({ field }) => field),
      split: { samples: this.count, columns: Object.fromEntries(arrays) },
    };
  }

  private checkNames(sample: NewSample): void {
    const known = this.columns?.map(({ field }) => field.name) ?? [];
    const extra = Object.keys(sample).find((name) => !known.includes(name));
    if (extra !== undefined)
      this.refuse(
        `has the field ${extra}, which the first one lacked or the fields do not name: give every sample ${known.join(", ")}`,
      );
  }

  private append(
    column: { readonly field: Field; data: ColumnData },
    value: number | ArrayLike<number> | undefined,
  ): void {
    const { field } = column;
    const length = fieldElements(field);
    if (value === undefined) this.refuse(`has no field ${field.name}: give one to every sample`);
    const elements = typeof value === "number" ? [value] : value;
    if (elements.length !== length) {
      this.refuse(
        `has ${elements.length} elements in ${field.name}, where its shape [${field.shape.join(", ")}] takes ${length}`,
      );
    }
    const start = this.count * length;
    if (start + length > column.data.length) column.data = this.grown(column.data, field, start + length);
    for (let i = 0; i < length; i += 1) {
      const element = elements[i] ?? Number.NaN;
      if (!fitsDType(element, field.dtype))
        this.refuse(`has ${element} in ${field.name}, which ${field.dtype} cannot hold: say another dtype`);
      column.data[start + i] = element;
    }
  }

  private grown(data: ColumnData, field: Field, needed: number): ColumnData {
    const bytes = needed * FIELD_DTYPE_BYTES[field.dtype];
    if (bytes > COLLECTED_LIMITS.splitBytes || this.count >= MANIFEST_LIMITS.samples) {
      throw new DataError(
        "SAMPLE_TOO_LARGE",
        `${this.count} samples of ${field.name} take more than ${COLLECTED_LIMITS.splitBytes} bytes: end the generator earlier`,
      );
    }
    const larger = allocateColumn(field.dtype, Math.max(needed, data.length * 2, 64));
    larger.set(data);
    return larger;
  }

  private refuse(what: string): never {
    throw new DataError("SAMPLE_INVALID", `Sample ${this.count} ${what}`);
  }
}

function emptyColumn(field: Field): { readonly field: Field; data: ColumnData } {
  return { field, data: allocateColumn(field.dtype, 0) };
}

function fieldsOf(forms: FieldForms, first: NewSample | undefined, before: readonly Field[]): readonly Field[] {
  const names = Object.keys(forms).length > 0 ? Object.keys(forms) : Object.keys(first ?? {});
  if (names.length === 0) {
    throw new DataError(
      "DATASET_EMPTY",
      "There is neither a sample nor a list of fields: give at least one sample, or name the fields",
    );
  }
  return names.map((name): Field => {
    const form = forms[name];
    if (form !== undefined && "dtype" in form) return { name, dtype: form.dtype, shape: form.shape };
    const value = first?.[name];
    const length = typeof value === "number" ? 1 : (value?.length ?? 0);
    const known = before.find((field) => field.name === name && fieldElements(field) === length);
    const shape = form ?? known?.shape ?? (typeof value === "number" ? [] : [length]);
    return { name, dtype: dtypeOfValue(value, known?.dtype), shape };
  });
}

/** The dtype that a value's array has; of plain numbers, the one known before. */
function dtypeOfValue(value: number | ArrayLike<number> | undefined, known: FieldDType | undefined): FieldDType {
  if (!isColumnData(value)) return known ?? "float32";
  return known !== undefined && holdsDType(value, known) ? known : dtypeOf(value);
}
