import type { Instruction, Signature } from "./assembler-instruction.ts";

/** An instruction that takes an offset in bytes, added to the address on the stack. */
export interface MemoryInstruction extends Instruction {
  /** Base-2 logarithm of the bytes that it reads or writes. */
  readonly alignment: number;
}

function instruction(prefix: number, code: number, alignment: number, signature: Signature): MemoryInstruction {
  return { prefix, code, alignment, signature };
}

const coreMemory = (code: number, alignment: number, signature: Signature) =>
  instruction(0, code, alignment, signature);
const simdMemory = (code: number, alignment: number, signature: Signature) =>
  instruction(0xfd, code, alignment, signature);

/** Loads and stores. */
export const MEMORY_INSTRUCTIONS = {
  // Scalar loads and stores.
  "i32.load": coreMemory(0x28, 2, "i>i"),
  "f32.load": coreMemory(0x2a, 2, "i>f"),
  "f64.load": coreMemory(0x2b, 3, "i>d"),
  "i32.load8_u": coreMemory(0x2d, 0, "i>i"),
  "i32.load16_u": coreMemory(0x2f, 1, "i>i"),
  "i32.store": coreMemory(0x36, 2, "ii>"),
  "f32.store": coreMemory(0x38, 2, "if>"),
  "i32.store8": coreMemory(0x3a, 0, "ii>"),
  "i32.store16": coreMemory(0x3b, 1, "ii>"),
  // Vector loads and stores; those with an x widen each element, splat fills all lanes, zero fills lane 0 and clears the rest.
  "v128.load": simdMemory(0, 4, "i>v"),
  "v128.load16x4_u": simdMemory(4, 3, "i>v"),
  "v128.load32_splat": simdMemory(9, 2, "i>v"),
  "v128.store": simdMemory(11, 4, "iv>"),
  "v128.load32_zero": simdMemory(92, 2, "i>v"),
  "v128.load64_zero": simdMemory(93, 3, "i>v"),
} as const;

/** Loads and stores of one lane of a vector. */
export const MEMORY_LANE_INSTRUCTIONS = {
  "v128.load8_lane": simdMemory(84, 0, "iv>v"),
  "v128.load16_lane": simdMemory(85, 1, "iv>v"),
  "v128.load32_lane": simdMemory(86, 2, "iv>v"),
  "v128.store8_lane": simdMemory(88, 0, "iv>"),
  "v128.store16_lane": simdMemory(89, 1, "iv>"),
  "v128.store32_lane": simdMemory(90, 2, "iv>"),
  "v128.store64_lane": simdMemory(91, 3, "iv>"),
} as const;

/** A key of {@link MEMORY_INSTRUCTIONS}. */
export type MemoryInstructionName = keyof typeof MEMORY_INSTRUCTIONS;
/** A key of {@link MEMORY_LANE_INSTRUCTIONS}. */
export type MemoryLaneInstructionName = keyof typeof MEMORY_LANE_INSTRUCTIONS;
