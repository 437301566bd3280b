import type { Body, Step, Window } from "../ir.ts";
import { indexOf, type KernelContext, literal, REGISTER_TYPES } from "./kernel-code.ts";
import { type Operand, scalarCode } from "./scalar/scalar-code.ts";

/** How a body is written. */
export interface BodyOptions {
  /** Expression of what the kernel around the body has computed for this element; needed by steps of kind "result". */
  readonly result?: (number: number) => string;
  /** Names of the steps' variables begin with this; different where two bodies share a scope. Default "s". */
  readonly prefix?: string;
}

/** A body's statements, which declare a variable for each step, and those variables' names. */
export interface BodyCode {
  readonly statements: string;
  /** The two halves of the statements: bodies of several elements may have all their loads before all their stores. */
  readonly steps: string;
  readonly stores: string;
  /** By number of the step. */
  readonly values: readonly string[];
}

/**
 * Statements that compute a body's steps and make its stores for one element.
 * @param coordinates expressions of type u32, one for each axis of the body's shape
 */
export function bodyCode(
  context: KernelContext,
  body: Body,
  coordinates: readonly string[],
  { result, prefix = "s" }: BodyOptions = {},
): BodyCode {
  const values: string[] = [];
  const lines: string[] = [];
  for (const [number, step] of body.steps.entries()) {
    const name = `${prefix}${number}`;
    lines.push(
      `let ${name}: ${REGISTER_TYPES[step.dtype]} = ${stepText(context, body, step, { coordinates, values, result })};`,
    );
    values.push(name);
  }
  // Every load stands before every store: a body may write where it reads.
  const stores = body.stores.map(({ step, storage, window }) =>
    context.access(storage, window.offset).store(place(body, window, coordinates), values[step]),
  );
  return {
    ...{ statements: [...lines, ...stores].join("\n"), steps: lines.join("\n"), stores: stores.join("\n") },
    values,
  };
}

/** The statements of a body in a scope of their own. */
export function emitBody(
  context: KernelContext,
  body: Body,
  coordinates: readonly string[],
  result?: (number: number) => string,
): string {
  return `{\n${bodyCode(context, body, coordinates, result === undefined ? {} : { result }).statements}\n}`;
}

interface Surroundings {
  readonly coordinates: readonly string[];
  readonly values: readonly string[];
  readonly result: ((number: number) => string) | undefined;
}

function stepText(context: KernelContext, body: Body, step: Step, around: Surroundings): string {
  switch (step.kind) {
    case "load":
      return context.access(step.storage, step.window.offset).load(place(body, step.window, around.coordinates));
    case "index":
      return `i32(${literal(step.window.offset)} + ${place(body, step.window, around.coordinates)})`;
    case "result":
      if (around.result === undefined) throw new Error("A body outside a kernel has no result");
      return around.result(step.number);
    case "constant":
      return constantText(context, REGISTER_TYPES[step.dtype], step.value);
    case "apply": {
      const operands = step.arguments.map(
        (argument): Operand => ({ text: around.values[argument], dtype: body.steps[argument].dtype }),
      );
      return scalarCode(context, step.operation, step.dtype, operands);
    }
    default:
      return step satisfies never;
  }
}

/** Strides of axes of one element do not matter. */
function place(body: Body, { strides }: Window, coordinates: readonly string[]): string {
  return indexOf(
    coordinates,
    strides.map((stride, axis) => (body.shape[axis] === 1 ? 0 : stride)),
  );
}

const bits = new DataView(new ArrayBuffer(4));

/**
 * A literal of a register. Floats go by their bits: decimal text of every float would be right too, but of an infinity or a NaN
 * there is none.
 */
function constantText(sink: Pick<KernelContext, "routine">, type: "f32" | "i32" | "u32", value: number): string {
  if (type === "u32") return literal(value);
  if (type === "i32") return value === -(2 ** 31) ? "(-2147483647i - 1i)" : `${value | 0}i`;
  if (Number.isFinite(value) && !Object.is(value, -0)) return floatText(value);
  bits.setFloat32(0, value);
  void sink;
  return `bits_f32(${bits.getUint32(0)}u)`;
}

/** The shortest decimal that is this float32, as WGSL takes it: subnormals may be flushed wherever they are. */
function floatText(value: number): string {
  const text = String(Math.fround(value));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
