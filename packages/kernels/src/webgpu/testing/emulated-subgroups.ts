import { findAdapter, gpuFeaturesOf } from "../find-adapter.ts";
import { WORKGROUP_SIZE } from "../kernel-code.ts";
import { WebGpuDevice } from "../webgpu-device.ts";

/** Exchanges through workgroup memory; a compiler's checks for uniform control flow hold for its barriers as they do for subgroups. */
const EXCHANGED = `
var<workgroup> exchange: array<u32, ${WORKGROUP_SIZE}>;
fn exchanged(lid: u32, value: u32, distance: u32) -> u32 {
  exchange[lid % ${WORKGROUP_SIZE}u] = value;
  workgroupBarrier();
  let found = exchange[(lid ^ distance) % ${WORKGROUP_SIZE}u];
  workgroupBarrier();
  return found;
}
`;

/** The text of a shader with workgroup memory in place of subgroup operations. */
function withoutSubgroups(text: string): string {
  if (!text.includes("enable subgroups;")) return text;
  const replaced = text.replace("enable subgroups;", "").replaceAll("subgroupShuffleXor(", "exchanged(lid, ");
  if (replaced.includes("subgroup")) throw new Error("A subgroup operation that is not emulated");
  return replaced + EXCHANGED;
}

/**
 * A GPU in software (whose own subgroups have 4 invocations) whose subgroups seem to have any number of them.
 * @param subgroupLanes 1: kernels use none
 */
export async function openEmulated(subgroupLanes: number): Promise<WebGpuDevice> {
  const { gpu, adapter, name } = await findAdapter({ allowSoftware: true, subgroups: false });
  const device = await adapter.requestDevice();
  const create = device.createShaderModule.bind(device);
  const value = (given: GPUShaderModuleDescriptor) => create({ ...given, code: withoutSubgroups(given.code) });
  Object.defineProperty(device, "createShaderModule", { value });
  const features = { ...gpuFeaturesOf(device), subgroupLanes };
  return new WebGpuDevice({ gpu, device, features, adapterName: name });
}
