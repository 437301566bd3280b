import { KernelError } from "../errors.ts";
import { type AdapterOptions, findAdapter, gpuFeaturesOf } from "./find-adapter.ts";
import { subgroupsWork } from "./subgroup-check.ts";
import { WebGpuDevice } from "./webgpu-device.ts";

/**
 * Opens a device on a GPU, with all that its adapter allows; subgroup operations are tried first.
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
  const features = gpuFeaturesOf(device);
  if (features.subgroupLanes === 1 || (await subgroupsWork(device, features.subgroupLanes))) {
    return new WebGpuDevice({ gpu, device, features, adapterName: name });
  }
  const remark = "its subgroups are left unused, because they exchange wrong values";
  return new WebGpuDevice({ gpu, device, features: { ...features, subgroupLanes: 1 }, adapterName: name, remark });
}
