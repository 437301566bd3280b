import type { Program } from "@tributary/program";
import { halvesByStores, halvesOf } from "./cut-kernel.ts";
import { type DispatchCode, type DispatchTarget, dispatchCode } from "./dispatch-code.ts";
import type { GpuKernel } from "./kernel-code.ts";
import { type MemoryWindow, memoryWindows } from "./memory-windows.ts";
import { outOfReach, tooMuchAtOnce } from "./out-of-reach.ts";

/** Bytes of a uniform buffer that every GPU can bind (WebGPU's maxUniformBufferBindingSize). */
const UNIFORM_BYTES_MAX = 65_536;

/** What kernels' code is written for. */
export interface FittingTarget extends DispatchTarget {
  readonly program: Program;
  /** Longer shaders are divided, as far as they hold several kernels. */
  readonly charactersMax: number;
  /** How often a kernel that reaches too far may be halved. */
  readonly halvings: number;
}

/**
 * The code of kernels that may share a dispatch: in several where together they are too much for one, for whatever reason. A kernel that reaches more of a buffer than a
 * GPU can bind is cut.
 * @throws KernelError MODEL_TOO_LARGE, OUT_OF_MEMORY for a kernel that cannot be cut
 */
export function fittingCode(kernels: readonly GpuKernel[], target: FittingTarget): DispatchCode[] {
  const { features, charactersMax } = target;
  const { bindingBytes, storageBuffers, workgroupBytes } = features;
  const windows = [...memoryWindows(kernels, { ...target, bindingBytes }).values()];
  const large = windows.find(({ bytes }) => bytes > bindingBytes);
  const hasReach = large === undefined && windows.length <= storageBuffers;
  const [first] = kernels;
  if (kernels.length > 1 && !hasReach) return halvedCode(kernels, target);
  const apart = hasReach ? null : unchained(first, target);
  if (apart !== null) return apart;
  if (large !== undefined) return cutCode(first, large, target);
  const code = dispatchCode(kernels, target);
  const hasMemory = code.workgroupBytes <= workgroupBytes;
  const isShort = code.text.length <= charactersMax && code.bases.byteLength <= UNIFORM_BYTES_MAX;
  if (hasMemory && (isShort || kernels.length === 1)) return [code];
  if (kernels.length > 1) return halvedCode(kernels, target);
  return unchained(first, target) ?? [hasMemory ? code : sparingCode(first, target)];
}

/** The code of a kernel that reaches too far. */
function cutCode(kernel: GpuKernel, large: MemoryWindow, target: FittingTarget): DispatchCode[] {
  const { program, features, storages, halvings } = target;
  const halves = halvings === 0 ? null : (halvesByStores(kernel, storages) ?? halvesOf(kernel));
  if (halves === null) throw outOfReach(large, program, features);
  return halves.flatMap((half) => fittingCode([half], { ...target, halvings: halvings - 1 }));
}

/** The code of one kernel, or of a recurrence, whose kernels together use more workgroup memory than there is. */
function sparingCode(kernel: GpuKernel, target: FittingTarget): DispatchCode {
  const code = dispatchCode([kernel], target, true);
  if (code.workgroupBytes <= target.features.workgroupBytes) return code;
  throw tooMuchAtOnce(code.workgroupBytes, target.program, target.features);
}

/** The code of several kernels, in two dispatches or more. */
function halvedCode(kernels: readonly GpuKernel[], target: FittingTarget): DispatchCode[] {
  const half = kernels.length >> 1;
  return [kernels.slice(0, half), kernels.slice(half)].flatMap((some) => fittingCode(some, target));
}

/** A chain as dispatches one after the other; null for what is no chain, and for that of a scan, whose turns only a chain can run. */
function unchained(kernel: GpuKernel, target: FittingTarget): DispatchCode[] | null {
  if (kernel.kind !== "chain") return null;
  const { whole } = kernel;
  if (whole.some(({ kind }) => kind === "scan")) return null;
  const kernels = whole.filter((kernel) => kernel.kind !== "map" || kernel.body.stores.length > 0);
  return kernels.flatMap((kernel) => fittingCode([kernel], target));
}
