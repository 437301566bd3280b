/** V8 makes one 256-bit operation of two neighbouring 128-bit ones: twice the arithmetic of a core that has AVX. */
export const FUSE_VECTORS = "experimental-wasm-revectorize";

/** f32x4.relaxed_madd and its like, in Node 20; later versions have them anyway. */
export const RELAXED_SIMD = "experimental-wasm-relaxed-simd";

/**
 * Switches a flag of the engine on or off for modules that are compiled from now on, in the whole process. Only Node
 * offers that (22.3 and newer without an import); elsewhere, and for a flag the engine does not know, nothing happens.
 */
export function setEngineFlag(flag: string, on: boolean): void {
  if (typeof process === "undefined" || process.getBuiltinModule === undefined) return;
  process.getBuiltinModule("node:v8")?.setFlagsFromString(on ? `--${flag}` : `--no-${flag}`);
}
