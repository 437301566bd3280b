import { SCALAR_INSTRUCTIONS } from "./assembler-scalar-instructions.ts";
import { type LANE_INSTRUCTIONS, VECTOR_INSTRUCTIONS } from "./assembler-vector-instructions.ts";

/**
 * The instructions of WebAssembly that kernels use, by their name in the text format, with opcode and stack type.
 *
 * Sources: WebAssembly Core Specification 2.0, section 5.4 (opcodes) and 7.8 (index of instructions); the relaxed SIMD
 * proposal, "Binary format".
 */
export const INSTRUCTIONS = { ...SCALAR_INSTRUCTIONS, ...VECTOR_INSTRUCTIONS };

/** A key of {@link INSTRUCTIONS}: an instruction whose operands are all on the stack. */
export type InstructionName = keyof typeof INSTRUCTIONS;

/** A key of the instructions that take the number of a lane. */
export type LaneInstructionName = keyof typeof LANE_INSTRUCTIONS;
