import { type AdapterOptions, gpuFeaturesOf } from "./find-adapter.ts";
import { requestDevice } from "./request-device.ts";
import { subgroupsWork } from "./subgroup-check.ts";
import { WebGpuDevice } from "./webgpu-device.ts";

/**
 * Opens a device on a GPU, with all that its adapter allows; subgroup operations are tried first.
 * @throws KernelError BACKEND_UNAVAILABLE, which says what is missing and how to get it
 */
export async function openWebGpu(options: AdapterOptions = {}): Promise<WebGpuDevice> {
  const { gpu, name, device } = await requestDevice(options);
  const features = gpuFeaturesOf(device);
  if (features.subgroupLanes === 1 || (await subgroupsWork(device, features.subgroupLanes))) {
    return new WebGpuDevice({ gpu, device, features, adapterName: name });
  }
  const remark = "its subgroups are left unused, because they exchange wrong values";
  return new WebGpuDevice({ gpu, device, features: { ...features, subgroupLanes: 1 }, adapterName: name, remark });
}
