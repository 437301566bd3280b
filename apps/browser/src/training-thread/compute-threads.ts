import { type FetchBlob, ThreadedComputation, ThreadHandle, WorkerError } from "@tributary/worker";
import { threadUrl } from "../thread-policy.ts";
import type { ComputeThreadMessage, ComputeThreadTask } from "./compute-session.ts";
import { COMPUTE_THREAD_NAME } from "./messages.ts";
import { THREAD_CLOCK } from "./thread-clock.ts";

/** How compute threads are opened. */
export interface ComputeThreadsOptions {
  /** Compute threads, at least one. */
  readonly threads: number;
  readonly fetchBlob: FetchBlob;
  /** Bytes of shards that all threads together keep in memory. */
  readonly shardBytes: number;
}

/**
 * Starts compute threads, each with a wasm device of its own: the training thread stays free for the socket. They share
 * memory where the page may, and otherwise copy and move it.
 * @throws WorkerError THREAD_FAILED, also where the browser has no WebAssembly vectors
 */
export function openComputeThreads(options: ComputeThreadsOptions): Promise<ThreadedComputation> {
  const { threads, fetchBlob, shardBytes } = options;
  const stopFlag = crossOriginIsolated ? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) : null;
  const scripts: Worker[] = [];
  const handles = Array.from({ length: threads }, () => {
    const script = new Worker(threadUrl(location.href), { type: "module", name: COMPUTE_THREAD_NAME });
    scripts.push(script);
    const port = {
      post: (message: unknown, transfer: readonly ArrayBuffer[]) => script.postMessage(message, [...transfer]),
      close: () => script.terminate(),
    };
    const handle = new ThreadHandle(port, fetchBlob);
    script.onmessage = ({ data }: MessageEvent<ComputeThreadMessage>) => {
      if (data.type === "noDevice")
        handle.fail(new WorkerError("THREAD_FAILED", `A compute thread has no device (${data.message})`));
      else handle.receive(data);
    };
    script.onerror = (event) => {
      const why = event.message === "" ? "its script did not load" : event.message;
      handle.fail(new WorkerError("THREAD_FAILED", `A compute thread ended (${why})`));
    };
    const shardCacheBytes = Math.floor(shardBytes / threads);
    const task: ComputeThreadTask = { type: "open", stopFlag, shardCacheBytes };
    script.postMessage(task);
    return handle;
  });
  return ThreadedComputation.open({
    handles,
    now: THREAD_CLOCK.now,
    shared:
      stopFlag === null
        ? null
        : {
            stopFlag: new Int32Array(stopFlag),
            allocate: (byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)),
          },
    end: async () => {
      for (const script of scripts) script.terminate();
    },
  });
}
