declare global {
  /** What of WebAssembly's JavaScript interface `tributary doctor` asks; the types of Node leave it to those of browsers. */
  var WebAssembly: {
    /** Whether the bytes are a module that this engine can compile. */
    validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  };
}

export {};
