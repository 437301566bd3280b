import type {
  WatchedNow,
  WatchedProgress,
  WatchedRun,
  WatchedWorker,
  WatchSnapshot,
  WatchUpdate,
} from "@tributary/protocol";

/** A worker that just joined. */
export function someWorker(id: string, change: Partial<WatchedWorker> = {}): WatchedWorker {
  return {
    id,
    name: id,
    kind: "node",
    backend: "wasm",
    adapter: null,
    threads: 1,
    codec: "float16",
    state: "active",
    roundTripMilliseconds: null,
    silentMilliseconds: 0,
    bytesIn: 0,
    bytesOut: 0,
    bytesInPerSecond: 0,
    bytesOutPerSecond: 0,
    lag: null,
    samplesPerSecond: 0,
    samples: 0,
    accepted: 0,
    rejected: 0,
    stale: 0,
    ...change,
  };
}

/** A run of 100 steps. */
export function someRun(change: Partial<WatchedRun> = {}): WatchedRun {
  return {
    id: "digits",
    name: "digits",
    mode: "sync",
    parameters: 1,
    trainableParameters: 1,
    layers: [],
    batchSize: 64,
    microbatch: 32,
    epochs: 2,
    stepsPerEpoch: 50,
    totalSteps: 100,
    trainSamples: 3200,
    testSamples: 100,
    seed: 0,
    codecs: ["float16"],
    metrics: [],
    fields: [],
    classes: null,
    classNames: null,
    joinUrl: "http://127.0.0.1/join",
    features: { predict: false, activations: false, samples: false },
    startedAt: 0,
    ...change,
  };
}

/** Where it is. */
export function someProgress(step: number, change: Partial<WatchedProgress> = {}): WatchedProgress {
  return {
    state: "running",
    outcome: null,
    step,
    epoch: 1,
    samples: 64 * step,
    stepSamplesIn: 0,
    stepSamples: 64,
    seconds: step,
    samplesPerSecond: 0,
    learningRateFactor: 1,
    why: "",
    ...change,
  };
}

/** A step whose loss is its number. */
export function someStep(step: number) {
  return { step, samples: 64 * step, seconds: step, loss: step, gradientNorm: 1, metrics: {} };
}

function nowAt(step: number): WatchedNow {
  return { progress: someProgress(step), workers: [], traffic: [], staleness: [] };
}

const NOTHING_NEW = { steps: [], epochs: [], throughput: [], events: [], confusion: null };

/** The first message to a watcher after so many steps. */
export function someSnapshot(step: number, change: Partial<WatchSnapshot> = {}): WatchSnapshot {
  return { type: "snapshot", role: "viewer", run: someRun(), ...nowAt(step), ...NOTHING_NEW, ...change };
}

/** A later one. */
export function someUpdate(step: number, change: Partial<WatchUpdate> = {}): WatchUpdate {
  return { type: "update", ...nowAt(step), ...NOTHING_NEW, ...change };
}
