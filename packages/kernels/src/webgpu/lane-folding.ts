import type { Fold, FoldStates } from "./folding.ts";
import { type KernelContext, literal, WORKGROUP_SIZE } from "./kernel-code.ts";

/** Most states that one invocation reads one after the other: reads overlap, where levels of a tree wait for a barrier each. */
const STATES_AT_ONCE = 32;
/** States that are folded at the first of two levels. */
const FIRST_LEVEL = 16;

/** How the lanes of each result of a workgroup are folded. A variable `lane` holds an invocation's number among those of its result. */
export interface LaneFolding {
  readonly context: Pick<KernelContext, "features" | "workgroupArray">;
  readonly folds: readonly Fold[];
  /** Lanes of a result: a power of 2. The results of a workgroup have all its invocations. */
  readonly lanes: number;
  /** Between the invocations of neighbouring lanes: 1, or the number of results of a workgroup. */
  readonly step: number;
  /** Words of workgroup memory in front of those that are used. */
  readonly offset: number;
  /** Whether all lanes get the result, or only the first. */
  readonly everyone: boolean;
}

/** Words of workgroup memory that folding takes. */
export function foldWords(folding: Pick<LaneFolding, "context" | "folds" | "lanes" | "step">): number {
  const near = nearLanes(folding);
  if (near === folding.lanes) return 0;
  return folding.folds.reduce((sum, { registers }) => sum + registers.length, 0) * (WORKGROUP_SIZE / near);
}

/**
 * Statements that fold the states of a result's lanes: first within subgroups, without memory or barriers, then what is left in one or two
 * levels through workgroup memory. The order depends on the number of lanes and the device alone. Everyone must come here; the memory may be
 * written again behind another barrier.
 */
export function foldLanes(states: FoldStates, folding: LaneFolding): string {
  const { lanes } = folding;
  const near = nearLanes(folding);
  const lines: string[] = [];
  for (let distance = 1; distance < near; distance *= 2) lines.push(joinAcross(states, folding, distance));
  if (near < lanes) lines.push(...foldMemory(states, new Slots(folding, near), folding));
  return lines.join("\n");
}

/** Lanes of a result that are in one subgroup, whatever its size: a power of 2. */
function nearLanes({ context, lanes, step }: Pick<LaneFolding, "context" | "lanes" | "step">): number {
  return Math.max(1, Math.min(lanes, context.features.subgroupLanes / step));
}

/** Joins each lane's state with that of the lane whose number differs in one bit. Both lanes get the same: folds are commutative. */
function joinAcross(states: FoldStates, { folds, step }: LaneFolding, distance: number): string {
  const lines = folds.flatMap(({ registers }, fold) => [
    ...registers.map(({ type }, register) => {
      const name = states.names(fold)[register];
      // As an integer: no bit of a NaN may change on the way.
      return `let ${other(name)} = bitcast<${type}>(subgroupShuffleXor(bitcast<u32>(${name}), ${literal(distance * step)}));`;
    }),
    folds[fold].join(states.names(fold), states.names(fold).map(other)),
  ]);
  return `{\n${lines.join("\n")}\n}`;
}

/** The places in workgroup memory of the states that subgroups have left: one for each of a result's groups of `near` lanes. */
class Slots {
  /** States of a result. */
  readonly count: number;
  /** Between a result's neighbouring states. */
  readonly distance: number;
  /** Whether an invocation's state is to be written; each of its group has the same one. */
  readonly writes: string;
  /** Expressions of the place of an invocation's own state, and of its result's first one. */
  readonly own: string;
  readonly first: string;
  readonly #memory: string;
  readonly #places: readonly (readonly number[])[];

  constructor(folding: LaneFolding, near: number) {
    const { context, folds, lanes, step, offset } = folding;
    this.count = lanes / near;
    this.distance = step;
    this.writes = near === 1 ? "true" : `lane % ${near}u == 0u`;
    this.own = step === 1 ? `lid / ${near}u` : `lid % ${step}u + lane / ${near}u * ${step}u`;
    this.first = step === 1 ? `lid / ${lanes}u * ${this.count}u` : `lid % ${step}u`;
    let next = 0;
    this.#places = folds.map(({ registers }) => registers.map(() => offset + (next++ * WORKGROUP_SIZE) / near));
    this.#memory = context.workgroupArray("u32", offset + foldWords(folding));
  }

  /** The word of a fold's register in a state's place, an expression of u32. */
  word(place: string, fold: number, register: number): string {
    return `${this.#memory}[${place} + ${this.#places[fold][register]}u]`;
  }
}

/** Folds the states in memory, in one or two levels. */
function foldMemory(states: FoldStates, slots: Slots, { folds, everyone }: LaneFolding): string[] {
  const { count, distance } = slots;
  const lines = [
    "{",
    `let first_slot = ${slots.first};`,
    `if (${slots.writes}) {`,
    `let slot = ${slots.own};`,
    write(states, slots, folds),
    "}",
    "workgroupBarrier();",
  ];
  let left = count;
  if (count > STATES_AT_ONCE) {
    left = count / FIRST_LEVEL;
    lines.push(
      // Lane k folds states k, k + left, ... and writes where only it reads.
      `if (lane < ${left}u) {`,
      // The remainder is no other number; it tells the compiler where the slot can be.
      `let slot = first_slot + lane % ${left}u * ${distance}u;`,
      readAll(states, slots, folds, { from: "slot", distance: left * distance, count: FIRST_LEVEL }),
      write(states, slots, folds),
      "}",
      "workgroupBarrier();",
    );
  }
  lines.push(
    everyone ? "{" : "if (lane == 0u) {",
    readAll(states, slots, folds, { from: "first_slot", distance, count: left }),
    "}",
    "}",
  );
  return lines;
}

/** Writes the registers to the place `slot`. */
function write(states: FoldStates, slots: Slots, folds: readonly Fold[]): string {
  const lines = folds.flatMap((_, fold) =>
    states.names(fold).map((name, register) => `${slots.word("slot", fold, register)} = bitcast<u32>(${name});`),
  );
  return lines.join("\n");
}

/** Takes the state at `from`, and folds in `count` - 1 more, each `distance` further on than the one before. */
function readAll(
  states: FoldStates,
  slots: Slots,
  folds: readonly Fold[],
  { from, distance, count }: { readonly from: string; readonly distance: number; readonly count: number },
): string {
  const read = (place: string, statement: (name: string, value: string) => string): string[] =>
    folds.flatMap(({ registers }, fold) =>
      registers.map(({ type }, register) =>
        statement(states.names(fold)[register], `bitcast<${type}>(${slots.word(place, fold, register)})`),
      ),
    );
  return [
    ...read(from, (name, value) => `${name} = ${value};`),
    `for (var turn = 1u; turn < ${count}u; turn++) {`,
    `let next_slot = ${from} + turn * ${distance}u;`,
    ...read("next_slot", (name, value) => `let ${other(name)} = ${value};`),
    ...folds.map((fold, index) => fold.join(states.names(index), states.names(index).map(other))),
    "}",
  ].join("\n");
}

function other(name: string): string {
  return `other_${name}`;
}
