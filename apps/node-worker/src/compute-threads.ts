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
  /** A thread ended that should not: nothing more can be computed. */
  readonly onBroken: (error: WorkerError) => void;
}

/** Starts the threads and opens a device on each. @throws WorkerError THREAD_FAILED */
export async function openComputeThreads(options: ComputeThreadsOptions): Promise<ThreadedComputation> {
  const { threads, fetchBlob } = options;
  const pool = new Piscina({
    filename: fileURLToPath(new URL("./compute-thread.ts", import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    // Between tasks piscina would block a thread's event loop, on which its session lives.
    atomics: "disabled",
  });
  const stopFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  let isEnding = false;
  const handles = Array.from({ length: threads }, () => {
    const { port1, port2 } = new MessageChannel();
    const port = {
      post: (message: unknown, transfer: readonly ArrayBuffer[]) => port1.postMessage(message, [...transfer]),
      close: () => port1.close(),
    };
    const handle = new ThreadHandle(port, fetchBlob);
    port1.on("message", (message: FromThread) => handle.receive(message));
    let isOpened = false;
    void handle.opened.promise.then(
      () => {
        isOpened = true;
      },
      () => {},
    );
    const { backend, shardCacheBytes } = options;
    const task: ComputeThreadTask = { port: port2, backend, stopFlag, shardCacheBytes };
    pool.run(task, { name: "computeSession", transferList: [port2] }).then(
      () => handle.fail(new WorkerError("THREAD_FAILED", "The compute thread is closed")),
      (cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        const error = isOpened
          ? new WorkerError("THREAD_FAILED", `A compute thread ended (${why}): start the worker again`, { cause })
          : new WorkerError("THREAD_FAILED", why, { cause });
        handle.fail(error);
        if (isOpened && !isEnding) options.onBroken(error);
      },
    );
    return handle;
  });
  return ThreadedComputation.open({
    handles,
    now: () => performance.now(),
    // Every thread reads the same bytes.
    shared: {
      stopFlag: new Int32Array(stopFlag),
      allocate: (byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)),
    },
    end: () => {
      isEnding = true;
      return pool.destroy();
    },
  });
}
