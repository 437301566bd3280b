import type { Instruction, Signature } from "./assembler-instruction.ts";

const core = (code: number, signature: Signature): Instruction => ({ prefix: 0, code, signature });

/** Arithmetic on single numbers. */
export const SCALAR_INSTRUCTIONS = {
  // Integer arithmetic and comparisons.
  "i32.eqz": core(0x45, "i>i"),
  "i32.eq": core(0x46, "ii>i"),
  "i32.lt_s": core(0x48, "ii>i"),
  "i32.lt_u": core(0x49, "ii>i"),
  "i32.gt_s": core(0x4a, "ii>i"),
  "i32.ge_s": core(0x4e, "ii>i"),
  "i32.add": core(0x6a, "ii>i"),
  "i32.sub": core(0x6b, "ii>i"),
  "i32.mul": core(0x6c, "ii>i"),
  "i32.and": core(0x71, "ii>i"),
  "i32.or": core(0x72, "ii>i"),
  "i32.xor": core(0x73, "ii>i"),
  "i32.shl": core(0x74, "ii>i"),
  "i32.shr_s": core(0x75, "ii>i"),
  "i32.shr_u": core(0x76, "ii>i"),
  // Floating point arithmetic and comparisons.
  "f32.eq": core(0x5b, "ff>i"),
  "f32.ne": core(0x5c, "ff>i"),
  "f32.gt": core(0x5e, "ff>i"),
  "f32.abs": core(0x8b, "f>f"),
  "f32.add": core(0x92, "ff>f"),
  "f32.sub": core(0x93, "ff>f"),
  "f64.nearest": core(0x9e, "d>d"),
  "f64.sub": core(0xa1, "dd>d"),
  "f64.mul": core(0xa2, "dd>d"),
  // Conversions.
  "f32.demote_f64": core(0xb6, "d>f"),
  "f64.convert_i32_s": core(0xb7, "i>d"),
  "f64.promote_f32": core(0xbb, "f>d"),
  "i32.reinterpret_f32": core(0xbc, "f>i"),
} as const;
