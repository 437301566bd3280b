import type { MessagePort } from "node:worker_threads";
import type { Backend } from "@tributary/kernels";

/** What starts a compute thread. */
export interface ComputeThreadTask {
  readonly port: MessagePort;
  readonly backend: Backend | "auto";
  /** One Int32, shared: not 0 when the lease that is computed is to be stopped. */
  readonly stopFlag: SharedArrayBuffer;
  readonly shardCacheBytes: number | null;
}
