import type { TensorData } from "@tributary/kernels";
import {
  type DType,
  inferOutputs,
  type OperationAttributes,
  type OperationName,
  type Shape,
  type TensorType,
} from "@tributary/program";

/** An operation that was recorded, not computed. */
export interface OperationOrigin<Name extends OperationName = OperationName> {
  readonly kind: "operation";
  readonly operation: Name;
  readonly attributes: OperationAttributes[Name];
  readonly inputs: readonly Value[];
  /** The values it makes, in the order of its outputs. */
  readonly outputs: readonly Value[];
}

/** An input of a program, or of a scan's body: it has no elements while code is traced. */
export interface PlaceholderOrigin {
  readonly kind: "placeholder";
  readonly name: string;
}

/** Elements that the program's author gave. */
export interface DataOrigin {
  readonly kind: "data";
  readonly elements: TensorData;
}

/** The same value, but gradients end here. */
export interface StopOrigin {
  readonly kind: "stop";
  readonly input: Value;
}

/** The same values as `results`, but with a gradient of their own. */
export interface CustomOrigin {
  readonly kind: "custom";
  /** What the gradient is for; the results may be made of more. */
  readonly inputs: readonly Value[];
  /** What computes the outputs; no gradient goes through them. */
  readonly results: readonly Value[];
  readonly outputs: readonly Value[];
  readonly gradient: CustomRule;
}

/** What the gradient of a {@link CustomOrigin} knows. */
export interface CustomContext {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** One an output; null is zero. */
  readonly cotangents: readonly (Value | null)[];
}

/** The cotangents of the inputs; null is zero. */
export type CustomRule = (context: CustomContext) => readonly (Value | null)[];

/** What makes a value. */
export type Origin = OperationOrigin | PlaceholderOrigin | DataOrigin | StopOrigin | CustomOrigin;

/** How many values have been made. */
let made = 0;

/** The serial number of the value that was made last. */
export function latestSerial(): number {
  return made - 1;
}

/**
 * One value of the recorded graph: its type, and what makes it. Values are compared by identity.
 * `Tensor` wraps a value and gives it methods; gradient rules work on values directly.
 */
export class Value implements TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly origin: Origin;
  /** Values count up as they are made, so each has a higher number than what it is made of. */
  readonly serial: number;
  /** Elements, once somebody has asked for them outside of a trace; never changed afterwards. */
  computed: TensorData | null = null;

  constructor(type: TensorType, origin: Origin) {
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.origin = origin;
    this.serial = made;
    made += 1;
  }
}

/**
 * Records one operation.
 * @returns the values of its outputs
 * @throws ProgramError when the types of the inputs do not fit the operation; it shows the shapes
 */
export function record<Name extends OperationName>(
  operation: Name,
  attributes: OperationAttributes[Name],
  inputs: readonly Value[],
): readonly Value[] {
  const types = inferOutputs(operation, attributes, inputs);
  const outputs: Value[] = [];
  const origin: OperationOrigin<Name> = { kind: "operation", operation, attributes, inputs, outputs };
  for (const type of types) outputs.push(new Value(type, origin));
  return outputs;
}

/** Narrows an origin to one operation. */
export function isOperation<Name extends OperationName>(
  origin: Origin,
  operation: Name,
): origin is OperationOrigin<Name> {
  return origin.kind === "operation" && origin.operation === operation;
}

/** Records an operation that has a single output. */
export function recordOne<Name extends OperationName>(
  operation: Name,
  attributes: OperationAttributes[Name],
  ...inputs: Value[]
): Value {
  return only(record(operation, attributes, inputs));
}

/** The single element of a list that has one by construction. */
export function only(values: readonly Value[]): Value {
  const value = values[0];
  if (value === undefined || values.length !== 1) throw new RangeError(`Expected one value, got ${values.length}`);
  return value;
}

/** An input that a program or a body gets later. */
export function placeholder(type: TensorType, name: string): Value {
  return new Value(type, { kind: "placeholder", name });
}

/** Whether gradients flow through values of this type. float16 is storage: its cotangent is float32. */
export function isDifferentiable(type: TensorType): boolean {
  return type.dtype === "float32" || type.dtype === "float16";
}

/** The same value, at which gradients end. */
export function stop(input: Value): Value {
  return new Value(input, { kind: "stop", input });
}

/** The same values as `results`, whose cotangents go to `inputs` as the rule says and nowhere else. */
export function recordCustom(
  inputs: readonly Value[],
  results: readonly Value[],
  gradient: CustomRule,
): readonly Value[] {
  const outputs: Value[] = [];
  const origin: CustomOrigin = { kind: "custom", inputs, results, outputs, gradient };
  for (const result of results) outputs.push(new Value(result, origin));
  return outputs;
}
