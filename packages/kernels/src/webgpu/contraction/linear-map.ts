import { type Lines, sum, times } from "./lines.ts";

/** One digit of a whole number in mixed radix: how many values it has, and what one more of it adds to each component. */
export interface Digit {
  readonly size: number;
  readonly steps: readonly number[];
}

/**
 * A number's place in memory or in an output: each component is the sum of the number's digits (outermost first) times their steps.
 * All digits have as many steps as there are components.
 */
export type LinearMap = readonly Digit[];

/** The same map with as few digits as possible: neighbours that act as one are one. */
export function mergeDigits(map: LinearMap): LinearMap {
  const merged: Digit[] = [];
  for (const digit of map) {
    if (digit.size === 1) continue;
    const outer = merged.at(-1);
    if (outer?.steps.every((step, component) => step === digit.steps[component] * digit.size)) {
      merged[merged.length - 1] = { size: outer.size * digit.size, steps: digit.steps };
    } else {
      merged.push(digit);
    }
  }
  return merged;
}

/** How many numbers a map is for. */
export function mapSize(map: LinearMap): number {
  return map.reduce((product, { size }) => product * size, 1);
}

/** Least and greatest value of a component. */
export function componentRange(map: LinearMap, component: number): { least: number; greatest: number } {
  let least = 0;
  let greatest = 0;
  for (const { size, steps } of map) {
    const reach = (size - 1) * steps[component];
    least += Math.min(reach, 0);
    greatest += Math.max(reach, 0);
  }
  return { least, greatest };
}

/** Writes what gives the components of a number. @returns an expression for each */
export function emitComponents(lines: Lines, map: LinearMap, number: string, components: number): string[] {
  const digits = mergeDigits(map);
  const terms: string[][] = Array.from({ length: components }, () => []);
  let rest = number;
  for (let position = digits.length - 1; position >= 0; position--) {
    const { size, steps } = digits[position];
    const digit = position === 0 ? rest : lines.let("digit", `${rest} % ${size}u`);
    if (position > 0) rest = lines.let("rest", `${rest} / ${size}u`);
    for (const [component, list] of terms.entries()) list.push(times(digit, steps[component]));
  }
  return terms.map((list) => sum(...list.reverse()));
}
