import { performance } from "node:perf_hooks";
import { type Backend, findAdapter, type MachineFiles } from "@tributary/kernels";
import {
  type Clock,
  type DeviceComputation,
  type DeviceEvent,
  type FetchBlob,
  ResilientComputation,
  type WorkerError,
} from "@tributary/worker";
import { openComputeThreads } from "./compute-threads.ts";

/** Time in this process. */
export const CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** What a Node worker computes with. */
export interface OpenComputationOptions {
  /** "auto": a GPU, if there is one that computes right; otherwise the threads. */
  readonly backend: Backend | "auto";
  /** Compute threads of the CPU; a GPU has one. */
  readonly threads: number;
  readonly fetchBlob: FetchBlob;
  readonly shardCacheBytes: number | null;
  readonly onEvent: (event: DeviceEvent) => void;
  /** A compute thread ended that should not: nothing more can be computed. */
  readonly onBroken: (error: WorkerError) => void;
  /** Stands in for this machine's own files in tests. */
  readonly machine?: MachineFiles;
}

/**
 * Opens what this process computes with.
 * @throws WorkerError THREAD_FAILED; KernelError BACKEND_UNAVAILABLE where a GPU was asked for by name
 */
export function openComputation(options: OpenComputationOptions): Promise<ResilientComputation> {
  const { backend, onEvent } = options;
  const usesGpu = backend === "auto" || backend === "webgpu";
  return ResilientComputation.open({
    openGpu: usesGpu ? () => openGpu(options) : null,
    openCpu: () => openThreads(options, usesGpu ? "wasm" : backend, options.threads),
    gpuRequired: backend === "webgpu",
    clock: CLOCK,
    onEvent,
  });
}

/**
 * Looks for an adapter before a thread is started for it. One in software is taken only when webgpu was asked for by name.
 * @throws KernelError BACKEND_UNAVAILABLE
 */
async function openGpu(options: OpenComputationOptions): Promise<DeviceComputation> {
  const allowSoftware = options.backend === "webgpu";
  const { isSoftware, name } = await findAdapter({ allowSoftware, machine: options.machine });
  if (isSoftware) {
    const sentence = `${name} is no GPU but a program on the CPU: the backend wasm is faster`;
    options.onEvent({ type: "device", backend: "webgpu", adapter: name, sentence });
  }
  return openThreads(options, "webgpu", 1);
}

function openThreads(
  { fetchBlob, shardCacheBytes, onBroken }: OpenComputationOptions,
  backend: Backend,
  threads: number,
): Promise<DeviceComputation> {
  return openComputeThreads({ threads, backend, fetchBlob, shardCacheBytes, onBroken });
}
