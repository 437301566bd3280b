import { DataError } from "./errors.ts";
import { type ColumnData, type Field, fieldElements } from "./field.ts";
import type { LoadedDataset, Split } from "./split.ts";

/** That a field holds indices of something, such as classes. */
export interface IndexRule {
  readonly field: string;
  /** They go from 0 to count - 1. */
  readonly count: number;
  /** Allowed beside them, such as a loss's ignore index. Default: none. */
  readonly except?: number;
  /** What takes them, for people: "crossEntropy". */
  readonly owner: string;
  /** What there are `count` of, for people: "classes". */
  readonly of: string;
}

/** A value that some sample has. */
interface FoundValue {
  readonly value: number;
  /** For people: "Sample 3 of train". */
  readonly sample: string;
  /** For people: "in targets", or "at [0, 2] of inputs". */
  readonly place: string;
}

const PARTS = ["train", "validation", "test"] as const;

/** float16 is kept as raw bits; those of infinities and NaN have every bit of the exponent set. Source: IEEE 754-2019, 3.4. */
const FLOAT16_EXPONENT = 0x7c00;

/**
 * Refuses NaN and infinities in float fields: one of them in a sample makes every parameter NaN.
 * @throws DataError VALUE_NOT_FINITE naming sample, position and field
 */
export function checkFinite(dataset: LoadedDataset): void {
  for (const field of dataset.fields) {
    const half = field.dtype === "float16";
    if (!half && field.dtype !== "float32") continue;
    const wrong = half
      ? (bits: number) => (bits & FLOAT16_EXPONENT) === FLOAT16_EXPONENT
      : (value: number) => !Number.isFinite(value);
    const found = findValue(dataset, field, wrong);
    if (found === undefined) continue;
    const value = half ? "NaN or an infinity" : found.value;
    throw new DataError(
      "VALUE_NOT_FINITE",
      `${found.sample} holds ${value} ${found.place}: mend it, leave the sample out with filter(), or use allowNotFinite() where the model can take it`,
    );
  }
}

/**
 * Checks that every value of a field is one of the indices that are taken.
 * @throws DataError LABEL_OUT_OF_RANGE naming sample, position and value, FIELD_INVALID when the field is not there
 */
export function checkIndices(dataset: LoadedDataset, { field: name, count, except, owner, of }: IndexRule): void {
  const field = dataset.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    throw new DataError(
      "FIELD_INVALID",
      `There is no field ${name}: name one of ${dataset.fields.map((candidate) => candidate.name).join(", ")}`,
    );
  }
  const found = findValue(
    dataset,
    field,
    (value) => !(Number.isInteger(value) && value >= 0 && value < count) && value !== except,
  );
  if (found === undefined) return;
  const also = except === undefined ? "" : ` or ${except}`;
  throw new DataError(
    "LABEL_OUT_OF_RANGE",
    `${found.sample} has ${found.value} ${found.place}, but ${owner} takes 0 to ${count - 1}${also} (${count} ${of}): mend the value, or raise the number of ${of}`,
  );
}

/** The first value of a field, split by split, for which `wrong` holds. */
function findValue(dataset: LoadedDataset, field: Field, wrong: (value: number) => boolean): FoundValue | undefined {
  for (const part of PARTS) {
    const split = dataset[part];
    if (split === undefined || split.samples === 0) continue;
    const found = findInSplit(split, field, wrong);
    if (found === undefined) continue;
    const position = positionOf(field, found.element);
    return {
      value: found.value,
      sample: `Sample ${found.sample} of ${part}`,
      place: position === "" ? `in ${field.name}` : `at ${position} of ${field.name}`,
    };
  }
  return undefined;
}

/** Where a value is: `element` counts through the sample. */
interface FieldElement {
  readonly value: number;
  readonly sample: number;
  readonly element: number;
}

function findInSplit(split: Split, field: Field, wrong: (value: number) => boolean): FieldElement | undefined {
  const { window } = field;
  const elements = fieldElements(field);
  const data: ColumnData = split.columns[window?.array ?? field.name] ?? new Uint8Array(0);
  // A plain field is a window of one row at every row.
  const { length, stride, offset } = window ?? { length: 1, stride: 1, offset: 0 };
  const rowElements = elements / length;
  const end = Math.min(data.length, (offset + (split.samples - 1) * stride + length) * rowElements);
  for (let at = offset * rowElements; at < end; at += 1) {
    const value = data[at] ?? 0;
    if (!wrong(value)) continue;
    const row = Math.floor(at / rowElements) - offset;
    const sample = Math.max(0, Math.ceil((row - length + 1) / stride));
    const rowInSample = row - sample * stride;
    // Windows may leave rows between them out.
    if (rowInSample >= 0) return { value, sample, element: rowInSample * rowElements + (at % rowElements) };
  }
  return undefined;
}

/** Coordinates of an element in a field's shape: "[0, 2]"; nothing for a scalar. */
function positionOf(field: Field, element: number): string {
  if (field.shape.length === 0) return "";
  let rest = element;
  const coordinates = field.shape.toReversed().map((size) => {
    const coordinate = rest % size;
    rest = Math.floor(rest / size);
    return coordinate;
  });
  return `[${coordinates.toReversed().join(", ")}]`;
}
