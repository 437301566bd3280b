/** The part of the WebAssembly JavaScript interface (https://www.w3.org/TR/wasm-js-api-2/) that this backend uses. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global {
    value: number;
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
  function instantiate(module: Module, imports?: Record<string, Record<string, unknown>>): Promise<Instance>;
}

/** Monotonic time in milliseconds. */
declare const performance: { now(): number };

/** Node's process, as far as the engine's flags need it; not there in a browser. */
declare const process:
  | { getBuiltinModule?(name: "node:v8"): { setFlagsFromString(flag: string): void } | undefined }
  | undefined;
