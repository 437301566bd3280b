import { KernelError, type OpenOptions, open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import { type Computation, type FetchBlob, LocalComputation, SHARD_CACHE_BYTES, WorkerError } from "@tributary/worker";
import { findGpu, hasWasmVectors } from "../device-check.ts";
import type { ObstacleCode } from "../obstacles.ts";
import { openComputeThreads } from "./compute-threads.ts";
import type { BackendChoice, OpenedDevice } from "./messages.ts";
import { THREAD_CLOCK } from "./thread-clock.ts";

/** What a computation of this tab is opened with. */
export interface OpenComputationOptions {
  readonly backend: BackendChoice;
  /** Compute threads, where it is the processor that computes. */
  readonly threads: number;
  readonly fetchBlob: FetchBlob;
  /** Hears what is in the way of a better device. */
  readonly onObstacle: (code: ObstacleCode, detail: string) => void;
}

/** A computation, and what it runs on. */
export interface OpenedComputation {
  readonly computation: Computation;
  readonly device: OpenedDevice;
  readonly arithmeticClass: string;
}

/**
 * Opens the best device there is: the GPU, or the processor with as many compute threads as are allowed. A GPU that is a
 * program on the processor is taken only when a person asked for WebGPU by name.
 * @throws WorkerError THREAD_FAILED when not even the processor can be used
 */
export async function openComputation(options: OpenComputationOptions): Promise<OpenedComputation> {
  if (options.backend !== "wasm") {
    const onGpu = await openOnGpu(options);
    if (onGpu !== null) return onGpu;
  }
  return openOnProcessor(options);
}

async function openOnGpu(options: OpenComputationOptions): Promise<OpenedComputation | null> {
  const { backend, fetchBlob, onObstacle } = options;
  const allowSoftware = backend === "webgpu";
  const { gpu } = navigator;
  const finding = await findGpu({ isSecureContext, gpu }, allowSoftware);
  if ("obstacle" in finding) {
    onObstacle(finding.obstacle, finding.detail);
    return null;
  }
  try {
    const openOptions: OpenOptions & { readonly gpu: GPU; readonly allowSoftware: boolean } = { gpu, allowSoftware };
    const device = await open("webgpu", openOptions);
    return {
      computation: new LocalComputation({ device, fetchBlob, clock: THREAD_CLOCK, crc32 }),
      device: { backend: device.backend, adapter: finding.adapter, threads: 1 },
      arithmeticClass: device.arithmeticClass,
    };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    onObstacle("GPU_UNUSABLE", error.message);
    return null;
  }
}

async function openOnProcessor({ threads, fetchBlob }: OpenComputationOptions): Promise<OpenedComputation> {
  if (!hasWasmVectors()) throw new WorkerError("THREAD_FAILED", "This browser has no WebAssembly vectors: update it");
  const computation = await openComputeThreads({ threads, fetchBlob, shardBytes: SHARD_CACHE_BYTES });
  const { backend, arithmeticClass } = computation;
  return { computation, device: { backend, adapter: null, threads }, arithmeticClass };
}
