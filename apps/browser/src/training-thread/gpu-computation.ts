import { crc32 } from "@tributary/protocol";
import { type FetchBlob, LocalComputation, openTrustedDevice } from "@tributary/worker";
import { THREAD_CLOCK } from "./thread-clock.ts";

/** What a computation on the GPU is opened with. */
export interface GpuComputationOptions {
  /** Whether a GPU may be a program on the processor. */
  readonly allowSoftware: boolean;
  readonly fetchBlob: FetchBlob;
  /** Hears how many of a program's kernels are compiled. */
  readonly onProgress: (ready: number, of: number) => void;
}

/** Opens the GPU, tests it, and computes on it from this very thread: it computes beside it. @throws KernelError; WorkerError DEVICE_WRONG */
export async function openGpuComputation(options: GpuComputationOptions): Promise<LocalComputation> {
  const { allowSoftware, fetchBlob, onProgress } = options;
  const device = await openTrustedDevice({ gpu: navigator.gpu, allowSoftware });
  return new LocalComputation({ device, fetchBlob, clock: THREAD_CLOCK, crc32, onProgress });
}
