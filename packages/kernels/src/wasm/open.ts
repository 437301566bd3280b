import type { Device } from "../device.ts";
import { KernelError } from "../errors.ts";
import { probeMachine } from "./machine.ts";
import { WasmDevice } from "./wasm-device.ts";

/**
 * Opens a device that runs programs as WebAssembly modules of its own making, on the calling thread. The first call looks at the machine for
 * some 40 milliseconds, and under Node switches on what V8 has for wide vectors, in the whole process.
 * @throws KernelError BACKEND_UNAVAILABLE where the engine has no 128-bit vectors
 */
export async function openWasm(): Promise<Device> {
  const { engine, features, geometry } = await probeMachine();
  if (!engine.simd) {
    throw new KernelError(
      "BACKEND_UNAVAILABLE",
      "This engine has no WebAssembly vectors (SIMD128): use a newer browser or Node, or open the reference backend",
    );
  }
  return new WasmDevice(features, geometry);
}
