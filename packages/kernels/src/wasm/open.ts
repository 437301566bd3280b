import type { Device } from "../device.ts";
import { KernelError } from "../errors.ts";
import { ModuleBuilder } from "./assembler.ts";
import { NARROW_GEOMETRY, WIDE_GEOMETRY } from "./contraction/geometry.ts";
import { probeFeatures } from "./features.ts";
import { WasmDevice } from "./wasm-device.ts";

/**
 * Opens a device that runs programs as WebAssembly modules of its own making, on the calling thread.
 * @throws KernelError BACKEND_UNAVAILABLE where the engine has no 128-bit vectors
 */
export async function openWasm(): Promise<Device> {
  const features = probeFeatures();
  if (!features.simd) {
    throw new KernelError(
      "BACKEND_UNAVAILABLE",
      "This engine has no WebAssembly vectors (SIMD128): use a newer browser or Node, or open the reference backend",
    );
  }
  const fma = features.relaxedSimd && (await multiplyAddFuses());
  return new WasmDevice({ fma }, fma ? WIDE_GEOMETRY : NARROW_GEOMETRY);
}

/** Whether f32x4.relaxed_madd rounds once here; the specification lets an engine round twice. */
async function multiplyAddFuses(): Promise<boolean> {
  const module = new ModuleBuilder();
  const code = module.function([], ["f32"], "probe");
  // (1 + 2^-12)^2 - 1 = 2^-11 + 2^-24, whose last bit is lost if the product is rounded first.
  code
    .f32x4(1 + 2 ** -12)
    .f32x4(1 + 2 ** -12)
    .f32x4(-1)
    .op("f32x4.relaxed_madd");
  code.lane("f32x4.extract_lane", 0);
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(module.finish()));
  const { probe } = instance.exports;
  return typeof probe === "function" && probe() === 2 ** -11 + 2 ** -24;
}
