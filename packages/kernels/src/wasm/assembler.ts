import { ByteWriter } from "./assembler-bytes.ts";
import { FunctionBuilder, type FunctionReference, type Global } from "./assembler-function.ts";
import { TYPE_BYTES, type ValueType } from "./assembler-stack.ts";

/** Memory that a module imports. Pages are 65,536 bytes. */
export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly initialPages: number;
  readonly maximumPages?: number;
}

interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/**
 * Writes a WebAssembly module (Core Specification 2.0, chapter 5). Functions are numbered as they are declared, so that a body
 * may call any function declared before it, itself included.
 */
export class ModuleBuilder {
  readonly #types: FunctionType[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #globals: { readonly type: ValueType; readonly mutable: boolean; readonly value: number }[] = [];
  readonly #exports: { readonly name: string; readonly kind: number; readonly index: number }[] = [];
  readonly #segments: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  #memory: MemoryImport | undefined;

  /** Names the one memory of the module. */
  importMemory(memory: MemoryImport): void {
    this.#memory = memory;
  }

  /** Declares a function, to be filled before {@link finish}; with `exported` it is exported by that name. */
  function(parameters: readonly ValueType[], results: readonly ValueType[], exported?: string): FunctionBuilder {
    const builder = new FunctionBuilder(this.#functions.length, parameters, results);
    this.#functions.push(builder);
    if (exported !== undefined) this.export(exported, builder);
    return builder;
  }

  /** Exports a function by one more name. */
  export(name: string, target: FunctionReference): void {
    this.#exports.push({ name, kind: 0, index: target.index });
  }

  /** A global variable; i32, f32 or f64. */
  global(type: "i32" | "f32" | "f64", value: number, options: { mutable?: boolean; exported?: string } = {}): Global {
    const index = this.#globals.push({ type, value, mutable: options.mutable ?? false }) - 1;
    if (options.exported !== undefined) this.#exports.push({ name: options.exported, kind: 3, index });
    return { index, type };
  }

  /** Bytes (kept, not copied) to be in memory at `address` once the module is instantiated. */
  data(address: number, bytes: Uint8Array): void {
    this.#segments.push({ address, bytes });
  }

  /** Closes every function and gives the bytes of the module, which belong to the caller. */
  finish(): Uint8Array<ArrayBuffer> {
    const module = new ByteWriter();
    module.append(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const bodies = this.#functions.map((builder) => builder.finish());
    const typeIndices = this.#functions.map((builder) => this.#typeIndex(builder));
    vectorSection(module, 1, this.#types, writeFunctionType);
    vectorSection(module, 2, this.#memory === undefined ? [] : [this.#memory], writeMemory);
    vectorSection(module, 3, typeIndices, (out, index) => out.unsigned(index));
    vectorSection(module, 6, this.#globals, writeGlobal);
    vectorSection(module, 7, this.#exports, (out, entry) => {
      out.name(entry.name);
      out.byte(entry.kind);
      out.unsigned(entry.index);
    });
    vectorSection(module, 10, bodies, (out, body) => out.sized(body));
    vectorSection(module, 11, this.#segments, (out, segment) => {
      out.byte(0);
      out.byte(0x41);
      out.signed32(segment.address);
      out.byte(0x0b);
      out.sized(segment.bytes);
    });
    return module.bytes().slice();
  }

  #typeIndex(target: FunctionReference): number {
    const key = (type: FunctionType): string => `${type.parameters.join()}>${type.results.join()}`;
    const type = { parameters: target.parameterTypes, results: target.resultTypes };
    const found = this.#types.findIndex((other) => key(other) === key(type));
    return found >= 0 ? found : this.#types.push(type) - 1;
  }
}

function vectorSection<Item>(
  module: ByteWriter,
  id: number,
  items: readonly Item[],
  write: (out: ByteWriter, item: Item) => void,
): void {
  if (items.length === 0) return;
  const out = new ByteWriter();
  out.unsigned(items.length);
  for (const item of items) write(out, item);
  module.byte(id);
  module.sized(out.bytes());
}

function writeFunctionType(out: ByteWriter, type: FunctionType): void {
  out.byte(0x60);
  for (const types of [type.parameters, type.results]) {
    out.unsigned(types.length);
    for (const valueType of types) out.byte(TYPE_BYTES[valueType]);
  }
}

function writeMemory(out: ByteWriter, memory: MemoryImport): void {
  out.name(memory.module);
  out.name(memory.name);
  out.byte(2);
  out.byte(memory.maximumPages === undefined ? 0 : 1);
  out.unsigned(memory.initialPages);
  if (memory.maximumPages !== undefined) out.unsigned(memory.maximumPages);
}

function writeGlobal(out: ByteWriter, global: { type: ValueType; mutable: boolean; value: number }): void {
  out.byte(TYPE_BYTES[global.type]);
  out.byte(global.mutable ? 1 : 0);
  if (global.type === "i32") {
    out.byte(0x41);
    out.signed32(global.value);
  } else if (global.type === "f32") {
    out.byte(0x43);
    out.float32(global.value);
  } else {
    out.byte(0x44);
    out.float64(global.value);
  }
  out.byte(0x0b);
}
