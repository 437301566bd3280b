export type { Backend, Bindings, CompileOptions, Device, DeviceBuffer, Executable, TensorData } from "./device.ts";
export { KERNEL_ERROR_CODES, KernelError, type KernelErrorCode } from "./errors.ts";
export { type OpenOptions, open } from "./open.ts";
export { type AdapterInfo, adapterWords, isSoftwareAdapter } from "./webgpu/adapter-words.ts";
export { type AdapterOptions, type FoundAdapter, findAdapter } from "./webgpu/find-adapter.ts";
export { failedFamilies } from "./webgpu/self-test.ts";
export { type MachineFiles, type MissingVulkan, missingVulkan, thisMachine } from "./webgpu/vulkan.ts";
