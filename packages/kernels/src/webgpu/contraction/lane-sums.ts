import { WORKGROUP_SIZE } from "../kernel-code.ts";
import type { Lines } from "./lines.ts";

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

/**
 * Adds the parts' sums in a tree, as a loop of few barriers; part 0 ends up with them. Nobody may still be reading the memory, and
 * nobody is when this ends.
 */
export function emitLaneSums(lines: Lines, { lanes, lane, own, names, memory }: LaneSums): void {
  if (lanes === 1) return;
  const half = lines.name("half");
  const each = WORKGROUP_SIZE / lanes;
  const kept = WORKGROUP_SIZE / 2;
  lines.block(`for (var ${half} = ${lanes / 2}u; ${half} >= 1u; ${half} = ${half} >> 1u)`, () => {
    lines.block(`if (${lane} >= ${half} && ${lane} < ${half} * 2u)`, () => {
      const place = lines.let("place", `(${lane} - ${half}) * ${each}u + ${own}`);
      lines.add(...names.map((name, index) => `${memory}[${place} + ${index * kept}u] = ${name};`));
    });
    lines.add("workgroupBarrier();");
    lines.block(`if (${lane} < ${half})`, () => {
      const place = lines.let("place", `${lane} * ${each}u + ${own}`);
      lines.add(...names.map((name, index) => `${name} += ${memory}[${place} + ${index * kept}u];`));
    });
    lines.add("workgroupBarrier();");
  });
}
