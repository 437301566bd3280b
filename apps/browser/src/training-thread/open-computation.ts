import {
  type DeviceComputation,
  type DeviceEvent,
  type FetchBlob,
  ResilientComputation,
  SHARD_CACHE_BYTES,
  WorkerError,
} from "@tributary/worker";
import { findGpu, isRecentBrowser } from "../device-check.ts";
import type { ObstacleCode } from "../obstacles.ts";
import type { BackendChoice } from "./messages.ts";
import { THREAD_CLOCK } from "./thread-clock.ts";

/** What a computation of this tab is opened with. */
export interface OpenComputationOptions {
  readonly backend: BackendChoice;
  /** Compute threads, where it is the processor that computes. */
  readonly threads: number;
  readonly fetchBlob: FetchBlob;
  /** Hears what is in the way of a better device. */
  readonly onObstacle: (code: ObstacleCode, detail: string) => void;
  /** Hears what is computed on: at the start, and whenever that changes. */
  readonly onDevice: (event: DeviceEvent) => void;
  /** Hears how many of a program's kernels are compiled. */
  readonly onCompiling: (ready: number, of: number) => void;
}

/**
 * Opens the best device there is: the GPU, or the processor with as many compute threads as are allowed. A GPU that is a
 * program on the processor is taken only when a person asked for WebGPU by name. What only one of them needs is loaded with it.
 * @throws WorkerError THREAD_FAILED when not even the processor can be used
 */
export async function openComputation(options: OpenComputationOptions): Promise<DeviceComputation> {
  return ResilientComputation.open({
    openGpu: (await hasGpu(options)) ? () => openOnGpu(options) : null,
    openCpu: () => openOnProcessor(options),
    clock: THREAD_CLOCK,
    onEvent: options.onDevice,
  });
}

async function hasGpu({ backend, onObstacle }: OpenComputationOptions): Promise<boolean> {
  if (backend === "wasm") return false;
  const finding = await findGpu({ isSecureContext, gpu: navigator.gpu }, { allowSoftware: backend === "webgpu" });
  if ("adapter" in finding) return true;
  onObstacle(finding.obstacle, finding.detail);
  return false;
}

async function openOnGpu(options: OpenComputationOptions): Promise<DeviceComputation> {
  const { backend, fetchBlob, onObstacle, onCompiling: onProgress } = options;
  try {
    const { openGpuComputation } = await import("./gpu-computation.ts");
    return await openGpuComputation({ allowSoftware: backend === "webgpu", fetchBlob, onProgress });
  } catch (error) {
    const isWrong = error instanceof WorkerError && error.code === "DEVICE_WRONG";
    onObstacle(isWrong ? "GPU_WRONG" : "GPU_UNUSABLE", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function openOnProcessor({ threads, fetchBlob }: OpenComputationOptions): Promise<DeviceComputation> {
  if (!isRecentBrowser()) throw new WorkerError("THREAD_FAILED", "This browser has no WebAssembly vectors: update it");
  const { openComputeThreads } = await import("./compute-threads.ts");
  return openComputeThreads({ threads, fetchBlob, shardBytes: SHARD_CACHE_BYTES });
}
