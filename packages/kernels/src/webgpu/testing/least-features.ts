import type { GpuFeatures } from "../kernel-code.ts";

/** What every WebGPU has: its default limits (WebGPU specification, "Limits"), and no subgroups. */
export const LEAST_FEATURES: GpuFeatures = {
  subgroupLanes: 1,
  workgroupBytes: 16_384,
  storageBuffers: 8,
  bindingBytes: 2 ** 27,
  bufferBytes: 2 ** 28,
};
