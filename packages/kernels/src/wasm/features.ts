import { ModuleBuilder } from "./assembler.ts";
import type { FunctionBuilder } from "./assembler-function.ts";

/** What the WebAssembly engine that runs us accepts. */
export interface WasmFeatures {
  /** 128-bit vectors (Core Specification 2.0). */
  readonly simd: boolean;
  /** f32x4.relaxed_madd and its like. Node 20 has it behind `--experimental-wasm-relaxed-simd`. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomics. */
  readonly threads: boolean;
}

/** Asks the engine by validating one tiny module for each feature; takes well under a millisecond. */
export function probeFeatures(): WasmFeatures {
  return {
    simd: accepts((code) => code.f32x4(1).op("v128.any_true").drop()),
    relaxedSimd: accepts((code) => code.f32x4(1).f32x4(2).f32x4(3).op("f32x4.relaxed_madd").drop()),
    threads: accepts((code) => code.i32(0).memory("i32.atomic.load").drop(), true),
  };
}

function accepts(body: (code: FunctionBuilder) => void, shared = false): boolean {
  const module = new ModuleBuilder();
  module.importMemory({ module: "m", name: "m", initialPages: 1, maximumPages: 1, shared });
  body(module.function([], []));
  return WebAssembly.validate(module.finish());
}
