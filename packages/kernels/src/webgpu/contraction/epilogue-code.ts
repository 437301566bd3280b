import type { ContractKernel } from "../../ir.ts";
import { bodyCode } from "../body-code.ts";
import { type KernelContext, literal } from "../kernel-code.ts";
import { emitComponents, type LinearMap } from "./linear-map.ts";
import { type Lines, sum } from "./lines.ts";
import type { Product } from "./product.ts";

/** Most steps that the epilogues of an invocation's sums are written out for; beyond that, they are a loop. */
const WRITTEN_STEPS_MAX = 400;

/** Most sums whose epilogues load before any of them stores: so that they wait for memory together. */
const GROUP_MAX = 8;

/** A row or a column of the output. */
export interface EpilogueLine {
  /** What it adds to each of the output's coordinates. */
  readonly coordinates: readonly string[];
  /** Condition under which there is one; null when it always is. Where there is none, the coordinates are those of the last one. */
  readonly exists: string | null;
}

/** A finished sum. */
export interface FinishedSum {
  readonly row: EpilogueLine;
  readonly column: EpilogueLine;
  /** Expression of it. */
  readonly value: string;
}

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

  /** Where a row or a column is. @param multiple such lines are handed out in pieces of so many */
  line(side: "row" | "column", number: string, multiple: number): EpilogueLine {
    const limit = side === "row" ? this.#product.rows : this.#product.columns;
    const own = this.#lines.let(side, number);
    const whole = limit % multiple === 0;
    const known = whole ? own : this.#lines.let("known", `min(${own}, ${limit - 1}u)`);
    const steps = this.#components(this.#product.output[side], known).map((step) => this.#lines.let(side, step));
    return {
      coordinates: this.#product.splits === 1 ? steps : ["0u", ...steps],
      exists: whole ? null : `${own} < ${limit}u`,
    };
  }

  /** The epilogues of some sums. */
  elements(sums: readonly FinishedSum[]): void {
    for (let first = 0; first < sums.length; first += GROUP_MAX) this.#group(sums.slice(first, first + GROUP_MAX));
  }

  #group(sums: readonly FinishedSum[]): void {
    const lines = this.#lines;
    lines.block("", () => {
      const stores = sums.map(({ row, column, value }, number) => {
        const coordinates = this.#origin.map((origin, axis) =>
          lines.let("c", sum(origin, row.coordinates[axis], column.coordinates[axis])),
        );
        const options = { result: () => value, prefix: `s${number}_` };
        const code = bodyCode(this.#context, this.#kernel.epilogue, coordinates, options);
        lines.add(code.steps);
        return code.stores;
      });
      for (const [number, { row, column }] of sums.entries()) {
        // One branch for both: SwiftShader's compiler takes minutes over many short-circuits in a row.
        const exists = [row.exists, column.exists].filter((condition) => condition !== null).join(") & (");
        if (exists === "") lines.add(stores[number]);
        else lines.block(`if ((${exists}))`, () => lines.add(stores[number]));
      }
    });
  }

  #components(map: LinearMap, number: string): string[] {
    return emitComponents(this.#lines, map, number, this.#product.output.start.length);
  }
}
