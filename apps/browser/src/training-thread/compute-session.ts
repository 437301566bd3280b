import { open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import { ComputeThread, type FromThread, type ToThread } from "@tributary/worker";
import { THREAD_CLOCK } from "./thread-clock.ts";

/** What a compute thread is started with. */
export interface ComputeThreadTask {
  readonly type: "open";
  /** One shared Int32 where memory can be shared, or null. */
  readonly stopFlag: SharedArrayBuffer | null;
  readonly shardCacheBytes: number | null;
}

/** Why a compute thread has no device. */
export interface ComputeThreadRefusal {
  readonly type: "noDevice";
  readonly message: string;
}

/** What a compute thread posts. */
export type ComputeThreadMessage = FromThread | ComputeThreadRefusal;

/** Milliseconds of computing after which messages are let in. */
const BREATH_MILLISECONDS = 25;

/** The part of a thread's global scope that is used. */
export interface ComputeThreadScope {
  postMessage(message: ComputeThreadMessage, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: ToThread }) => void): void;
  close(): void;
}

/** A compute thread's whole life: a wasm device, and requests of the training thread until it says close. */
export async function serveComputeThread(scope: ComputeThreadScope, task: ComputeThreadTask): Promise<void> {
  const post = (message: ComputeThreadMessage, transfer: readonly ArrayBuffer[]) =>
    scope.postMessage(message, [...transfer]);
  try {
    const thread = new ComputeThread({
      device: await open("wasm"),
      say: post,
      now: THREAD_CLOCK.now,
      crc32,
      shardCacheBytes: task.shardCacheBytes,
      stopFlag: task.stopFlag === null ? null : new Int32Array(task.stopFlag),
      breathe: task.stopFlag === null ? createBreath() : null,
    });
    scope.addEventListener("message", ({ data }) => thread.receive(data));
    await thread.closed;
    scope.close();
  } catch (error) {
    post({ type: "noDevice", message: error instanceof Error ? error.message : String(error) }, []);
  }
}

/** Lets messages in when computing has gone on for a while. A message to oneself is no timer: nothing slows it down. */
function createBreath(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  let lastMs = performance.now();
  return async () => {
    if (performance.now() - lastMs < BREATH_MILLISECONDS) return;
    await new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    });
    lastMs = performance.now();
  };
}
