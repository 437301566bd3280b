import type { ContractKernel } from "../../ir.ts";
import { emitBody } from "../body-code.ts";
import { type KernelContext, literal } from "../kernel-code.ts";
import { emitComponents, type LinearMap } from "./linear-map.ts";
import { type Lines, sum } from "./lines.ts";
import type { Product } from "./product.ts";

/** Most steps that the epilogues of an invocation's sums are written out for; beyond that, they are a loop. */
const WRITTEN_STEPS_MAX = 192;

/** Writes a contraction's epilogue for finished sums. */
export class EpilogueCode {
  readonly #context: KernelContext;
  readonly #lines: Lines;
  readonly #kernel: ContractKernel;
  readonly #product: Product;
  #origin: readonly string[] = [];

  constructor(context: KernelContext, lines: Lines, kernel: ContractKernel, product: Product) {
    this.#context = context;
    this.#lines = lines;
    this.#kernel = kernel;
    this.#product = product;
  }

  /** Sets the batch, and the part of the depth, that the sums are of. */
  enter(batch: string, part: string): void {
    const { start, batch: map } = this.#product.output;
    const steps = this.#components(map, batch);
    const origin = steps.map((step, axis) => this.#lines.let("origin", sum(literal(start[axis]), step)));
    this.#origin = this.#product.splits === 1 ? origin : [part, ...origin];
  }

  /** Whether so many sums of an invocation should be gone through by a loop. */
  wantsLoop(sums: number): boolean {
    const { steps, stores } = this.#kernel.epilogue;
    return sums > 1 && sums * (steps.length + stores.length) > WRITTEN_STEPS_MAX;
  }

  /** The coordinates of a row or, with "column", of a column. */
  coordinates(number: string, side: "row" | "column"): readonly string[] {
    const steps = this.#components(this.#product.output[side], number).map((step) => this.#lines.let(side, step));
    return this.#product.splits === 1 ? steps : ["0u", ...steps];
  }

  /** The epilogue for one sum. */
  element(row: readonly string[], column: readonly string[], value: string): void {
    const body = this.#kernel.epilogue;
    this.#lines.block("", () => {
      const coordinates = this.#origin.map((origin, axis) =>
        this.#lines.let("c", sum(origin, row[axis], column[axis])),
      );
      this.#lines.add(emitBody(this.#context, body, coordinates, () => value));
    });
  }

  #components(map: LinearMap, number: string): string[] {
    return emitComponents(this.#lines, map, number, this.#product.output.start.length);
  }
}

/** Expression that is true for numbers below a limit; null where all that occur are. */
export function below(number: string, limit: number, multiple: number): string | null {
  return limit % multiple === 0 ? null : `${number} < ${limit}u`;
}

/** Writes statements behind a condition, or without one. */
export function guarded(lines: Lines, condition: string | null, write: () => void): void {
  if (condition === null) write();
  else lines.block(`if (${condition})`, write);
}
