import type { Reduction } from "../ir.ts";
import type { FunctionBuilder, Local } from "./assembler-function.ts";
import type { InstructionName } from "./assembler-instructions.ts";
import type { Vectors } from "./vector-code.ts";

/**
 * Additions in float32 between two transfers to float64. A partial sum of 32 terms is wrong by at most 1e-6 of their
 * magnitudes, and the transfer costs little beside 32 additions.
 */
export const BLOCK = 32;

const FLOAT_MIN = Number.NEGATIVE_INFINITY;
const INTEGER_MIN = -(2 ** 31);

/** The registers of one reduction: per vector its partial results, and for long float sums two float64 pairs. */
interface Registers {
  readonly combine: InstructionName;
  readonly float: boolean;
  readonly initial: number;
  readonly partial: readonly Local[];
  readonly wide: readonly { readonly low: Local; readonly high: Local }[];
}

/** Partial results of a kernel's reductions, kept in locals while the loops run. */
export class Accumulators {
  readonly #code: FunctionBuilder;
  readonly #registers: readonly Registers[];
  /** Whether partial sums must be handed on at least every {@link BLOCK} additions. */
  readonly blocked: boolean;

  /** @param turns additions into one lane over the whole reduction */
  constructor(code: FunctionBuilder, reductions: readonly Reduction[], vectors: number, turns: number) {
    this.#code = code;
    const make = (): Local[] => Array.from({ length: vectors }, () => code.local("v128"));
    this.#registers = reductions.map((reduction) => {
      const wide = turns > BLOCK && reduction.reducer === "sum" && reduction.dtype === "float32";
      const high = wide ? make() : [];
      const float = reduction.dtype === "float32";
      return {
        ...(reduction.reducer === "sum"
          ? { combine: float ? "f32x4.add" : "i32x4.add", initial: 0 }
          : { combine: float ? "f32x4.max" : "i32x4.max_s", initial: float ? FLOAT_MIN : INTEGER_MIN }),
        float,
        partial: make(),
        wide: wide ? make().map((low, vector) => ({ low, high: high[vector] })) : [],
      } satisfies Registers;
    });
    this.blocked = this.#registers.some(({ wide }) => wide.length > 0);
  }

  /** Nothing has been added yet. */
  clear(): void {
    for (const { partial, wide, float, initial } of this.#registers) {
      for (const local of partial) this.#pushInitial(float, initial).set(local);
      for (const local of wide.flatMap(({ low, high }) => [low, high])) this.#code.i32x4(0).set(local);
    }
  }

  /** Adds a vector of each reduction, or only its lane 0. */
  add(values: readonly Vectors[], onlyFirstLane: boolean): void {
    for (const [number, { combine, partial, float, initial }] of this.#registers.entries()) {
      for (const [vector, value] of values[number].entries()) {
        this.#code.get(partial[vector]).get(value);
        if (onlyFirstLane) this.#pushInitial(float, initial).i32x4(-1, 0, 0, 0).op("v128.bitselect");
        this.#code.op(combine).set(partial[vector]);
      }
    }
  }

  /** Hands partial sums on to float64. */
  flush(): void {
    for (const { partial, wide } of this.#registers) {
      for (const [vector, { low, high }] of wide.entries()) {
        const source = partial[vector];
        this.#code.get(low).get(source).op("f64x2.promote_low_f32x4").op("f64x2.add").set(low);
        this.#code.get(high).get(source).get(source).shuffle32(2, 3, 2, 3);
        this.#code.op("f64x2.promote_low_f32x4").op("f64x2.add").set(high);
        this.#code.i32x4(0).set(source);
      }
    }
  }

  /** Each lane's result, for each reduction and vector; partial sums have been flushed. */
  lanes(): Local[][] {
    return this.#registers.map(({ partial, wide }) => {
      for (const [vector, { low, high }] of wide.entries()) {
        this.#code.get(low).op("f32x4.demote_f64x2_zero").get(high).op("f32x4.demote_f64x2_zero");
        this.#code.shuffle32(0, 1, 4, 5).set(partial[vector]);
      }
      return [...partial];
    });
  }

  /** One result for each reduction, over all lanes and vectors, in lane 0. */
  folded(): Local[] {
    return this.#registers.map(({ partial, wide, combine }) => {
      const [first] = partial;
      if (wide.length > 0) this.#foldWide(wide, first);
      else this.#fold(partial, combine, first);
      return first;
    });
  }

  release(): void {
    for (const { partial, wide } of this.#registers) {
      this.#code.release(...partial, ...wide.flatMap(({ low, high }) => [low, high]));
    }
  }

  #fold(partial: readonly Local[], combine: InstructionName, into: Local): void {
    this.#code.get(partial[0]);
    for (const local of partial.slice(1)) this.#code.get(local).op(combine);
    this.#code.set(into);
    this.#code.get(into).get(into).get(into).shuffle32(2, 3, 2, 3).op(combine).set(into);
    this.#code.get(into).get(into).get(into).shuffle32(1, 1, 1, 1).op(combine).set(into);
  }

  #foldWide(wide: Registers["wide"], into: Local): void {
    this.#code.get(wide[0].low).get(wide[0].high).op("f64x2.add");
    for (const { low, high } of wide.slice(1)) this.#code.get(low).op("f64x2.add").get(high).op("f64x2.add");
    this.#code.set(into);
    this.#code.get(into).get(into).get(into).shuffle32(2, 3, 2, 3).op("f64x2.add");
    this.#code.op("f32x4.demote_f64x2_zero").set(into);
  }

  #pushInitial(float: boolean, initial: number): FunctionBuilder {
    return float ? this.#code.f32x4(initial) : this.#code.i32x4(initial);
  }
}
