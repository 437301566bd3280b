/** Stack type in letters, operands > results: i = i32, l = i64, f = f32, d = f64, v = v128. */
export type Signature = `${string}>${string}`;

/** An instruction without immediates, or with one lane. */
export interface Instruction {
  /** 0 for the one-byte opcodes, else the byte that comes before `code`. */
  readonly prefix: number;
  readonly code: number;
  readonly signature: Signature;
}
