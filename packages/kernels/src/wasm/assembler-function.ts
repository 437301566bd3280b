import { ByteWriter } from "./assembler-bytes.ts";
import {
  INSTRUCTIONS,
  type Instruction,
  type InstructionName,
  LANE_INSTRUCTIONS,
  type LaneInstructionName,
} from "./assembler-instructions.ts";
import {
  MEMORY_INSTRUCTIONS,
  MEMORY_LANE_INSTRUCTIONS,
  type MemoryInstruction,
  type MemoryInstructionName,
  type MemoryLaneInstructionName,
} from "./assembler-memory-instructions.ts";
import { fail, TYPE_BYTES, TypeStack, typesOf, type ValueType } from "./assembler-stack.ts";

/** A parameter or local variable of one function. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** A global variable of a module. */
export interface Global {
  readonly index: number;
  readonly type: ValueType;
}

/** Where a branch may go: to the end of a block or an if, or to the beginning of a loop. */
export interface Label {
  readonly depth: number;
  /** What a branch leaves for the target. */
  readonly types: readonly ValueType[];
}

/** What a call needs to know of a function. */
export interface FunctionReference {
  readonly index: number;
  readonly parameterTypes: readonly ValueType[];
  readonly resultTypes: readonly ValueType[];
}

/** A count for {@link FunctionBuilder.loopTo}: known now, or held by a local (i32). */
export type Count = number | Local;

/**
 * Writes the body of one function. Instructions go out in the order of the calls and their operand types are checked at once.
 * Names are those of the text format; structured control takes callbacks, so that every block is closed.
 */
export class FunctionBuilder implements FunctionReference {
  readonly #code = new ByteWriter();
  readonly #stack = new TypeStack();
  readonly #locals: ValueType[] = [];
  readonly #free: Local[] = [];
  readonly parameters: readonly Local[];

  constructor(index: number, parameterTypes: readonly ValueType[], resultTypes: readonly ValueType[]) {
    this.index = index;
    this.parameterTypes = parameterTypes;
    this.resultTypes = resultTypes;
    this.parameters = parameterTypes.map((type, position) => ({ index: position, type }));
    this.#stack.open(resultTypes);
  }

  readonly index: number;
  readonly parameterTypes: readonly ValueType[];
  readonly resultTypes: readonly ValueType[];

  /** A new local variable, or one that was released. Its value is not defined until it is set. */
  local(type: ValueType): Local {
    const reused = this.#free.findIndex((local) => local.type === type);
    if (reused >= 0) return this.#free.splice(reused, 1)[0] ?? fail("No local was released");
    this.#locals.push(type);
    return { index: this.parameterTypes.length + this.#locals.length - 1, type };
  }

  /** Lets later calls of {@link local} use these again. */
  release(...locals: readonly Local[]): void {
    this.#free.push(...locals);
  }

  get(local: Local): this {
    this.#variable(0x20, local.index);
    this.#stack.push(local.type);
    return this;
  }

  set(local: Local): this {
    this.#stack.pop(local.type, "local.set");
    return this.#variable(0x21, local.index);
  }

  /** Sets and leaves the value on the stack. */
  tee(local: Local): this {
    this.#stack.apply([local.type], [local.type], "local.tee");
    return this.#variable(0x22, local.index);
  }

  globalGet(global: Global): this {
    this.#stack.push(global.type);
    return this.#variable(0x23, global.index);
  }

  globalSet(global: Global): this {
    this.#stack.pop(global.type, "global.set");
    return this.#variable(0x24, global.index);
  }

  /** A 32-bit integer, signed or unsigned. */
  i32(value: number): this {
    this.#code.byte(0x41);
    this.#code.signed32(value);
    this.#stack.push("i32");
    return this;
  }

  i64(value: bigint): this {
    this.#code.byte(0x42);
    this.#code.signed(BigInt.asIntN(64, value));
    this.#stack.push("i64");
    return this;
  }

  f32(value: number): this {
    this.#code.byte(0x43);
    this.#code.float32(value);
    this.#stack.push("f32");
    return this;
  }

  f64(value: number): this {
    this.#code.byte(0x44);
    this.#code.float64(value);
    this.#stack.push("f64");
    return this;
  }

  /** A vector of four floats. */
  f32x4(a: number, b: number = a, c: number = a, d: number = a): this {
    this.#simd(12);
    for (const value of [a, b, c, d]) this.#code.float32(value);
    this.#stack.push("v128");
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
    this.#code.append(Uint8Array.from(bytes));
    this.#stack.push("v128");
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
    this.#code.byte(lane);
    return this;
  }

  /** Takes out or replaces one lane. */
  lane(name: LaneInstructionName, lane: number): this {
    this.#instruction(LANE_INSTRUCTIONS[name], name);
    this.#code.byte(lane);
    return this;
  }

  /** Sixteen bytes chosen out of the 32 of two vectors. */
  shuffle(bytes: readonly number[]): this {
    if (bytes.length !== 16) fail(`A shuffle names 16 bytes, not ${bytes.length}`);
    this.#stack.apply(["v128", "v128"], ["v128"], "i8x16.shuffle");
    this.#simd(13);
    this.#code.append(Uint8Array.from(bytes));
    return this;
  }

  /** Four 32-bit lanes chosen out of the 8 of two vectors: 0 ... 3 of the first, 4 ... 7 of the second. */
  shuffle32(a: number, b: number, c: number, d: number): this {
    return this.shuffle([a, b, c, d].flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)));
  }

  drop(): this {
    this.#stack.popAny("drop");
    this.#code.byte(0x1a);
    return this;
  }

  /** (first, second, condition) -> first where the condition is not 0, else second. */
  select(type: ValueType): this {
    this.#stack.apply([type, type, "i32"], [type], "select");
    this.#code.byte(0x1c);
    this.#code.byte(1);
    this.#code.byte(TYPE_BYTES[type]);
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

  atomicFence(): this {
    for (const byte of [0xfe, 3, 0]) this.#code.byte(byte);
    return this;
  }

  call(target: FunctionReference): this {
    this.#stack.apply(target.parameterTypes, target.resultTypes, `call of function ${target.index}`);
    return this.#variable(0x10, target.index);
  }

  return(): this {
    this.#stack.apply(this.resultTypes, [], "return");
    this.#stack.unreachable();
    this.#code.byte(0x0f);
    return this;
  }

  unreachable(): this {
    this.#stack.unreachable();
    this.#code.byte(0x00);
    return this;
  }

  /** A branch to the label goes to the end. */
  block(body: (label: Label) => void, result?: ValueType): this {
    return this.#structure(0x02, "block", result, result === undefined ? [] : [result], body);
  }

  /** A branch to the label goes to the beginning; without one the loop is left at its end. */
  loop(body: (label: Label) => void, result?: ValueType): this {
    return this.#structure(0x03, "loop", result, [], body);
  }

  /** Takes an i32; `otherwise` runs when it is 0. */
  if(body: (label: Label) => void, otherwise?: (label: Label) => void, result?: ValueType): this {
    this.#stack.pop("i32", "if");
    const types = result === undefined ? [] : [result];
    return this.#structure(0x04, "if", result, types, (label) => {
      body(label);
      if (otherwise === undefined) return;
      this.#stack.close("if");
      for (const type of types) this.#stack.pop(type, "else");
      this.#code.byte(0x05);
      this.#stack.open(types);
      otherwise(label);
    });
  }

  br(label: Label): this {
    this.#stack.apply(label.types, [], "br");
    this.#stack.unreachable();
    return this.#variable(0x0c, this.#distance(label));
  }

  /** Takes an i32 and branches unless it is 0. */
  brIf(label: Label): this {
    this.#stack.pop("i32", "br_if");
    this.#stack.apply(label.types, label.types, "br_if");
    return this.#variable(0x0d, this.#distance(label));
  }

  /** Takes an i32 and branches to that label, to the last one when it is out of range. */
  brTable(labels: readonly Label[]): this {
    this.#stack.pop("i32", "br_table");
    this.#stack.apply(labels.at(-1)?.types ?? [], [], "br_table");
    this.#stack.unreachable();
    this.#code.byte(0x0e);
    this.#code.unsigned(labels.length - 1);
    for (const label of labels) this.#code.unsigned(this.#distance(label));
    return this;
  }

  /**
   * for (counter = start; counter < end; counter += step) body. Signed comparison, tested before the first turn too, except
   * when start and end are known now. `counter` may be changed by nobody else.
   */
  loopTo(counter: Local, start: Count, end: Count, step: number, body: () => void): this {
    const known = typeof start === "number" && typeof end === "number";
    if (known && start >= end) return this;
    this.#count(start).set(counter);
    const turns = (): void => {
      this.loop((again) => {
        body();
        this.get(counter).i32(step).op("i32.add").tee(counter);
        this.#count(end).op("i32.lt_s").brIf(again);
      });
    };
    if (known) {
      turns();
      return this;
    }
    this.#count(start);
    this.#count(end).op("i32.lt_s");
    return this.if(turns);
  }

  /** Closes the function. The entry of the code section: locals, then instructions. */
  finish(): Uint8Array {
    this.#stack.close("the function");
    const entry = new ByteWriter();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    entry.unsigned(runs.length);
    for (const run of runs) {
      entry.unsigned(run.count);
      entry.byte(TYPE_BYTES[run.type]);
    }
    entry.append(this.#code.bytes());
    entry.byte(0x0b);
    return entry.bytes();
  }

  #count(count: Count): this {
    return typeof count === "number" ? this.i32(count) : this.get(count);
  }

  #variable(opcode: number, index: number): this {
    this.#code.byte(opcode);
    this.#code.unsigned(index);
    return this;
  }

  #simd(code: number): void {
    this.#code.byte(0xfd);
    this.#code.unsigned(code);
  }

  #bulk(code: number, name: string, immediates: number): this {
    this.#stack.apply(["i32", "i32", "i32"], [], name);
    this.#code.byte(0xfc);
    this.#code.unsigned(code);
    for (let index = 0; index < immediates; index++) this.#code.byte(0);
    return this;
  }

  #instruction(instruction: Instruction, name: string): this {
    const [operands, results] = instruction.signature.split(">");
    this.#stack.apply(typesOf(operands ?? ""), typesOf(results ?? ""), name);
    if (instruction.prefix === 0) this.#code.byte(instruction.code);
    else this.#variable(instruction.prefix, instruction.code);
    return this;
  }

  #memoryArgument(instruction: MemoryInstruction, offset: number): this {
    if (!(offset >= 0 && offset < 2 ** 32)) fail(`An offset is 0 ... 2^32 - 1, not ${offset}`);
    this.#code.unsigned(instruction.alignment);
    this.#code.unsigned(offset);
    return this;
  }

  #structure(
    opcode: number,
    name: string,
    result: ValueType | undefined,
    branchTypes: readonly ValueType[],
    body: (label: Label) => void,
  ): this {
    this.#code.byte(opcode);
    this.#code.byte(result === undefined ? 0x40 : TYPE_BYTES[result]);
    this.#stack.open(result === undefined ? [] : [result]);
    body({ depth: this.#stack.depth, types: branchTypes });
    this.#stack.close(name);
    this.#code.byte(0x0b);
    return this;
  }

  #distance(label: Label): number {
    const distance = this.#stack.depth - label.depth;
    return distance >= 0 ? distance : fail("A branch leaves its block only outwards");
  }
}
