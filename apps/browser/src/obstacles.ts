import type { SessionEnd } from "@tributary/worker";

/** How much an obstacle hinders: `stop` ends the taking part, `slow` makes it slower or waits, `note` is only told. */
export type ObstacleWeight = "stop" | "slow" | "note";

/** Something in the way, in words. */
export interface Obstacle {
  readonly weight: ObstacleWeight;
  /** What is so: a short sentence without a full stop. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Everything that can be in the way of a tab, and what to do about it. */
export const OBSTACLES = {
  INSECURE_ADDRESS: {
    weight: "slow",
    what: "No GPU on this address: the page came over plain http from another machine, and browsers give the GPU to https only",
    remedy:
      "It computes on the processor instead. For the GPU, ask your host for an https link (tributary serve --lan makes one), or open the page on the host's own machine as http://localhost.",
  },
  NO_WEBGPU: {
    weight: "slow",
    what: "This browser cannot compute on the GPU: it has no WebGPU",
    remedy:
      "It computes on the processor instead. For the GPU, use a current Chrome or Edge, Safari 26, or Firefox on Windows or a Mac.",
  },
  NO_ADAPTER: {
    weight: "slow",
    what: "The browser found no GPU that it may use",
    remedy:
      "It computes on the processor instead. For the GPU, update the graphics driver and switch on hardware acceleration in the browser's settings, then load this page again.",
  },
  SOFTWARE_ADAPTER: {
    weight: "slow",
    what: "The only GPU here is a program that imitates one on the processor",
    remedy:
      "It computes on the processor directly, which is faster. For a real GPU, switch on hardware acceleration in the browser's settings and load this page again.",
  },
  GPU_UNUSABLE: {
    weight: "slow",
    what: "The GPU here cannot be used",
    remedy: "It computes on the processor instead. An update of the graphics driver or of the browser may mend it.",
  },
  GPU_WRONG: {
    weight: "slow",
    what: "The GPU here computes wrong results, as some drivers do",
    remedy: "It computes on the processor instead. An update of the graphics driver may mend it.",
  },
  DEVICE_MENDED: {
    weight: "note",
    what: "Something went wrong with the device, and was mended",
    remedy: "Nothing needs to be done: the work goes on where it was.",
  },
  GPU_GIVEN_UP: {
    weight: "slow",
    what: "The GPU cannot go on, so the processor does",
    remedy: "Load this page again to give the GPU another try. Close other pages and programs that use it.",
  },
  OLD_BROWSER: {
    weight: "stop",
    what: "This browser is too old to take part",
    remedy: "Update it, or use Chrome or Edge 119, Firefox 121 or Safari 17.4, or newer ones.",
  },
  NO_THREAD: {
    weight: "stop",
    what: "The training thread could not be started",
    remedy: "Load this page again. If that does not help, an extension may block it: try without extensions.",
  },
  THREAD_LOST: {
    weight: "stop",
    what: "The computation ended by itself, perhaps because memory ran out",
    remedy: "Close other tabs or lower the number of threads, then start again.",
  },
  STORAGE_BLOCKED: {
    weight: "note",
    what: "The browser keeps no data for this page, as in a private window",
    remedy: "Nothing needs to be done: the training data is fetched again when it is needed.",
  },
  OFFLINE: {
    weight: "slow",
    what: "This device is offline",
    remedy: "It joins again by itself as soon as the network is back.",
  },
  UNREACHABLE: {
    weight: "stop",
    what: "The coordinator cannot be reached",
    remedy: "Is it still running, and is this device in the same network? Ask your host, then start again.",
  },
  INTERRUPTED: {
    weight: "slow",
    what: "The connection to the coordinator is interrupted",
    remedy:
      "Nothing needs to be done: it is tried again by itself, and nothing that was sent is lost or counted twice.",
  },
  NO_TOKEN: {
    weight: "stop",
    what: "The link is not whole: its token is missing",
    remedy: "Open the link exactly as your host gave it: all of it, with what stands after the # sign.",
  },
  BAD_TOKEN: {
    weight: "stop",
    what: "The coordinator does not know the token in this link",
    remedy: "It may be of an earlier run. Ask your host for a new link.",
  },
  VERSION_MISMATCH: {
    weight: "stop",
    what: "This page and the coordinator are of different versions",
    remedy: "Load this page again. If that does not help, the host should update the coordinator.",
  },
  NO_COMMON_CODEC: {
    weight: "stop",
    what: "This page cannot pack gradients in the way the run asks for",
    remedy: "Load this page again. If that does not help, the host should choose another --codec.",
  },
  UNSUPPORTED_OPERATION: {
    weight: "stop",
    what: "The run's network uses an operation that this page does not know",
    remedy: "Load this page again. If that does not help, the host should update the coordinator.",
  },
  ARITHMETIC_CLASS: {
    weight: "stop",
    what: "This run repeats every bit, so it admits one kind of arithmetic alone, and this device has another",
    remedy: "Try the other choice under “compute on”, or ask your host for a run without that rule.",
  },
  UNKNOWN_RUN: {
    weight: "stop",
    what: "The coordinator now trains another run than the one this page joined",
    remedy: "Below stands what it trains now: start again if you want to take part in that.",
  },
  FULL: {
    weight: "slow",
    what: "The coordinator has no room for more devices at the moment",
    remedy: "Nothing needs to be done: it is tried again by itself.",
  },
  QUARANTINED: {
    weight: "stop",
    what: "The coordinator takes no more results from this device, because too many of them were wrong",
    remedy: "Choose the other kind of device under “compute on” and start again: a driver may compute wrong.",
  },
  FINISHED: {
    weight: "note",
    what: "The run is finished",
    remedy: "Thank you for taking part. There is nothing left to do here.",
  },
  CANNOT_COMPUTE: {
    weight: "stop",
    what: "This device cannot do the run's work",
    remedy: "Tell your host what stands below.",
  },
  BROKEN_PAGE: {
    weight: "stop",
    what: "Something in this page went wrong",
    remedy: "Load this page again, and tell your host what stands below.",
  },
  SECOND_TAB: {
    weight: "note",
    what: "This device already takes part in another tab of this browser",
    remedy: "Two tabs share one device and do not make it faster. Take over here, or join as another worker.",
  },
  TAKEN_OVER: {
    weight: "note",
    what: "Another tab of this browser has taken over",
    remedy: "You can close this tab.",
  },
  HIDDEN: {
    weight: "note",
    what: "This tab is in the background",
    remedy:
      "Browsers may slow it down or let it sleep. Keep it visible, in a window of its own, to go on at full speed.",
  },
  ON_BATTERY: {
    weight: "note",
    what: "This device runs on its battery",
    remedy: "Plug it in: computing empties a battery fast, and browsers slow down pages to spare it.",
  },
  NO_WAKE_LOCK: {
    weight: "note",
    what: "The browser does not let this page keep the screen on",
    remedy: "Keep the device awake by hand, or plug it in: a device that sleeps stops computing.",
  },
  NO_DESCRIPTION: {
    weight: "slow",
    what: "The coordinator does not say what it trains",
    remedy: "It may be stopped. Load this page again, or ask your host.",
  },
} as const satisfies Record<string, Obstacle>;

/** One of the keys of {@link OBSTACLES}. */
export type ObstacleCode = keyof typeof OBSTACLES;

/** Codes of refusals and errors that mean the obstacle of another name. */
const OF_CODES: Readonly<Record<string, ObstacleCode>> = {
  CONNECT_REFUSED: "BAD_TOKEN",
  FRAME_VERSION: "VERSION_MISMATCH",
  BYTES_VERSION: "VERSION_MISMATCH",
  THREAD_FAILED: "THREAD_LOST",
  OUT_OF_MEMORY: "THREAD_LOST",
};

/** Close codes that end a worker, as obstacles. */
const OF_CLOSES: Readonly<Record<number, ObstacleCode>> = {
  1003: "VERSION_MISMATCH",
  1009: "VERSION_MISMATCH",
  4001: "BAD_TOKEN",
  4002: "VERSION_MISMATCH",
  4003: "UNKNOWN_RUN",
  4004: "QUARANTINED",
  4005: "FINISHED",
};

/** What stopped a worker, as an obstacle; null when it left by itself. @param hasToken whether the link had one */
export function obstacleOfEnd({ reason, code }: SessionEnd, hasToken: boolean): ObstacleCode | null {
  if (reason === "left") return null;
  if (reason === "finished") return "FINISHED";
  if (reason === "unreachable") return "UNREACHABLE";
  const named = typeof code === "number" ? OF_CLOSES[code] : ofName(code);
  if (named === "BAD_TOKEN" && !hasToken) return "NO_TOKEN";
  return named ?? "CANNOT_COMPUTE";
}

function ofName(code: string | null): ObstacleCode | undefined {
  if (code === null) return undefined;
  return isObstacleCode(code) ? code : OF_CODES[code];
}

/** Whether a word is a code of the table. */
function isObstacleCode(code: string): code is ObstacleCode {
  return Object.hasOwn(OBSTACLES, code);
}
