import { type Access, type KernelContext, literal } from "../kernel-code.ts";
import { emitComponents, type LinearMap, mergeDigits } from "./linear-map.ts";
import { type Lines, sum, times } from "./lines.ts";
import type { Operand } from "./product.ts";

/** Expressions of an operand's components for a batch, a row or column, or a k: the element's number and the limited positions. */
export type Components = readonly string[];

/** Writes where an operand's elements are, and loads them. */
export class OperandCode {
  readonly operand: Operand;
  readonly #lines: Lines;
  readonly #access: Access;
  #origin: Components;

  constructor(context: KernelContext, lines: Lines, operand: Operand) {
    this.operand = operand;
    this.#lines = lines;
    this.#access = context.access(operand.storage, operand.offset);
    this.#origin = operand.start.map(literal);
  }

  /** Sets the batch that the following loads are from. */
  enter(batch: string): void {
    const steps = this.#components(this.operand.batch, batch);
    this.#origin = steps.map((step, component) =>
      this.#lines.let("origin", sum(literal(this.operand.start[component]), step)),
    );
  }

  /** Where a row (or column) begins, in the batch that was entered. */
  outer(number: string): Components {
    const steps = this.#components(this.operand.outer, number);
    return steps.map((step, component) => this.#lines.let("outer", sum(this.#origin[component], step)));
  }

  /** How far a k is from the beginning of a row or column. */
  inner(number: string): Components {
    return this.#components(this.operand.inner, number).map((step) => this.#lines.let("inner", step));
  }

  /** @returns an expression of the element of a row or column and a k: 0 where the operand has none */
  load(outer: Components, inner: Components): string {
    const { bounds } = this.operand;
    const conditions: string[] = [];
    const terms = [outer[0], inner[0]];
    for (const [index, { divisor, limit, stride }] of bounds.entries()) {
      const position = this.#lines.let("at", sum(outer[index + 1], inner[index + 1]));
      const quotient = divisor === 1 ? position : this.#lines.let("place", `${position} / ${divisor}u`);
      // Positions before 0 are large numbers: they are beyond the limit too.
      conditions.push(`${quotient} < ${limit}u`);
      if (divisor !== 1) conditions.push(`${quotient} * ${divisor}u == ${position}`);
      if (divisor !== 1) terms.push(times(quotient, stride));
    }
    if (conditions.length === 0) return this.#access.load(sum(...terms));
    // Bits and no branches: a compiler need not find out that both sides may be computed.
    const inside = this.#lines.let("inside", conditions.map((condition) => `(${condition})`).join(" & "));
    const element = this.#lines.let("element", `select(0u, ${sum(...terms)}, ${inside})`);
    return `select(0.0, ${this.#access.load(element)}, ${inside})`;
  }

  #components(map: LinearMap, number: string): string[] {
    return emitComponents(this.#lines, map, number, this.operand.start.length);
  }
}

/** Most neighbours that one load of a group of invocations gains from. */
const NEIGHBOURS_MAX = 32;

/**
 * Whether invocations next to one another should load neighbouring k rather than neighbouring rows (columns): whichever has the
 * longer run of elements that lie close together.
 */
export function isInnerFirst({ outer, inner }: Operand): boolean {
  return closeness(inner) > closeness(outer);
}

function closeness(map: LinearMap): number {
  const digit = mergeDigits(map).at(-1);
  if (digit === undefined) return 0;
  const step = Math.abs(digit.steps[0]);
  return Math.min(digit.size, NEIGHBOURS_MAX) / Math.max(step, 1);
}
