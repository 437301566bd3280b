import type { SessionEnd, SessionEvent } from "@tributary/worker";
import type { GpuFinding } from "../device-check.ts";
import { type ObstacleCode, obstacleOfEnd } from "../obstacles.ts";
import type { OpenedDevice, PauseReason, ThreadMessage } from "../training-thread/messages.ts";
import type { RunDescription } from "./run-description.ts";
import type { ScreenLockState } from "./screen-lock.ts";
import { type ComputedSamples, withSamples } from "./throughput.ts";

/** Where a tab is on its way, with what people read about it. */
export const PHASES = {
  loading: "Asking the coordinator what it trains",
  consent: "Ready when you are",
  opening: "Getting the device ready",
  connecting: "Connecting to the coordinator",
  preparing: "Fetching the network and making it ready",
  training: "Training",
  waiting: "Waiting to connect again",
  paused: "Paused",
  ended: "Not taking part any more",
} as const;

/** One of the keys of {@link PHASES}. */
export type Phase = keyof typeof PHASES;

/** Something in the way, with what is known about it here. */
export interface PresentObstacle {
  readonly code: ObstacleCode;
  readonly detail: string;
}

/** What a tab has done so far. */
export interface Progress {
  readonly steps: number;
  readonly contributions: number;
  readonly evaluations: number;
  readonly samples: number;
  readonly rejected: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Everything the page shows. */
export interface JoinState {
  readonly phase: Phase;
  readonly hasToken: boolean;
  readonly description: RunDescription | null;
  /** Null: not known yet. */
  readonly gpu: GpuFinding | null;
  readonly obstacles: readonly PresentObstacle[];
  readonly device: OpenedDevice | null;
  /** How many kernels of how many are compiled, while that is under way. */
  readonly compiling: { readonly ready: number; readonly of: number } | null;
  /** Id of this worker at the coordinator. */
  readonly worker: string | null;
  readonly step: number | null;
  readonly pausedFor: PauseReason | null;
  /** Whether a person said stop, and the training thread has not ended yet. */
  readonly isStopping: boolean;
  readonly end: SessionEnd | null;
  readonly screenLock: ScreenLockState;
  readonly progress: Progress;
  readonly computed: readonly ComputedSamples[];
  /** When the first lease was done. */
  readonly sinceMs: number | null;
  /** Samples of a microbatch, and bytes that come with each step; 0 before it is known. */
  readonly microbatch: number;
  readonly parameterBytes: number;
  /** Step of each lease that was computed and not yet sent. */
  readonly waitingLeases: ReadonlyMap<number, number>;
  /** Step of the last contribution. */
  readonly lastStep: number | null;
}

/** What changes the state. */
export type JoinAction =
  | { readonly type: "asking" }
  | { readonly type: "described"; readonly description: RunDescription | null }
  | { readonly type: "gpu"; readonly finding: GpuFinding }
  | { readonly type: "started" }
  | { readonly type: "stopping" }
  | { readonly type: "obstacle"; readonly code: ObstacleCode; readonly detail: string }
  | { readonly type: "cleared"; readonly code: ObstacleCode }
  | { readonly type: "screenLock"; readonly state: ScreenLockState }
  | { readonly type: "threadLost"; readonly code: ObstacleCode; readonly detail: string }
  | { readonly type: "thread"; readonly message: ThreadMessage; readonly nowMs: number };

/** What a new start does not change. */
const LASTING_OBSTACLES: readonly ObstacleCode[] = ["HIDDEN", "OFFLINE", "ON_BATTERY"];

const NO_PROGRESS: Progress = {
  steps: 0,
  contributions: 0,
  evaluations: 0,
  samples: 0,
  rejected: 0,
  bytesSent: 0,
  bytesReceived: 0,
};

/** The state of a page that was just opened. */
export function initialState(hasToken: boolean): JoinState {
  return {
    phase: "loading",
    hasToken,
    description: null,
    gpu: null,
    obstacles: [],
    device: null,
    compiling: null,
    worker: null,
    step: null,
    pausedFor: null,
    isStopping: false,
    end: null,
    screenLock: "off",
    progress: NO_PROGRESS,
    computed: [],
    sinceMs: null,
    microbatch: 0,
    parameterBytes: 0,
    waitingLeases: new Map(),
    lastStep: null,
  };
}

/** The state after something happened. A pure function. */
export function reduce(state: JoinState, action: JoinAction): JoinState {
  switch (action.type) {
    case "asking":
      return { ...state, phase: "loading" };
    case "described": {
      // Asked again after an end, the end stays on the page.
      const phase = state.phase === "loading" ? "consent" : state.phase;
      const next = { ...state, phase, description: action.description };
      return action.description === null ? present(next, "NO_DESCRIPTION", "") : absent(next, "NO_DESCRIPTION");
    }
    case "gpu":
      return { ...state, gpu: action.finding };
    case "started": {
      const kept = state.obstacles.filter(({ code }) => LASTING_OBSTACLES.includes(code));
      const fresh = {
        device: null,
        compiling: null,
        end: null,
        pausedFor: null,
        isStopping: false,
        waitingLeases: new Map(),
      };
      return { ...state, ...fresh, phase: "opening", obstacles: kept };
    }
    case "stopping":
      return { ...state, isStopping: true };
    case "obstacle":
      return present(state, action.code, action.detail);
    case "cleared":
      return absent(state, action.code);
    case "screenLock":
      return screenLocked({ ...state, screenLock: action.state });
    case "threadLost":
      return present({ ...state, phase: "ended", isStopping: false }, action.code, action.detail);
    case "thread":
      return onThread(state, action.message, action.nowMs);
    default:
      return action satisfies never;
  }
}

function screenLocked(state: JoinState): JoinState {
  const isDenied = state.screenLock === "refused" || state.screenLock === "missing";
  return isDenied ? present(state, "NO_WAKE_LOCK", "") : absent(state, "NO_WAKE_LOCK");
}

function onThread(state: JoinState, message: ThreadMessage, nowMs: number): JoinState {
  switch (message.type) {
    case "device":
      return onDevice(state, message.device, message.sentence);
    case "compiling": {
      const { ready, of } = message;
      return { ...state, compiling: ready < of ? { ready, of } : null };
    }
    case "obstacle":
      return present(state, message.code, message.detail);
    case "cleared":
      return absent(state, message.code);
    case "fetched":
      return received(state, message.bytes);
    case "setup":
      return { ...state, microbatch: message.microbatch, parameterBytes: message.parameterBytes };
    case "session":
      return onSession(state, message.event, nowMs);
    case "paused":
      return absent({ ...state, phase: "paused", pausedFor: message.reason }, "INTERRUPTED");
    case "ended":
      return onEnded(state, message.end);
    default:
      return message satisfies never;
  }
}

/** The first device is the one that was opened; any other came after trouble. */
function onDevice(state: JoinState, device: OpenedDevice, sentence: string): JoinState {
  const { device: before } = state;
  if (before === null) return { ...state, device, phase: "connecting" };
  // Another number of threads was chosen by a person.
  if (before.backend === "wasm" && device.backend === "wasm") return { ...state, device };
  const isGivenUp = before.backend === "webgpu" && device.backend !== "webgpu";
  return present({ ...state, device }, isGivenUp ? "GPU_GIVEN_UP" : "DEVICE_MENDED", sentence);
}

function onEnded(state: JoinState, end: SessionEnd): JoinState {
  const next = absent({ ...state, phase: "ended", isStopping: false, end, device: null }, "INTERRUPTED");
  const code = obstacleOfEnd(end, state.hasToken);
  return code === null ? next : present(next, code, end.message);
}

function onSession(state: JoinState, event: SessionEvent, nowMs: number): JoinState {
  const { progress } = state;
  switch (event.type) {
    case "device":
      return onDevice(state, { ...event, threads: state.device?.threads ?? 1 }, event.sentence);
    case "connecting":
      return { ...state, phase: "connecting", pausedFor: null };
    case "joined":
      return absent({ ...state, phase: "preparing", worker: event.worker, step: event.step }, "INTERRUPTED", "OFFLINE");
    case "ready":
      return received({ ...state, phase: "training", step: event.step, compiling: null }, state.parameterBytes);
    case "computed":
      return onComputed(state, event, nowMs);
    case "sent":
      return onSent(state, event.lease, event.bytes);
    case "declined":
      return { ...state, waitingLeases: without(state.waitingLeases, event.lease) };
    case "rejected":
      return {
        ...state,
        waitingLeases: without(state.waitingLeases, event.lease),
        progress: { ...progress, rejected: progress.rejected + 1 },
      };
    case "disconnected":
      return present({ ...state, phase: "waiting", waitingLeases: new Map() }, "INTERRUPTED", event.message);
    default:
      return event satisfies never;
  }
}

function received(state: JoinState, bytes: number): JoinState {
  const { progress } = state;
  return { ...state, progress: { ...progress, bytesReceived: progress.bytesReceived + bytes } };
}

function onComputed(state: JoinState, event: SessionEvent & { readonly type: "computed" }, nowMs: number): JoinState {
  const { progress, microbatch, computed, waitingLeases } = state;
  const samples = Math.min(event.leased, event.microbatches * microbatch);
  const isGradient = event.kind === "gradient";
  return {
    ...state,
    sinceMs: state.sinceMs ?? nowMs - event.milliseconds,
    computed: withSamples(computed, { atMs: nowMs, samples }),
    waitingLeases: isGradient ? new Map(waitingLeases).set(event.lease, event.step) : waitingLeases,
    progress: {
      ...progress,
      samples: progress.samples + samples,
      evaluations: progress.evaluations + (isGradient ? 0 : 1),
    },
  };
}

function onSent(state: JoinState, lease: number, bytes: number): JoinState {
  const { progress, waitingLeases, lastStep } = state;
  const step = waitingLeases.get(lease) ?? lastStep;
  return {
    ...state,
    waitingLeases: without(waitingLeases, lease),
    lastStep: step,
    progress: {
      ...progress,
      contributions: progress.contributions + 1,
      steps: progress.steps + (step === lastStep ? 0 : 1),
      bytesSent: progress.bytesSent + bytes,
    },
  };
}

function without(leases: ReadonlyMap<number, number>, lease: number): ReadonlyMap<number, number> {
  if (!leases.has(lease)) return leases;
  const rest = new Map(leases);
  rest.delete(lease);
  return rest;
}

function present(state: JoinState, code: ObstacleCode, detail: string): JoinState {
  const others = state.obstacles.filter((obstacle) => obstacle.code !== code);
  return { ...state, obstacles: [...others, { code, detail }] };
}

function absent(state: JoinState, ...codes: readonly ObstacleCode[]): JoinState {
  if (!state.obstacles.some(({ code }) => codes.includes(code))) return state;
  return { ...state, obstacles: state.obstacles.filter(({ code }) => !codes.includes(code)) };
}
