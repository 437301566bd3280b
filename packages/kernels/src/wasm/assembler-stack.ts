/** A WebAssembly value type. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** The byte of each type (Core Specification 2.0, section 5.3). */
export const TYPE_BYTES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const TYPE_LETTERS: Readonly<Record<string, ValueType>> = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" };

/** The types that stand for the letters of half a signature. */
export function typesOf(letters: string): ValueType[] {
  return Array.from(letters, (letter) => TYPE_LETTERS[letter] ?? fail(`Unknown type letter ${letter}`));
}

/** Stops on a mistake of ours in emitting code: V8 would only say at which byte the module is invalid. */
export function fail(message: string): never {
  throw new Error(`WebAssembly assembler: ${message}`);
}

interface Frame {
  readonly height: number;
  readonly results: readonly ValueType[];
  unreachable: boolean;
}

/**
 * The types on the operand stack while a function is being written: the algorithm of the Core Specification 2.0,
 * appendix 7.3, for frames without parameters.
 */
export class TypeStack {
  readonly #types: ValueType[] = [];
  readonly #frames: Frame[] = [];

  get depth(): number {
    return this.#frames.length;
  }

  push(...types: ValueType[]): void {
    for (const type of types) this.#types.push(type);
  }

  /** Takes one operand of `type`. */
  pop(type: ValueType, what: string): void {
    const frame = this.#frame();
    if (this.#types.length === frame.height) {
      if (!frame.unreachable) fail(`${what} needs ${type}, but the stack is empty`);
      return;
    }
    const found = this.#types.pop();
    if (found !== type) fail(`${what} needs ${type}, but ${found} is on the stack`);
  }

  /** Takes one operand of any type and says which; undefined after an unconditional branch. */
  popAny(what: string): ValueType | undefined {
    const frame = this.#frame();
    if (this.#types.length > frame.height) return this.#types.pop();
    if (!frame.unreachable) fail(`${what} needs an operand, but the stack is empty`);
    return undefined;
  }

  /** Operands come off in reverse, then results go on. */
  apply(operands: readonly ValueType[], results: readonly ValueType[], what: string): void {
    for (let index = operands.length - 1; index >= 0; index--) this.pop(operands[index] ?? fail(what), what);
    this.push(...results);
  }

  /** Opens a frame whose body leaves `results`. */
  open(results: readonly ValueType[]): void {
    this.#frames.push({ height: this.#types.length, results, unreachable: false });
  }

  /** Closes the innermost frame: exactly its results must be on top of what was there when it opened. */
  close(what: string): void {
    const frame = this.#frame();
    this.apply(frame.results, [], `the end of ${what}`);
    if (this.#types.length !== frame.height) fail(`${what} leaves ${this.#types.length - frame.height} extra operands`);
    this.#frames.pop();
    this.push(...frame.results);
  }

  /** What follows an unconditional branch is never reached. */
  unreachable(): void {
    const frame = this.#frame();
    this.#types.length = frame.height;
    frame.unreachable = true;
  }

  #frame(): Frame {
    return this.#frames.at(-1) ?? fail("The function has ended");
  }
}
