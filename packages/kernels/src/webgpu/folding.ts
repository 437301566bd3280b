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

  join(other: FoldStates): string {
    return this.#folds.map((fold, index) => fold.join(this.names(index), other.names(index))).join("\n");
  }
}

/** Where lanes of a workgroup lie: lane k of a result is invocation `first + k * step`. */
export interface Lanes {
  /** A power of 2. */
  readonly count: number;
  readonly step: number;
  /** Name of the variable with the invocation's lane. */
  readonly name: string;
}

/** Words of workgroup memory that {@link foldLanes} uses for folds, all in one array of u32. */
export function foldWords(folds: readonly Fold[], invocations: number): number {
  return folds.reduce((sum, { registers }) => sum + registers.length, 0) * invocations;
}

/**
 * Statements that fold all lanes' states into that of lane 0, halving the lanes again and again: a tree that depends on their number alone.
 * Everyone must come here. `memory` is the name of an array of u32 that nobody else uses; places of lanes but the first may be written again
 * only behind another barrier.
 */
export function foldLanes(
  folds: readonly Fold[],
  states: FoldStates,
  lanes: Lanes,
  memory: string,
  invocations: number,
): string {
  const slots = slotsOf(folds, invocations);
  const write = folds.flatMap((_, fold) =>
    states.names(fold).map((name, register) => `${memory}[lid + ${slots[fold][register]}u] = bitcast<u32>(${name});`),
  );
  const read = folds.map(({ registers, join }, fold) => {
    const names = registers.map((_, register) => `other${fold}_${register}`);
    const declared = registers.map(
      ({ type }, register) => `let ${names[register]} = bitcast<${type}>(${memory}[source + ${slots[fold][register]}u]);`,
    );
    return [...declared, join(states.names(fold), names)].join("\n");
  });
  // A level writes where none before it is read: one barrier a level is enough.
  return [
    `for (var half = ${lanes.count / 2}u; half > 0u; half >>= 1u) {`,
    `if (${lanes.name} >= half && ${lanes.name} < 2u * half) {\n${write.join("\n")}\n}`,
    "workgroupBarrier();",
    `if (${lanes.name} < half) {`,
    `let source = lid + half * ${lanes.step}u;`,
    ...read,
    "}\n}",
  ].join("\n");
}

/** Where each register of each fold has its words: one for every invocation. */
function slotsOf(folds: readonly Fold[], invocations: number): number[][] {
  let next = 0;
  return folds.map(({ registers }) => registers.map(() => next++ * invocations));
}
