import { ByteWriter } from "./assembler-bytes.ts";
import type { Instruction } from "./assembler-instruction.ts";
import { INSTRUCTIONS, type InstructionName, type LaneInstructionName } from "./assembler-instructions.ts";
import {
  MEMORY_INSTRUCTIONS,
  MEMORY_LANE_INSTRUCTIONS,
  type MemoryInstruction,
  type MemoryInstructionName,
  type MemoryLaneInstructionName,
} from "./assembler-memory-instructions.ts";
import { fail, TYPE_BYTES, TypeStack, typesOf, type ValueType } from "./assembler-stack.ts";
import { LANE_INSTRUCTIONS } from "./assembler-vector-instructions.ts";

/** A local or global variable: its number, and the type of its value. */
export interface Variable {
  readonly index: number;
  readonly type: ValueType;
}

/** Writes the instructions that work on operands; what a function has beyond them is in FunctionBuilder. */
export class OperandWriter {
  protected readonly code = new ByteWriter();
  protected readonly stack = new TypeStack();

  /** Pushes a local variable. */
  get(local: Variable): this {
    this.numbered(0x20, local.index);
    this.stack.push(local.type);
    return this;
  }

  /** Takes the value of a local variable. */
  set(local: Variable): this {
    this.stack.pop(local.type, "local.set");
    return this.numbered(0x21, local.index);
  }

  /** Sets and leaves the value on the stack. */
  tee(local: Variable): this {
    this.stack.apply([local.type], [local.type], "local.tee");
    return this.numbered(0x22, local.index);
  }

  globalGet(global: Variable): this {
    this.stack.push(global.type);
    return this.numbered(0x23, global.index);
  }

  globalSet(global: Variable): this {
    this.stack.pop(global.type, "global.set");
    return this.numbered(0x24, global.index);
  }

  /** A 32-bit integer, signed or unsigned. */
  i32(value: number): this {
    this.code.byte(0x41);
    this.code.signed32(value);
    this.stack.push("i32");
    return this;
  }

  i64(value: bigint): this {
    this.code.byte(0x42);
    this.code.signed(BigInt.asIntN(64, value));
    this.stack.push("i64");
    return this;
  }

  f32(value: number): this {
    this.code.byte(0x43);
    this.code.float32(value);
    this.stack.push("f32");
    return this;
  }

  f64(value: number): this {
    this.code.byte(0x44);
    this.code.float64(value);
    this.stack.push("f64");
    return this;
  }

  /** A vector of four floats. */
  f32x4(a: number, b: number = a, c: number = a, d: number = a): this {
    this.#simd(12);
    for (const value of [a, b, c, d]) this.code.float32(value);
    this.stack.push("v128");
    return this;
  }

  /** A vector of four 32-bit integers, signed or unsigned. */
  i32x4(a: number, b: number = a, c: number = a, d: number = a): this {
    return this.bytes16([a, b, c, d].flatMap((value) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)));
  }

  /** A vector of sixteen bytes. */
  bytes16(bytes: readonly number[]): this {
    if (bytes.length !== 16) fail(`A vector has 16 bytes, not ${bytes.length}`);
    this.#simd(12);
    this.code.append(Uint8Array.from(bytes));
    this.stack.push("v128");
    return this;
  }

  /** An instruction whose operands are all on the stack. */
  op(name: InstructionName): this {
    return this.#instruction(INSTRUCTIONS[name], name);
  }

  /** A load, store or atomic at the address on the stack plus `offset` bytes. */
  memory(name: MemoryInstructionName, offset = 0): this {
    const instruction = MEMORY_INSTRUCTIONS[name];
    this.#instruction(instruction, name);
    return this.#memoryArgument(instruction, offset);
  }

  /** A load or store of one lane: (address, vector) -> vector, or nothing. */
  memoryLane(name: MemoryLaneInstructionName, lane: number, offset = 0): this {
    const instruction = MEMORY_LANE_INSTRUCTIONS[name];
    this.#instruction(instruction, name);
    this.#memoryArgument(instruction, offset);
    this.code.byte(lane);
    return this;
  }

  /** Takes out or replaces one lane. */
  lane(name: LaneInstructionName, lane: number): this {
    this.#instruction(LANE_INSTRUCTIONS[name], name);
    this.code.byte(lane);
    return this;
  }

  /** Sixteen bytes chosen out of the 32 of two vectors. */
  shuffle(bytes: readonly number[]): this {
    if (bytes.length !== 16) fail(`A shuffle names 16 bytes, not ${bytes.length}`);
    this.stack.apply(["v128", "v128"], ["v128"], "i8x16.shuffle");
    this.#simd(13);
    this.code.append(Uint8Array.from(bytes));
    return this;
  }

  /** Four 32-bit lanes chosen out of the 8 of two vectors: 0 ... 3 of the first, 4 ... 7 of the second. */
  shuffle32(a: number, b: number, c: number, d: number): this {
    return this.shuffle([a, b, c, d].flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)));
  }

  drop(): this {
    this.stack.popAny("drop");
    this.code.byte(0x1a);
    return this;
  }

  /** (first, second, condition) -> first where the condition is not 0, else second. */
  select(type: ValueType): this {
    this.stack.apply([type, type, "i32"], [type], "select");
    this.code.byte(0x1c);
    this.code.byte(1);
    this.code.byte(TYPE_BYTES[type]);
    return this;
  }

  /** (target, source, bytes). The ranges may overlap. */
  memoryCopy(): this {
    return this.#bulk(10, "memory.copy", 2);
  }

  /** (target, byte value, bytes). */
  memoryFill(): this {
    return this.#bulk(11, "memory.fill", 1);
  }

  /** An opcode and the number of a variable, a function or a label. */
  protected numbered(opcode: number, index: number): this {
    this.code.byte(opcode);
    this.code.unsigned(index);
    return this;
  }

  #simd(code: number): void {
    this.code.byte(0xfd);
    this.code.unsigned(code);
  }

  #bulk(code: number, name: string, immediates: number): this {
    this.stack.apply(["i32", "i32", "i32"], [], name);
    this.code.byte(0xfc);
    this.code.unsigned(code);
    for (let index = 0; index < immediates; index++) this.code.byte(0);
    return this;
  }

  #instruction(instruction: Instruction, name: string): this {
    const [operands, results] = instruction.signature.split(">");
    this.stack.apply(typesOf(operands ?? ""), typesOf(results ?? ""), name);
    if (instruction.prefix === 0) this.code.byte(instruction.code);
    else this.numbered(instruction.prefix, instruction.code);
    return this;
  }

  #memoryArgument(instruction: MemoryInstruction, offset: number): this {
    if (!(offset >= 0 && offset < 2 ** 32)) fail(`An offset is 0 ... 2^32 - 1, not ${offset}`);
    this.code.unsigned(instruction.alignment);
    this.code.unsigned(offset);
    return this;
  }
}
