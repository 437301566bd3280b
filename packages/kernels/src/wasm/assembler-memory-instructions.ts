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
const atomicMemory = (code: number, alignment: number, signature: Signature) =>
  instruction(0xfe, code, alignment, signature);

/** Loads, stores and atomics. */
export const MEMORY_INSTRUCTIONS = {
  // Scalar loads and stores.
  "i32.load": coreMemory(0x28, 2, "i>i"),
  "i64.load": coreMemory(0x29, 3, "i>l"),
  "f32.load": coreMemory(0x2a, 2, "i>f"),
  "f64.load": coreMemory(0x2b, 3, "i>d"),
  "i32.load8_s": coreMemory(0x2c, 0, "i>i"),
  "i32.load8_u": coreMemory(0x2d, 0, "i>i"),
  "i32.load16_s": coreMemory(0x2e, 1, "i>i"),
  "i32.load16_u": coreMemory(0x2f, 1, "i>i"),
  "i64.load8_s": coreMemory(0x30, 0, "i>l"),
  "i64.load8_u": coreMemory(0x31, 0, "i>l"),
  "i64.load16_s": coreMemory(0x32, 1, "i>l"),
  "i64.load16_u": coreMemory(0x33, 1, "i>l"),
  "i64.load32_s": coreMemory(0x34, 2, "i>l"),
  "i64.load32_u": coreMemory(0x35, 2, "i>l"),
  "i32.store": coreMemory(0x36, 2, "ii>"),
  "i64.store": coreMemory(0x37, 3, "il>"),
  "f32.store": coreMemory(0x38, 2, "if>"),
  "f64.store": coreMemory(0x39, 3, "id>"),
  "i32.store8": coreMemory(0x3a, 0, "ii>"),
  "i32.store16": coreMemory(0x3b, 1, "ii>"),
  "i64.store8": coreMemory(0x3c, 0, "il>"),
  "i64.store16": coreMemory(0x3d, 1, "il>"),
  "i64.store32": coreMemory(0x3e, 2, "il>"),
  // Vector loads and stores; those called extend widen each element, splat fills all lanes, zero fills lane 0 and clears the rest.
  "v128.load": simdMemory(0, 4, "i>v"),
  "v128.load8x8_s": simdMemory(1, 3, "i>v"),
  "v128.load8x8_u": simdMemory(2, 3, "i>v"),
  "v128.load16x4_s": simdMemory(3, 3, "i>v"),
  "v128.load16x4_u": simdMemory(4, 3, "i>v"),
  "v128.load32x2_s": simdMemory(5, 3, "i>v"),
  "v128.load32x2_u": simdMemory(6, 3, "i>v"),
  "v128.load8_splat": simdMemory(7, 0, "i>v"),
  "v128.load16_splat": simdMemory(8, 1, "i>v"),
  "v128.load32_splat": simdMemory(9, 2, "i>v"),
  "v128.load64_splat": simdMemory(10, 3, "i>v"),
  "v128.store": simdMemory(11, 4, "iv>"),
  "v128.load32_zero": simdMemory(92, 2, "i>v"),
  "v128.load64_zero": simdMemory(93, 3, "i>v"),
  // Atomics (threads proposal). wait32: (address, expected, nanoseconds) -> 0 woken, 1 not equal, 2 timed out.
  "memory.atomic.notify": atomicMemory(0x0, 2, "ii>i"),
  "memory.atomic.wait32": atomicMemory(0x1, 2, "iil>i"),
  "i32.atomic.load": atomicMemory(0x10, 2, "i>i"),
  "i32.atomic.store": atomicMemory(0x17, 2, "ii>"),
  "i32.atomic.rmw.add": atomicMemory(0x1e, 2, "ii>i"),
  "i32.atomic.rmw.sub": atomicMemory(0x25, 2, "ii>i"),
  "i32.atomic.rmw.xchg": atomicMemory(0x41, 2, "ii>i"),
  "i32.atomic.rmw.cmpxchg": atomicMemory(0x48, 2, "iii>i"),
} as const;

/** Loads and stores of one lane of a vector. */
export const MEMORY_LANE_INSTRUCTIONS = {
  "v128.load8_lane": simdMemory(84, 0, "iv>v"),
  "v128.load16_lane": simdMemory(85, 1, "iv>v"),
  "v128.load32_lane": simdMemory(86, 2, "iv>v"),
  "v128.load64_lane": simdMemory(87, 3, "iv>v"),
  "v128.store8_lane": simdMemory(88, 0, "iv>"),
  "v128.store16_lane": simdMemory(89, 1, "iv>"),
  "v128.store32_lane": simdMemory(90, 2, "iv>"),
  "v128.store64_lane": simdMemory(91, 3, "iv>"),
} as const;

/** A key of {@link MEMORY_INSTRUCTIONS}. */
export type MemoryInstructionName = keyof typeof MEMORY_INSTRUCTIONS;
/** A key of {@link MEMORY_LANE_INSTRUCTIONS}. */
export type MemoryLaneInstructionName = keyof typeof MEMORY_LANE_INSTRUCTIONS;
