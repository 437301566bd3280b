/** The part of the WebAssembly JavaScript interface (https://www.w3.org/TR/wasm-js-api-2/) that this backend uses. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
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

/** What is read of Node's file system. */
interface ReadableFiles {
  existsSync(path: string): boolean;
  readdirSync(folder: string): readonly string[];
  readFileSync(path: string, encoding: "latin1"): string;
}

/** Node's process, as far as the engine's flags and the search for a GPU need it; not there in a browser. */
declare const process:
  | {
      readonly platform?: string;
      readonly env?: Readonly<Record<string, string | undefined>>;
      getBuiltinModule?: ((name: "node:v8") => { setFlagsFromString(flag: string): void } | undefined) &
        ((name: "node:fs") => ReadableFiles | undefined);
    }
  | undefined;
