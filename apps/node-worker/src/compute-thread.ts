import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { crc32 } from "node:zlib";
import { open } from "@tributary/kernels";
import { ComputeThread, openTrustedDevice, type ToThread } from "@tributary/worker";
import type { ComputeThreadTask } from "./compute-thread-task.ts";

/** The piscina task of a compute thread: its whole session. Resolves when the socket thread closes it. */
export async function computeSession({ port, backend, stopFlag, shardCacheBytes }: ComputeThreadTask): Promise<void> {
  // V8 then joins pairs of 128-bit operations into 256-bit ones, if the processor has them. Set before any module is compiled.
  setFlagsFromString("--experimental-wasm-revectorize");
  const thread = new ComputeThread({
    // Whoever asks for a GPU has found one, and taken what it is.
    device: backend === "webgpu" ? await openTrustedDevice({ allowSoftware: true }) : await open(backend),
    say: (message, transfer) => port.postMessage(message, [...transfer]),
    now: () => performance.now(),
    crc32,
    shardCacheBytes,
    stopFlag: new Int32Array(stopFlag),
    breathe: null,
  });
  port.on("message", (message: ToThread) => thread.receive(message));
  port.on("close", () => thread.end());
  await thread.closed;
  port.close();
}
