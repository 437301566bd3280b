declare global {
  /** What of WebAssembly's JavaScript interface `tributary doctor` asks; the types of Node leave it to those of browsers. */
  namespace WebAssembly {
    function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  }
}

export {};
