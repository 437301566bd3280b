import type { Fold, FoldStates } from "./folding.ts";
import { WORKGROUP_SIZE } from "./kernel-code.ts";

/** Most lanes whose states one invocation reads one after the other: reads overlap, where levels of a tree wait for a barrier each. */
const LANES_AT_ONCE = 32;
/** States that are folded at the first of two levels. */
const FIRST_LEVEL = 16;

/** How the lanes of each result of a workgroup are folded. A variable `lane` holds an invocation's number among those of its result. */
export interface LaneFolding {
  readonly folds: readonly Fold[];
  /** Lanes of a result: a power of 2. */
  readonly lanes: number;
  /** Between the invocations of neighbouring lanes. */
  readonly step: number;
  /** Name of an array of u32 in workgroup memory; {@link foldWords} words of it from `offset` on are used. */
  readonly memory: string;
  readonly offset: number;
  /** Whether all lanes get the result, or only the first. */
  readonly everyone: boolean;
}

/** Words of workgroup memory that folding takes. */
export function foldWords(folds: readonly Fold[]): number {
  return folds.reduce((sum, { registers }) => sum + registers.length, 0) * WORKGROUP_SIZE;
}

/**
 * Statements that fold the states of a result's lanes, in one or two levels whose order depends on the number of lanes alone. Everyone must
 * come here; the memory may be written again behind another barrier.
 */
export function foldLanes(states: FoldStates, folding: LaneFolding): string {
  const { lanes, step, everyone } = folding;
  if (lanes === 1) return "";
  const lines = [write(states, folding), "workgroupBarrier();"];
  let left = lanes;
  if (lanes > LANES_AT_ONCE) {
    left = lanes / FIRST_LEVEL;
    lines.push(
      // Lane k folds those of lanes k, k + left, ... and writes where only it reads.
      `if (lane < ${left}u) {`,
      joinFrom(states, folding, "lid", { distance: left * step, count: FIRST_LEVEL }),
      write(states, folding),
      "}",
      "workgroupBarrier();",
    );
  }
  const last = { distance: step, count: left };
  if (everyone) {
    lines.push(
      `let first_lane = lid - lane * ${step}u;`,
      read(states, folding, "first_lane", (name, value) => `${name} = ${value};`),
      joinFrom(states, folding, "first_lane", last),
    );
    return `{\n${lines.join("\n")}\n}`;
  }
  lines.push("if (lane == 0u) {", joinFrom(states, folding, "lid", last), "}");
  return lines.join("\n");
}

function write(states: FoldStates, { folds, memory, offset }: LaneFolding): string {
  const places = placesOf(folds, offset);
  const lines = folds.flatMap((_, fold) =>
    states.names(fold).map((name, register) => `${memory}[lid + ${places[fold][register]}u] = bitcast<u32>(${name});`),
  );
  return lines.join("\n");
}

/** A statement for each register, given the register's name and the value that an invocation has written. */
function read(
  states: FoldStates,
  { folds, memory, offset }: LaneFolding,
  invocation: string,
  statement: (name: string, value: string) => string,
): string {
  const places = placesOf(folds, offset);
  const lines = folds.flatMap(({ registers }, fold) =>
    registers.map(({ type }, register) => {
      const value = `bitcast<${type}>(${memory}[${invocation} + ${places[fold][register]}u])`;
      return statement(states.names(fold)[register], value);
    }),
  );
  return lines.join("\n");
}

/** A loop that folds in the states of `count` - 1 invocations, each `distance` further on than the one before. */
function joinFrom(
  states: FoldStates,
  folding: LaneFolding,
  invocation: string,
  { distance, count }: { readonly distance: number; readonly count: number },
): string {
  const other = (name: string): string => `other_${name}`;
  return [
    `for (var turn = 1u; turn < ${count}u; turn++) {`,
    `let from_lane = ${invocation} + turn * ${distance}u;`,
    read(states, folding, "from_lane", (name, value) => `let ${other(name)} = ${value};`),
    ...folding.folds.map((fold, index) => fold.join(states.names(index), states.names(index).map(other))),
    "}",
  ].join("\n");
}

/** Where each register of each fold has its words: one for every invocation. */
function placesOf(folds: readonly Fold[], offset: number): number[][] {
  let next = 0;
  return folds.map(({ registers }) => registers.map(() => offset + next++ * WORKGROUP_SIZE));
}
