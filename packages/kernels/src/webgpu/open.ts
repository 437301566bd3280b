import { KernelError } from "../errors.ts";
import { type AdapterOptions, findAdapter, gpuFeaturesOf } from "./find-adapter.ts";
import { WebGpuDevice } from "./webgpu-device.ts";

/**
 * Opens a device on a GPU, with all that its adapter allows.
 * @throws KernelError BACKEND_UNAVAILABLE, which says what is missing and how to get it
 */
export async function openWebGpu(options: AdapterOptions = {}): Promise<WebGpuDevice> {
  const { gpu, adapter, name, descriptor } = await findAdapter(options);
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice(descriptor);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The GPU ${name} gives no device (${reason}): try again, or open wasm instead`;
    throw new KernelError("BACKEND_UNAVAILABLE", message, { cause });
  }
  return new WebGpuDevice({ gpu, device, features: gpuFeaturesOf(device), adapterName: name });
}
