import { ByteWriter } from "./assembler-bytes.ts";
import { OperandWriter, type Variable } from "./assembler-operands.ts";
import { fail, TYPE_BYTES, type ValueType } from "./assembler-stack.ts";

/** A parameter or local variable of one function. */
export type Local = Variable;

/** A global variable of a module. */
export type Global = Variable;

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
export class FunctionBuilder extends OperandWriter implements FunctionReference {
  readonly #locals: ValueType[] = [];
  readonly #free: Local[] = [];
  readonly parameters: readonly Local[];

  constructor(index: number, parameterTypes: readonly ValueType[], resultTypes: readonly ValueType[]) {
    super();
    this.index = index;
    this.parameterTypes = parameterTypes;
    this.resultTypes = resultTypes;
    this.parameters = parameterTypes.map((type, position) => ({ index: position, type }));
    this.stack.open(resultTypes);
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

  call(target: FunctionReference): this {
    this.stack.apply(target.parameterTypes, target.resultTypes, `call of function ${target.index}`);
    return this.numbered(0x10, target.index);
  }

  return(): this {
    this.stack.apply(this.resultTypes, [], "return");
    this.stack.unreachable();
    this.code.byte(0x0f);
    return this;
  }

  unreachable(): this {
    this.stack.unreachable();
    this.code.byte(0x00);
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
    this.stack.pop("i32", "if");
    const types = result === undefined ? [] : [result];
    return this.#structure(0x04, "if", result, types, (label) => {
      body(label);
      if (otherwise === undefined) return;
      this.stack.close("if");
      for (const type of types) this.stack.pop(type, "else");
      this.code.byte(0x05);
      this.stack.open(types);
      otherwise(label);
    });
  }

  br(label: Label): this {
    this.stack.apply(label.types, [], "br");
    this.stack.unreachable();
    return this.numbered(0x0c, this.#distance(label));
  }

  /** Takes an i32 and branches unless it is 0. */
  brIf(label: Label): this {
    this.stack.pop("i32", "br_if");
    this.stack.apply(label.types, label.types, "br_if");
    return this.numbered(0x0d, this.#distance(label));
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
    this.stack.close("the function");
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
    entry.append(this.code.bytes());
    entry.byte(0x0b);
    return entry.bytes();
  }

  #count(count: Count): this {
    return typeof count === "number" ? this.i32(count) : this.get(count);
  }

  #structure(
    opcode: number,
    name: string,
    result: ValueType | undefined,
    branchTypes: readonly ValueType[],
    body: (label: Label) => void,
  ): this {
    this.code.byte(opcode);
    this.code.byte(result === undefined ? 0x40 : TYPE_BYTES[result]);
    this.stack.open(result === undefined ? [] : [result]);
    body({ depth: this.stack.depth, types: branchTypes });
    this.stack.close(name);
    this.code.byte(0x0b);
    return this;
  }

  #distance(label: Label): number {
    const distance = this.stack.depth - label.depth;
    return distance >= 0 ? distance : fail("A branch leaves its block only outwards");
  }
}
