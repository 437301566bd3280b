import { type KernelContext, WORKGROUP_SIZE } from "../kernel-code.ts";
import { highBits, type Lines, lowBits, sum } from "./lines.ts";
import { type Components, isInnerFirst, OperandCode } from "./operand-code.ts";
import type { Operand } from "./product.ts";

/** What a staged piece of a factor is. */
export interface PieceShape {
  /** Rows of the left factor, or columns of the right one. */
  readonly lines: number;
  readonly depth: number;
  /** The product's size along the lines: pieces may reach beyond it. */
  readonly limit: number;
}

/** Vectors of a piece in workgroup memory. */
export function pieceVectors(operand: Operand, { lines, depth }: PieceShape): number {
  return depth * pitch(operand, lines);
}

/** Where loads go along k, stores to workgroup memory go from line to line: one vector more makes them fall into different banks. */
function pitch(operand: Operand, lines: number): number {
  return lines / 4 + (isInnerFirst(operand) ? 1 : 0);
}

/**
 * A piece of a factor in workgroup memory: for each k of it, vectors of four of the factor's rows (or columns), which are a quarter of
 * the piece apart. So neighbouring invocations load, and later store, neighbouring rows one by one, and still read vectors.
 */
export class StagedOperand {
  readonly #lines: Lines;
  readonly #code: OperandCode;
  readonly #shape: PieceShape;
  readonly #memory: string;
  readonly #first: number;
  readonly #pitch: number;
  /** Vectors that an invocation loads, and the k and the rows (or columns) of each. */
  #loads: {
    readonly name: string;
    readonly k: string;
    readonly slot: string;
    readonly outer: readonly Components[];
  }[] = [];

  constructor(
    context: KernelContext,
    lines: Lines,
    operand: Operand,
    shape: PieceShape,
    memory: { readonly name: string; readonly first: number },
  ) {
    this.#lines = lines;
    this.#code = new OperandCode(context, lines, operand);
    this.#shape = shape;
    this.#memory = memory.name;
    this.#first = memory.first;
    this.#pitch = pitch(operand, shape.lines);
  }

  /** Prepares the loads of an invocation for the piece that begins at a row (or column) of a batch. */
  prepare(batch: string, firstLine: string, hint: string): void {
    this.#code.enter(batch);
    const { depth, lines } = this.#shape;
    const quarter = lines / 4;
    const innerFirst = isInnerFirst(this.#code.operand);
    const count = Math.max(1, (quarter * depth) / WORKGROUP_SIZE);
    this.#loads = [];
    let known: { readonly slot: string; readonly outer: readonly Components[] } | null = null;
    for (let load = 0; load < count; load++) {
      const further = (load * WORKGROUP_SIZE) / (innerFirst ? depth : quarter);
      const along = this.#lines.let(innerFirst ? "k" : "slot", lowBits("lid", innerFirst ? depth : quarter));
      const across = highBits("lid", innerFirst ? depth : quarter);
      const other = this.#lines.let(innerFirst ? "slot" : "k", sum(across, `${further}u`));
      const [k, slot] = innerFirst ? [along, other] : [other, along];
      const name = this.#lines.name(hint);
      this.#lines.add(`var ${name} = vec4<f32>();`);
      if (known === null || innerFirst) known = { slot, outer: this.#outer(sum(firstLine, slot)) };
      this.#loads.push({ name, k, ...known });
    }
  }

  /** Loads an invocation's part of the piece that begins at a k into registers; beyond the last k there are zeros. */
  load(firstK: string, end: string, mayEnd: boolean): void {
    this.#guard(() => {
      for (const { name, k, outer } of this.#loads) {
        const at = this.#lines.let("at", sum(firstK, k));
        if (mayEnd) this.#lines.add(`${name} = vec4<f32>();`, `if (${at} < ${end}) {`);
        const inner = this.#code.inner(at);
        const elements = outer.map((components) => this.#code.load(components, inner));
        this.#lines.add(`${name} = vec4<f32>(${elements.join(", ")});`);
        if (mayEnd) this.#lines.add("}");
      }
    });
  }

  /** Puts what was loaded into workgroup memory. @param base expression of where the memory of both factors' pieces begins */
  store(base: string): void {
    this.#guard(() => {
      for (const { name, k, slot } of this.#loads) this.#lines.add(`${this.#place(base, k, slot)} = ${name};`);
    });
  }

  /** The vector of a k of the piece in a slot. */
  vector(base: string, k: string, slot: string): string {
    return this.#place(base, k, slot);
  }

  #place(base: string, k: string, slot: string): string {
    return `${this.#memory}[${sum(base, `${this.#first}u`, `${k} * ${this.#pitch}u`, slot)}]`;
  }

  #outer(first: string): Components[] {
    const { lines, limit } = this.#shape;
    return [0, 1, 2, 3].map((quarter) => {
      const line = sum(first, quarter === 0 ? "0u" : `${(quarter * lines) / 4}u`);
      // Rows beyond the last are computed like the last, and not stored.
      return this.#code.outer(
        limit % lines === 0 ? this.#lines.let("line", line) : this.#lines.let("line", `min(${line}, ${limit - 1}u)`),
      );
    });
  }

  /** Small pieces have fewer vectors than the workgroup has invocations. */
  #guard(write: () => void): void {
    const vectors = (this.#shape.lines / 4) * this.#shape.depth;
    if (vectors < WORKGROUP_SIZE) this.#lines.block(`if (lid < ${vectors}u)`, write);
    else write();
  }
}
