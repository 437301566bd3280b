import type { RoutineSink } from "../kernel-code.ts";

/** A WGSL function or constant of the module, and those that it uses. */
export interface Routine {
  readonly name: string;
  readonly text: string;
  readonly needs?: readonly Routine[];
}

/** Adds a routine and whatever it needs. @returns its name */
export function addRoutine(sink: RoutineSink, routine: Routine): string {
  for (const needed of routine.needs ?? []) addRoutine(sink, needed);
  sink.routine(routine.name, routine.text);
  return routine.name;
}

/** A call of a routine. */
export function call(sink: RoutineSink, routine: Routine, ...args: readonly string[]): string {
  return `${addRoutine(sink, routine)}(${args.join(", ")})`;
}

/** A finite number as an f32 literal. */
export function float(value: number): string {
  return `${Math.fround(value)}f`;
}

/** The polynomial in `x` with these coefficients, the highest power first, as nested fma: compilers reorder those of no driver. */
export function polynomial(x: string, coefficients: readonly number[]): string {
  const [first, ...rest] = coefficients.map(float);
  return rest.reduce((sum, coefficient) => `fma(${sum}, ${x}, ${coefficient})`, first);
}
