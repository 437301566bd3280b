import { KernelError } from "../errors.ts";
import { adapterWords, isSoftwareAdapter } from "./adapter-words.ts";
import { type GpuFeatures, WORKGROUP_SIZE } from "./kernel-code.ts";
import { type MachineFiles, missingVulkan, thisMachine } from "./vulkan.ts";

/** Which adapter is looked for. */
export interface AdapterOptions {
  /** Where it is looked for; without it, the platform's own: `navigator.gpu`, or in Node the package `webgpu`. */
  readonly gpu?: GPU | undefined;
  /** What is known of the machine, where it is Node that looks. Default: its own files. */
  readonly machine?: MachineFiles | undefined;
  /** Whether one that computes on the CPU will do. Default false: the wasm backend is faster. */
  readonly allowSoftware?: boolean | undefined;
  /** Whether kernels may use WGSL's subgroup operations, where they are there and work. Default true. */
  readonly subgroups?: boolean | undefined;
}

/** An adapter that the backend can run on, and what to ask it for. */
export interface FoundAdapter {
  /** Where it was found. Dawn in Node stops its threads when nobody holds this any more: whoever uses the adapter must. */
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  /** For people: "NVIDIA GeForce RTX 4090". */
  readonly name: string;
  /** Computes on the CPU. */
  readonly isSoftware: boolean;
  /** With the adapter's own limits and the optional features that the backend uses. An adapter gives one device only. */
  readonly descriptor: GPUDeviceDescriptor;
}

/*
 * Of WebGPU's optional features only "subgroups" is asked for. "shader-f16" has no kernel that it would serve: a float16 is how tensors are stored,
 * two to a word already, and no type of arithmetic; WGSL lets conversions round either way and lose subnormal numbers ("Floating Point
 * Evaluation"), where ours must be exact, so they go by integers (scalar/float16.ts) whatever the GPU has; and sums in float16 would miss the
 * accuracy that every kernel promises.
 */

/** Fewest invocations of a subgroup that any GPU may have. Source: WGSL, "Built-in Values", subgroup_size. */
const SUBGROUP_LEAST = 4;
/** Most that one may have. */
const SUBGROUP_MOST = 128;

/** Limits of which the adapter's own are asked for: a device has the least that WebGPU guarantees otherwise. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxUniformBufferBindingSize",
  "maxBindingsPerBindGroup",
] as const;

/** Node's package with Dawn, which users install beside ours. In a variable, because bundlers would look for it. */
const NODE_PACKAGE: string = "webgpu";

/** Has Dawn zero workgroup memory by a loop, not by Vulkan's extension, which SwiftShader compiles to a store a word: seconds for every shader. */
const ZEROING = "disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension";

/**
 * Finds an adapter.
 * @throws KernelError BACKEND_UNAVAILABLE, which says what is missing and how to get it
 */
export async function findAdapter(options: AdapterOptions = {}): Promise<FoundAdapter> {
  const gpu = options.gpu ?? (await platformGpu(options.machine));
  const adapter = await adapterOf(gpu);
  if (adapter === null) {
    throw unavailable("WebGPU is here, but no GPU that it can use: update the graphics driver, or open wasm instead");
  }
  const name = adapterWords(adapter.info);
  const isSoftware = isSoftwareAdapter(adapter.info);
  if (isSoftware && options.allowSoftware !== true) {
    throw unavailable(
      `The only GPU here, ${name}, is a program that computes on the CPU: open wasm, which is faster, or allow software`,
    );
  }
  if (adapter.limits.maxComputeInvocationsPerWorkgroup < WORKGROUP_SIZE) {
    throw unavailable(
      `The GPU ${name} runs ${adapter.limits.maxComputeInvocationsPerWorkgroup} invocations a workgroup, fewer than the ${WORKGROUP_SIZE} that WebGPU guarantees: open wasm instead`,
    );
  }
  return { gpu, adapter, name, isSoftware, descriptor: descriptorOf(adapter, options.subgroups ?? true) };
}

async function adapterOf(gpu: GPU): Promise<GPUAdapter | null> {
  try {
    return await gpu.requestAdapter({ powerPreference: "high-performance" });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(`WebGPU is here, but fails (${reason}): update the graphics driver, or open wasm instead`, {
      cause,
    });
  }
}

/** What code may be written for. */
export function gpuFeaturesOf(
  device: Pick<GPUDevice, "features" | "limits"> & Partial<Pick<GPUDevice, "adapterInfo">>,
): GpuFeatures {
  const { limits } = device;
  return {
    subgroupLanes: device.features.has("subgroups") ? leastSubgroup(device.adapterInfo) : 1,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    bindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    bufferBytes: limits.maxBufferSize,
  };
}

/** Invocations that every subgroup has at least; browsers that hide it say the least there is, or nothing. */
function leastSubgroup(info: Partial<Pick<GPUAdapterInfo, "subgroupMinSize">> | undefined): number {
  const least = info?.subgroupMinSize ?? SUBGROUP_LEAST;
  const isSize = least >= SUBGROUP_LEAST && least <= SUBGROUP_MOST && Number.isInteger(Math.log2(least));
  return isSize ? least : SUBGROUP_LEAST;
}

function descriptorOf(adapter: GPUAdapter, subgroups: boolean): GPUDeviceDescriptor {
  const requiredFeatures: GPUFeatureName[] = subgroups && adapter.features.has("subgroups") ? ["subgroups"] : [];
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  return { label: "tributary", requiredFeatures, requiredLimits };
}

async function platformGpu(machine: MachineFiles | undefined): Promise<GPU> {
  if (typeof navigator !== "undefined" && navigator.gpu !== undefined) return navigator.gpu;
  if (typeof process === "undefined") {
    throw unavailable(
      "This page has no WebGPU: open it over HTTPS or on localhost in a current browser, or open wasm instead",
    );
  }
  return nodeGpu(machine);
}

/** The GPU of a process of Node; it lives, and the process with it, for as long as somebody holds it. */
async function nodeGpu(machine: MachineFiles | null = thisMachine()): Promise<GPU> {
  // Looked for before Dawn is loaded, which writes to standard error by itself where it finds none.
  const missing = missingVulkan(machine);
  if (missing !== null) throw unavailable(`${missing.what}: ${missing.remedy}, or use the backend wasm`);
  let loaded: unknown;
  try {
    loaded = await import(/* @vite-ignore */ NODE_PACKAGE);
  } catch (cause) {
    throw unavailable("Node has no WebGPU of its own: install the package webgpu (npm install webgpu)", { cause });
  }
  if (!isDawn(loaded)) throw unavailable("The package webgpu is not the one with Dawn: install version 0.5 or newer");
  try {
    return loaded.create([ZEROING]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(
      `The package webgpu does not start (${reason}): install a graphics driver, or open wasm instead`,
      {
        cause,
      },
    );
  }
}

function isDawn(module: unknown): module is { readonly create: (options: readonly string[]) => GPU } {
  return typeof module === "object" && module !== null && "create" in module && typeof module.create === "function";
}

function unavailable(message: string, options?: ErrorOptions): KernelError {
  return new KernelError("BACKEND_UNAVAILABLE", message, options);
}
