import type { DType } from "@tributary/program";
import type { Reduction } from "../ir.ts";
import { REGISTER_TYPES, type RegisterType, type RoutineSink } from "./kernel-code.ts";
import { NEGATIVE_INFINITY, ORDER } from "./scalar/float-bits.ts";
import { addRoutine } from "./scalar/routine.ts";
import { maximumRoutine } from "./scalar/scalar-code.ts";

/** What an invocation carries along for one reduction: one register, or for argmax two. */
export interface Fold {
  readonly registers: readonly { readonly type: RegisterType; readonly start: string }[];
  /** Statements that fold an element in. `position` is the element's place along the reduced axis. */
  take(state: readonly string[], value: string, position: string): string;
  /** Statements that fold another state in; all its elements come, or may come, later. */
  join(state: readonly string[], other: readonly string[]): string;
  /** The finished value, of the reduction's dtype. */
  result(state: readonly string[]): string;
}

/** How a reduction folds. @param operand dtype of what is folded */
export function foldOf(sink: RoutineSink, { reducer, dtype }: Reduction, operand: DType): Fold {
  const type = REGISTER_TYPES[dtype];
  switch (reducer) {
    case "sum":
      return simple(type, type === "f32" ? "0.0f" : `0${type[0]}`, (a, b) => `${a} + ${b}`);
    case "max": {
      const name = type === "f32" ? maximumRoutine(sink) : "max";
      const start = type === "f32" ? NEGATIVE_INFINITY : "i32(-2147483648)";
      return simple(type, start, (a, b) => `${name}(${a}, ${b})`);
    }
    case "argmax":
      return largestPlace(sink, operand);
    default:
      return reducer satisfies never;
  }
}

function simple(type: RegisterType, start: string, combine: (a: string, b: string) => string): Fold {
  const join = ([state]: readonly string[], other: string): string => `${state} = ${combine(state, other)};`;
  return {
    registers: [{ type, start }],
    take: join,
    join: (state, [other]) => join(state, other),
    result: ([state]) => state,
  };
}

/** An integer by which elements are compared: that of a NaN is the largest. @returns an expression of i32 */
export function comparisonKey(sink: RoutineSink, dtype: DType, value: string): string {
  if (dtype !== "float32") return value;
  addRoutine(sink, ORDER);
  sink.routine("comparison_key", COMPARISON_KEY);
  return `comparison_key(${value})`;
}

const COMPARISON_KEY = `fn comparison_key(x: f32) -> i32 {
  return select(order_f32(x), 2147483647, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}`;

/** The largest key so far and its place; of equal ones the first place. No place yet is beyond all others. */
function largestPlace(sink: RoutineSink, operand: DType): Fold {
  const update = ([key, place]: readonly string[], newKey: string, newPlace: string): string =>
    `if (${newKey} > ${key} || (${newKey} == ${key} && ${newPlace} < ${place})) { ${key} = ${newKey}; ${place} = ${newPlace}; }`;
  return {
    registers: [
      { type: "i32", start: "i32(-2147483648)" },
      { type: "u32", start: "0xffffffffu" },
    ],
    take: (state, value, position) => {
      const key = `${state[0]}_new`;
      return `{ let ${key} = ${comparisonKey(sink, operand, value)};\n${update(state, key, position)} }`;
    },
    join: (state, [key, place]) => update(state, key, place),
    result: ([, place]) => `bitcast<i32>(${place})`,
  };
}

/** Registers of several folds, under names of their own. */
export class FoldStates {
  readonly #folds: readonly Fold[];
  readonly #prefix: string;

  constructor(folds: readonly Fold[], prefix: string) {
    this.#folds = folds;
    this.#prefix = prefix;
  }

  names(fold: number): string[] {
    return this.#folds[fold].registers.map((_, register) => `${this.#prefix}${fold}_${register}`);
  }

  /** Statements that declare the registers with nothing folded in yet. */
  declare(): string {
    return this.#folds
      .flatMap(({ registers }, fold) =>
        registers.map(({ type, start }, register) => `var ${this.names(fold)[register]}: ${type} = ${start};`),
      )
      .join("\n");
  }

  /** Statements that fold other states in. */
  join(other: FoldStates): string {
    return this.#folds.map((fold, index) => fold.join(this.names(index), other.names(index))).join("\n");
  }
}
