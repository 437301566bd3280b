import { FunctionBuilder, type Local } from "./assembler-function.ts";
import type { InstructionName } from "./assembler-instructions.ts";
import type { Features } from "./context.ts";

/** Adjacent vectors of four lanes each, in one v128 local apiece. */
export type Vectors = readonly Local[];

/** A vector constant by the bits of its four equal lanes. */
type ConstantBits = number;

/**
 * Constants kept in locals that were set before the loop: an engine that does not move them out of a loop by itself would build
 * each of them anew every turn.
 */
export class VectorConstants {
  readonly #locals = new Map<ConstantBits, Local>();
  readonly #collecting: boolean;

  /** @param collecting takes note of every constant that is asked for; otherwise unknown ones are refused */
  constructor(collecting: boolean) {
    this.#collecting = collecting;
  }

  /** The local that holds these bits in each lane, or undefined when none does. */
  find(code: FunctionBuilder, bits: ConstantBits): Local | undefined {
    const known = this.#locals.get(bits);
    if (known !== undefined || !this.#collecting) return known;
    const local = code.local("v128");
    this.#locals.set(bits, local);
    return local;
  }

  /** Writes instructions that set a local for each of the constants that `collected` took note of. */
  static hoist(code: FunctionBuilder, collected: VectorConstants): VectorConstants {
    const hoisted = new VectorConstants(false);
    for (const bits of collected.#locals.keys()) {
      const local = code.local("v128");
      code.i32x4(bits).set(local);
      hoisted.#locals.set(bits, local);
    }
    return hoisted;
  }
}

const floats = new Float32Array(1);
const words = new Int32Array(floats.buffer);

/** The bits of a float32, as a signed integer. */
function floatBits(value: number): number {
  floats[0] = value;
  return words[0];
}

/**
 * Writes the same operation for several adjacent vectors, one right after the other: neighbours are what an engine can fuse into
 * wider operations.
 */
export class VectorCode {
  readonly code: FunctionBuilder;
  readonly count: number;
  readonly features: Features;
  readonly #constants: VectorConstants;
  #made: Local[] = [];

  constructor(code: FunctionBuilder, count: number, features: Features, constants: VectorConstants) {
    this.code = code;
    this.count = count;
    this.features = features;
    this.#constants = constants;
  }

  /** Vectors that `push` leaves on the stack one after the other. */
  make(push: (vector: number) => void): Vectors {
    return Array.from({ length: this.count }, (_, vector) => {
      push(vector);
      const local = this.code.local("v128");
      this.#made.push(local);
      this.code.set(local);
      return local;
    });
  }

  /** Gives back the locals made while `body` ran, but for those of its result. */
  scope(body: () => Vectors): Vectors {
    const outer = this.#made;
    this.#made = [];
    const result = body();
    const kept = new Set(result);
    for (const local of this.#made) if (!kept.has(local)) this.code.release(local);
    this.#made = [...outer, ...this.#made.filter((local) => kept.has(local))];
    return result;
  }

  /** Gives back vectors made outside any scope, once they are not needed any more. */
  release(vectors: Vectors): void {
    for (const local of vectors) {
      const position = this.#made.indexOf(local);
      if (position < 0) continue;
      this.#made.splice(position, 1);
      this.code.release(local);
    }
  }

  /** The instruction applied to each vector of its operands. */
  op(name: InstructionName, ...operands: readonly Vectors[]): Vectors {
    return this.make((vector) => {
      for (const operand of operands) this.code.get(operand[vector]);
      this.code.op(name);
    });
  }

  /** A shift of each lane by a count known now. */
  shift(name: "i32x4.shl" | "i32x4.shr_s" | "i32x4.shr_u", operand: Vectors, bits: number): Vectors {
    return this.make((vector) => this.code.get(operand[vector]).i32(bits).op(name));
  }

  /** A float32 in every lane. */
  float(value: number): Vectors {
    return this.bits(floatBits(value));
  }

  /** 32 bits in every lane. */
  bits(bits: number): Vectors {
    const local = this.#constants.find(this.code, bits | 0);
    if (local !== undefined) return new Array<Local>(this.count).fill(local);
    return this.make(() => this.code.i32x4(bits));
  }

  add(a: Vectors, b: Vectors): Vectors {
    return this.op("f32x4.add", a, b);
  }

  sub(a: Vectors, b: Vectors): Vectors {
    return this.op("f32x4.sub", a, b);
  }

  mul(a: Vectors, b: Vectors): Vectors {
    return this.op("f32x4.mul", a, b);
  }

  /** a * b + c, rounded once where the engine can. */
  multiplyAdd(a: Vectors, b: Vectors, c: Vectors): Vectors {
    return this.features.fma ? this.op("f32x4.relaxed_madd", a, b, c) : this.add(this.mul(a, b), c);
  }

  /** c - a * b, rounded once where the engine can. */
  subtractProduct(a: Vectors, b: Vectors, c: Vectors): Vectors {
    return this.features.fma ? this.op("f32x4.relaxed_nmadd", a, b, c) : this.sub(c, this.mul(a, b));
  }

  /** Lanes of a where the mask is all ones, of b where it is 0. */
  select(mask: Vectors, a: Vectors, b: Vectors): Vectors {
    return this.op("v128.bitselect", a, b, mask);
  }

  /** coefficients[0] x^n + ... + coefficients[n], by Horner's rule. */
  polynomial(x: Vectors, coefficients: readonly number[]): Vectors {
    return coefficients
      .slice(1)
      .reduce(
        (sum: Vectors, coefficient) => this.multiplyAdd(sum, x, this.float(coefficient)),
        this.float(coefficients[0]),
      );
  }
}

/** Runs `write` on a builder whose instructions are thrown away, to learn which constants it asks for. */
export function collectConstants(write: (code: FunctionBuilder, constants: VectorConstants) => void): VectorConstants {
  const collected = new VectorConstants(true);
  write(new FunctionBuilder(0, [], []), collected);
  return collected;
}
