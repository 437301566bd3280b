import { type DType, elementCount, type Shape, type TensorType } from "../dtype.ts";
import { ProgramError } from "../errors.ts";

/** Most dimensions of a tensor. Index arithmetic of every backend is written for at most this many. */
export const RANK_MAX = 8;

/** Largest dimension: what an int32 index reaches. */
export const DIMENSION_MAX = 2 ** 31 - 1;

/** Inference of one operation: types of its inputs and its attributes -> types of its outputs. */
export type InferenceRule<Attributes> = (inputs: readonly TensorType[], attributes: Attributes) => TensorType[];

/** A shape as people read it: "[2, 3]". */
export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** A type as people read it: "float32[2, 3]". */
export function showType(type: TensorType): string {
  return `${type.dtype}${showShape(type.shape)}`;
}

/** Types that a message shows at most; a concat can have a hundred thousand. */
const SHOWN_TYPES_MAX = 8;

/** Types as people read them: "float32[2, 3] and int32[]". */
export function showTypes(types: readonly TensorType[]): string {
  if (types.length === 0) return "none";
  const shown = types.slice(0, SHOWN_TYPES_MAX).map(showType).join(" and ");
  return types.length > SHOWN_TYPES_MAX ? `${shown} and ${types.length - SHOWN_TYPES_MAX} more` : shown;
}

/** Whether a value is an integer of a range, both ends included. */
export function isIntegerIn(value: unknown, low: number, high: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= low && value <= high;
}

function inputCount(operation: string, expected: string, inputs: readonly TensorType[]): ProgramError {
  return new ProgramError(
    "INPUT_COUNT",
    `${operation}: takes ${expected}, but got ${inputs.length} (${showTypes(inputs)}): pass exactly those`,
  );
}

/** @throws ProgramError INPUT_COUNT */
export function requireNone(operation: string, inputs: readonly TensorType[]): void {
  if (inputs.length !== 0) throw inputCount(operation, "no inputs", inputs);
}

/** The single input. @throws ProgramError INPUT_COUNT */
export function requireOne(operation: string, inputs: readonly TensorType[]): TensorType {
  const [first] = inputs;
  if (first === undefined || inputs.length !== 1) throw inputCount(operation, "1 input", inputs);
  return first;
}

/** The two inputs. @throws ProgramError INPUT_COUNT */
export function requireTwo(operation: string, inputs: readonly TensorType[]): [TensorType, TensorType] {
  const [first, second] = inputs;
  if (first === undefined || second === undefined || inputs.length !== 2)
    throw inputCount(operation, "2 inputs", inputs);
  return [first, second];
}

/** The three inputs. @throws ProgramError INPUT_COUNT */
export function requireThree(operation: string, inputs: readonly TensorType[]): [TensorType, TensorType, TensorType] {
  const [first, second, third] = inputs;
  if (first === undefined || second === undefined || third === undefined || inputs.length !== 3) {
    throw inputCount(operation, "3 inputs", inputs);
  }
  return [first, second, third];
}

/** @throws ProgramError DTYPE_UNSUPPORTED when the input's dtype is none of `dtypes` */
export function requireDType(operation: string, role: string, type: TensorType, dtypes: readonly DType[]): void {
  if (dtypes.includes(type.dtype)) return;
  throw new ProgramError(
    "DTYPE_UNSUPPORTED",
    `${operation}: ${role} is ${showType(type)}, but must be ${dtypes.join(" or ")}: cast it first`,
  );
}

/** @throws ProgramError DTYPE_MISMATCH */
export function requireSameDType(operation: string, a: TensorType, b: TensorType): void {
  if (a.dtype === b.dtype) return;
  throw new ProgramError(
    "DTYPE_MISMATCH",
    `${operation}: inputs are ${showType(a)} and ${showType(b)}, but must have one dtype: cast one of them`,
  );
}

/** @throws ProgramError SHAPE_MISMATCH unless `holds`; the message shows all inputs and says `mustBe` */
export function requireShapes(operation: string, inputs: readonly TensorType[], holds: boolean, mustBe: string): void {
  if (holds) return;
  throw new ProgramError("SHAPE_MISMATCH", `${operation}: inputs are ${showTypes(inputs)}, but ${mustBe}`);
}

/** @throws ProgramError ATTRIBUTE_INVALID unless `holds` */
export function requireAttribute(operation: string, holds: boolean, message: () => string): void {
  if (!holds) throw new ProgramError("ATTRIBUTE_INVALID", `${operation}: ${message()}`);
}

/** @throws ProgramError ATTRIBUTE_INVALID when `axis` is not one of the input's */
export function requireAxis(operation: string, type: TensorType, axis: number): void {
  requireAttribute(
    operation,
    isIntegerIn(axis, 0, type.shape.length - 1),
    () => `axis ${axis} is not an axis of ${showType(type)}: use 0 ... ${type.shape.length - 1}`,
  );
}

/** @throws ProgramError ATTRIBUTE_INVALID unless `axes` ascend without repeats and are axes of the input */
export function requireAxes(operation: string, type: TensorType, axes: readonly number[]): void {
  for (const axis of axes) requireAxis(operation, type, axis);
  requireAttribute(
    operation,
    axes.every((axis, place) => place === 0 || axis > (axes[place - 1] ?? -1)),
    () => `axes ${showShape(axes)} must ascend without repeats: sort them`,
  );
}

/** @throws ProgramError ATTRIBUTE_INVALID unless there is one integer of the range an axis */
export function requireEntries(
  operation: string,
  type: TensorType,
  name: string,
  entries: readonly number[],
  low: number,
): void {
  requireAttribute(
    operation,
    entries.length === type.shape.length && entries.every((entry) => isIntegerIn(entry, low, DIMENSION_MAX)),
    () =>
      `${name} ${showShape(entries)} must hold one integer of at least ${low} for each axis of ${showType(type)}: mend it`,
  );
}

/** @throws ProgramError SHAPE_INVALID when a dimension is no integer from 0 to {@link DIMENSION_MAX}, or there are more than {@link RANK_MAX} */
export function requireShape(operation: string, shape: Shape): void {
  if (shape.length > RANK_MAX) {
    throw new ProgramError(
      "SHAPE_INVALID",
      `${operation}: shape ${showShape(shape.slice(0, RANK_MAX))} and more has ${shape.length} dimensions, but at most ${RANK_MAX} are possible: reshape`,
    );
  }
  if (shape.every((dimension) => isIntegerIn(dimension, 0, DIMENSION_MAX))) return;
  throw new ProgramError(
    "SHAPE_INVALID",
    `${operation}: shape ${showShape(shape)} must hold integers from 0 to ${DIMENSION_MAX}: mend the dimensions`,
  );
}

const INTEGER_RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint8: [0, 255],
  bool: [0, 1],
};

/** @throws ProgramError ATTRIBUTE_INVALID when a literal is not a value of the dtype (any number is one of a float dtype, which rounds it) */
export function requireLiteral(operation: string, dtype: DType, value: number): void {
  const range = INTEGER_RANGES[dtype];
  requireAttribute(
    operation,
    typeof value === "number" && (range === undefined || isIntegerIn(value, range[0], range[1])),
    () => `value ${value} is not a value of ${dtype}: use one in its range`,
  );
}

/** Elements as text for messages about counts. */
export function showCount(type: TensorType): string {
  return `${showType(type)} (${elementCount(type.shape)} elements)`;
}
