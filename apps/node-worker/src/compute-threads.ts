import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import type { Backend } from "@tributary/kernels";
import { type FetchBlob, type FromThread, ThreadedComputation, ThreadHandle, WorkerError } from "@tributary/worker";
import { Piscina } from "piscina";
import type { ComputeThreadTask } from "./compute-thread-task.ts";

/** How compute threads are opened. */
export interface ComputeThreadsOptions {
  readonly threads: number;
  readonly backend: Backend | "auto";
  readonly fetchBlob: FetchBlob;
  /** Bytes of shards each thread keeps; null: SHARD_CACHE_BYTES. */
  readonly shardCacheBytes: number | null;
}

/** Compute threads of this process. */
export interface ComputeThreads {
  readonly computation: ThreadedComputation;
  /** Rejects with a WorkerError when a thread ends that should not; never resolves. */
  readonly failed: Promise<never>;
}

/** Starts the threads and opens a device on each. @throws WorkerError THREAD_FAILED */
export async function openComputeThreads(options: ComputeThreadsOptions): Promise<ComputeThreads> {
  const { threads, fetchBlob } = options;
  const pool = new Piscina({
    filename: fileURLToPath(new URL("./compute-thread.ts", import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    // Between tasks piscina would block a thread's event loop, on which its session lives.
    atomics: "disabled",
  });
  const stopFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const handles = Array.from({ length: threads }, () => {
    const { port1, port2 } = new MessageChannel();
    const port = {
      post: (message: unknown, transfer: readonly ArrayBuffer[]) => port1.postMessage(message, [...transfer]),
      close: () => port1.close(),
    };
    const handle = new ThreadHandle(port, fetchBlob);
    port1.on("message", (message: FromThread) => handle.receive(message));
    const { backend, shardCacheBytes } = options;
    const task: ComputeThreadTask = { port: port2, backend, stopFlag, shardCacheBytes };
    pool.run(task, { name: "computeSession", transferList: [port2] }).then(
      () => handle.fail(new WorkerError("THREAD_FAILED", "The compute thread is closed")),
      (cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        const message = `A compute thread ended (${why}): start the worker again`;
        const error = new WorkerError("THREAD_FAILED", message, { cause });
        handle.fail(error);
        failed.reject(error);
      },
    );
    return handle;
  });
  const computation = await ThreadedComputation.open({
    handles,
    now: () => performance.now(),
    // Every thread reads the same bytes.
    shared: {
      stopFlag: new Int32Array(stopFlag),
      allocate: (byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)),
    },
    end: () => pool.destroy(),
  });
  return { computation, failed: failed.promise };
}
