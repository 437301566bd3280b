import { WORKGROUP_SIZE } from "../kernel-code.ts";
import type { Lines } from "./lines.ts";

/** Most sums that an invocation reads one after the other: the reads overlap, where levels of a tree wait for a barrier each. */
const SUMS_AT_ONCE = 16;

/** Sums of the invocations of a workgroup, parts of which sum the same elements. */
export interface LaneSums {
  /** Number of parts: a power of two. */
  readonly lanes: number;
  /** Expression of an invocation's part, and of its number among those of its part. */
  readonly lane: string;
  readonly own: string;
  /** The variables with the sums. */
  readonly names: readonly string[];
  /** An array in workgroup memory of half as many of each variable as there are invocations. */
  readonly memory: string;
}

/** Sums that the later half of the parts hands to the earlier one. */
export interface HandedSums extends Pick<LaneSums, "lanes" | "lane" | "names" | "memory"> {
  /** Where the sums of a part of the earlier half lie: an expression for each variable. */
  place(part: string): readonly string[];
}

/**
 * The parts of the later half hand their sums over in workgroup memory, and those of the earlier half put the sums of both in their place.
 * Nobody may still be reading the memory; when this ends, everybody may read it.
 */
export function emitHandedSums(lines: Lines, { lanes, lane, names, memory, place }: HandedSums): void {
  const half = lanes / 2;
  lines.block(`if (${lane} >= ${half}u)`, () => {
    const places = place(lines.let("part", `${lane} - ${half}u`));
    lines.add(...names.map((name, index) => `${memory}[${places[index]}] = ${name};`));
  });
  lines.add("workgroupBarrier();");
  lines.block(`if (${lane} < ${half}u)`, () => {
    const places = place(lane);
    lines.add(...names.map((name, index) => `${memory}[${places[index]}] += ${name};`));
  });
  lines.add("workgroupBarrier();");
}

/**
 * Adds the parts' sums in few levels, whose order depends on the number of parts alone; part 0 ends up with them. Nobody may still be
 * reading the memory; it may be written again behind another barrier.
 */
export function emitLaneSums(lines: Lines, { lanes, lane, own, names, memory }: LaneSums): void {
  if (lanes === 1) return;
  const each = WORKGROUP_SIZE / lanes;
  const kept = WORKGROUP_SIZE / 2;
  const placesOf = (part: string): string[] => {
    const first = lines.let("place", `${part} * ${each}u + ${own}`);
    return names.map((_, index) => `${first} + ${index * kept}u`);
  };
  const addFrom = (distance: number, count: number): void => {
    const turn = lines.name("turn");
    lines.block(`for (var ${turn} = 1u; ${turn} < ${count}u; ${turn}++)`, () => {
      const places = placesOf(`(${lane} + ${turn} * ${distance}u)`);
      lines.add(...names.map((name, index) => `${name} += ${memory}[${places[index]}];`));
    });
  };
  const readOwn = (): void => {
    const places = placesOf(lane);
    lines.add(...names.map((name, index) => `${name} = ${memory}[${places[index]}];`));
  };
  emitHandedSums(lines, { lanes, lane, names, memory, place: placesOf });
  let left = lanes / 2;
  if (left > SUMS_AT_ONCE) {
    const count = left / SUMS_AT_ONCE;
    left = SUMS_AT_ONCE;
    lines.block(`if (${lane} < ${left}u)`, () => {
      readOwn();
      addFrom(left, count);
      // Nobody but this invocation reads its place before the barrier.
      const places = placesOf(lane);
      lines.add(...names.map((name, index) => `${memory}[${places[index]}] = ${name};`));
    });
    lines.add("workgroupBarrier();");
  }
  lines.block(`if (${lane} == 0u)`, () => {
    readOwn();
    if (left > 1) addFrom(1, left);
  });
}
