import type { SessionEnd, SessionEvent } from "@tributary/worker";
import type { ObstacleCode } from "../obstacles.ts";

/** The name by which the one script of this folder knows that it is a compute thread. */
export const COMPUTE_THREAD_NAME = "compute-thread";

/** Why a worker stands still for a while: its leases are given back, and it is not connected. */
const PAUSE_REASONS = {
  person: "paused by hand",
  frozen: "the browser is about to freeze this tab",
  left: "the page was left",
} as const;

/** One of the keys of {@link PAUSE_REASONS}. */
export type PauseReason = keyof typeof PAUSE_REASONS;

/** How much of the device a worker may use. */
export interface DeviceCap {
  /** Part of the time in which the device may be busy, above 0 and up to 1. */
  readonly share: number;
  /** Compute threads on the processor. Does not count on a GPU. */
  readonly threads: number;
}

/** Which backend a person asked for. */
export type BackendChoice = "auto" | "wasm" | "webgpu";

/** What a training thread is started with. */
export interface StartSettings {
  /** ws: or wss: address. */
  readonly socketUrl: string;
  /** http: or https: address that a blob's hash is appended to. */
  readonly blobUrl: string;
  readonly token: string | null;
  readonly name: string;
  readonly backend: BackendChoice;
  readonly cap: DeviceCap;
  /** Id of the run that a person agreed to; null: the coordinator did not say, and the first one that is joined counts. */
  readonly run: string | null;
  /** Id of this tab's worker before the page was loaded again. */
  readonly resume: string | null;
}

/** What the page says to the training thread. */
export type PageMessage =
  | { readonly type: "start"; readonly settings: StartSettings }
  | { readonly type: "pause"; readonly reason: PauseReason }
  | { readonly type: "resume" }
  | { readonly type: "cap"; readonly cap: DeviceCap }
  /** What the browser says of the network. */
  | { readonly type: "network"; readonly online: boolean }
  /** The page is looked at again: whoever waits to connect tries now. */
  | { readonly type: "wake" }
  | { readonly type: "stop" };

/** What a worker computes on, once that is known. */
export interface OpenedDevice {
  readonly backend: string;
  /** The GPU's name as the browser gives it; null on the processor. */
  readonly adapter: string | null;
  readonly threads: number;
}

/** What the training thread says to the page. */
export type ThreadMessage =
  /** What is computed on: at the start, and whenever that changes. @see DeviceEvent */
  | { readonly type: "device"; readonly device: OpenedDevice; readonly sentence: string }
  /** How many of a program's kernels are compiled. */
  | { readonly type: "compiling"; readonly ready: number; readonly of: number }
  | { readonly type: "obstacle"; readonly code: ObstacleCode; readonly detail: string }
  /** An obstacle is out of the way. */
  | { readonly type: "cleared"; readonly code: ObstacleCode }
  /** So many bytes of programs or data came over the network. */
  | { readonly type: "fetched"; readonly bytes: number }
  /** Of the run that was joined: samples of a microbatch, and bytes of the parameters that come with each step. */
  | { readonly type: "setup"; readonly microbatch: number; readonly parameterBytes: number }
  | { readonly type: "session"; readonly event: SessionEvent }
  | { readonly type: "paused"; readonly reason: PauseReason }
  | { readonly type: "ended"; readonly end: SessionEnd };
