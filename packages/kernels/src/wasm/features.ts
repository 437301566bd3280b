import { ModuleBuilder } from "./assembler.ts";
import type { FunctionBuilder } from "./assembler-function.ts";

/** What the WebAssembly engine that runs us accepts. */
export interface WasmFeatures {
  /** 128-bit vectors (Core Specification 2.0). */
  readonly simd: boolean;
  /** f32x4.relaxed_madd and its like. Node 20 has it behind `--experimental-wasm-relaxed-simd`. */
  readonly relaxedSimd: boolean;
}

/** Asks the engine by validating one tiny module for each feature; takes well under a millisecond. */
export function probeFeatures(): WasmFeatures {
  return {
    simd: accepts((code) => code.f32x4(1).op("v128.any_true").drop()),
    relaxedSimd: accepts((code) => code.f32x4(1).f32x4(2).f32x4(3).op("f32x4.relaxed_madd").drop()),
  };
}

function accepts(body: (code: FunctionBuilder) => void): boolean {
  const module = new ModuleBuilder();
  body(module.function([], []));
  return WebAssembly.validate(module.finish());
}
