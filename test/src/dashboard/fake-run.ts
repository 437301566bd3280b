import { generateDigits } from "@tributary/data";
import type {
  EpochPoint,
  StepPoint,
  ThroughputPoint,
  WatchedConfusion,
  WatchedEvent,
  WatchedProgress,
  WatchedRun,
  WatchedRunState,
  WatchedWorker,
  WatchSnapshot,
  WatchUpdate,
} from "@tributary/protocol";
import { fakeWorkers } from "./fake-workers.ts";

/** What kind of run is played. */
export interface FakeRunOptions {
  readonly workers?: number;
  /** Steps that are done when somebody begins to watch. */
  readonly stepsDone?: number;
  readonly name?: string;
  readonly role?: "viewer" | "admin";
  /** A model of text: no pictures, no classes, nothing to look inside of. */
  readonly isText?: boolean;
  readonly hasTest?: boolean;
  readonly joinUrl?: string;
  readonly state?: WatchedRunState;
  /** Shown as it is. */
  readonly workerNames?: readonly string[];
  readonly outcome?: string;
  readonly classNames?: readonly string[];
}

const CLASSES = 10;
const STEPS_PER_EPOCH = 157;
const EPOCHS = 5;
const BATCH = 64;
const TEST_SAMPLES = 2_000;
const STARTED_AT = Date.UTC(2026, 4, 3, 9, 30);
/** Seconds a step takes. */
const STEP_SECONDS = 0.19;

/** Numbers in [0, 1) that look random and are the same each time. */
export function noise(index: number): number {
  const value = Math.sin(index * 12.9898 + 78.233) * 43_758.5453;
  return value - Math.floor(value);
}

const LENET: WatchedRun["layers"] = [
  { path: "0", kind: "Conv2d", outputShape: [6, 28, 28], parameters: 156 },
  { path: "1", kind: "ReLU", outputShape: [6, 28, 28], parameters: 0 },
  { path: "2", kind: "MaxPool2d", outputShape: [6, 14, 14], parameters: 0 },
  { path: "3", kind: "Conv2d", outputShape: [16, 10, 10], parameters: 2_416 },
  { path: "4", kind: "ReLU", outputShape: [16, 10, 10], parameters: 0 },
  { path: "5", kind: "MaxPool2d", outputShape: [16, 5, 5], parameters: 0 },
  { path: "6", kind: "Flatten", outputShape: [400], parameters: 0 },
  { path: "7", kind: "Linear", outputShape: [120], parameters: 48_120 },
  { path: "8", kind: "ReLU", outputShape: [120], parameters: 0 },
  { path: "9", kind: "Linear", outputShape: [84], parameters: 10_164 },
  { path: "10", kind: "ReLU", outputShape: [84], parameters: 0 },
  { path: "11", kind: "Linear", outputShape: [10], parameters: 850 },
];

/** A run that nobody computes: plausible figures, the same each time, and test digits that are real generated ones. */
export class FakeRun {
  readonly run: WatchedRun;
  readonly digits = generateDigits({ seed: 0, stream: 1, first: 0, count: 200 });
  state: WatchedRunState;
  step: number;
  learningRateFactor = 1;
  #options: FakeRunOptions;
  #told = 0;
  #events: WatchedEvent[] = [];

  constructor(options: FakeRunOptions = {}) {
    this.#options = options;
    const { isText = false, hasTest = true, name = "digits" } = options;
    this.step = options.stepsDone ?? 420;
    this.state = options.state ?? (options.workers === 0 ? "waiting" : "running");
    this.run = {
      id: "digits",
      name,
      mode: "sync",
      parameters: 61_706,
      trainableParameters: 61_706,
      layers: LENET,
      batchSize: BATCH,
      microbatch: 64,
      epochs: EPOCHS,
      stepsPerEpoch: STEPS_PER_EPOCH,
      totalSteps: EPOCHS * STEPS_PER_EPOCH,
      trainSamples: 10_000,
      testSamples: hasTest ? TEST_SAMPLES : 0,
      seed: 0,
      codecs: ["float16", "float32"],
      metrics: isText ? [] : ["accuracy"],
      fields: isText
        ? [{ name: "inputs", dtype: "int32", shape: [128] }]
        : [
            { name: "inputs", dtype: "uint8", shape: [1, 28, 28] },
            { name: "targets", dtype: "int32", shape: [] },
          ],
      classes: isText ? null : CLASSES,
      classNames: options.classNames ?? null,
      joinUrl: options.joinUrl ?? "http://192.168.1.23:7700/join#t=Zk3pQ9xVbT5sLw8mRy2nHc",
      features: { predict: !isText, activations: !isText && hasTest, samples: !isText && hasTest },
      startedAt: STARTED_AT,
    };
    this.#say("listening", `${name} is open for workers`);
    for (const worker of this.workers().slice(0, 6)) this.#say("worker", `${worker.name} joined`);
    if ((options.workers ?? 4) > 2) {
      this.#say("reissued", "Samples 1024 to 1087 of step 231 were leased again: lost was Pixel 9 of Ana", "warning");
    }
    for (const epoch of this.epochs(0)) {
      const text = `Epoch ${epoch.epoch} is over: training loss ${epoch.trainLoss?.toFixed(3)}, test accuracy 97.1 %`;
      this.#say("epoch", text);
    }
    if (this.step > 200) this.#say("checkpoint", "Checkpoint of step 400 in runs/digits/checkpoints/400");
  }

  #say(kind: string, text: string, level: WatchedEvent["level"] = "info"): void {
    const id = this.#events.length;
    this.#events.push({ id, time: STARTED_AT + 7_000 * id, level, kind, text });
  }

  workers(): readonly WatchedWorker[] {
    const { workers = 4, workerNames } = this.#options;
    return fakeWorkers(workers, this.step, workerNames);
  }

  point(step: number): StepPoint {
    const wobble = noise(step) - 0.5;
    const loss =
      2.3 * Math.exp(-step / 60) + 0.09 + 0.12 * Math.exp(-step / 300) + 0.16 * wobble * Math.exp(-step / 500);
    const accuracy = Math.min(1, 0.99 - 0.88 * Math.exp(-step / 55) + 0.05 * wobble * Math.exp(-step / 600));
    const seconds = 4 + STEP_SECONDS * step;
    return {
      step,
      samples: BATCH * step,
      seconds,
      loss,
      gradientNorm: 1.2,
      metrics: this.run.metrics.length === 0 ? {} : { accuracy },
    };
  }

  epochs(after: number): readonly EpochPoint[] {
    const count = Math.min(EPOCHS, Math.floor(this.step / STEPS_PER_EPOCH));
    return Array.from({ length: count }, (_, index): EpochPoint => {
      const step = (index + 1) * STEPS_PER_EPOCH;
      const { loss, metrics, seconds } = this.point(step);
      const hasTest = this.run.testSamples > 0;
      const { accuracy } = metrics;
      const tested = accuracy === undefined ? {} : { accuracy: 0.965 + 0.006 * index };
      return {
        epoch: index + 1,
        step,
        seconds,
        trainLoss: loss,
        testLoss: hasTest ? 0.155 - 0.02 * index : null,
        trainMetrics: accuracy === undefined ? {} : { accuracy },
        testMetrics: hasTest ? tested : {},
      };
    }).filter((epoch) => epoch.step > after);
  }

  throughput(from: number): readonly ThroughputPoint[] {
    const last = Math.floor(this.step * STEP_SECONDS);
    const first = Math.max(0, last - 90, from);
    return Array.from({ length: Math.max(0, last - first) }, (_, index): ThroughputPoint => {
      const seconds = first + index + 1;
      const rates = this.workers().map((worker, place): [string, number] => {
        const away = place === 1 && seconds % 60 > 48 ? 0 : 1;
        return [worker.id, Math.round(away * worker.samplesPerSecond * (0.86 + 0.28 * noise(seconds * 7 + place)))];
      });
      const byWorker = Object.fromEntries(rates.filter(([, rate]) => rate > 0));
      return { seconds, total: rates.reduce((sum, [, rate]) => sum + rate, 0), byWorker };
    });
  }

  confusion(): WatchedConfusion | null {
    if (this.run.classes === null || this.run.testSamples === 0 || this.step < STEPS_PER_EPOCH) return null;
    const counts = Array.from({ length: CLASSES }, (_, label) =>
      Array.from({ length: CLASSES }, (_, predicted) => {
        if (label === predicted) return 0;
        const chance = noise(label * 31 + predicted);
        const likely = ["4 9", "9 4", "3 5", "7 1", "8 3"].includes(`${label} ${predicted}`);
        return likely ? 3 + Math.round(9 * chance) : Math.max(0, Math.round(3 * chance - 2));
      }),
    );
    counts.forEach((row, label) => {
      row[label] = TEST_SAMPLES / CLASSES - row.reduce((sum, count) => sum + count, 0);
    });
    return { step: this.step, counts, samples: TEST_SAMPLES };
  }

  progress(): WatchedProgress {
    const { state, step } = this;
    const workers = this.workers();
    const slow = workers.find((worker) => worker.state === "slow") ?? workers[0];
    const why = {
      waiting: "No worker is ready: open the join link on a device.",
      running: `Step ${step + 1} waits for ${slow?.name}: 16 samples, asked for 0.4 s ago, expected within 1.1 s.`,
      evaluating: "The test data is being evaluated: 1 216 of 2 000 samples are in.",
      paused: `The run is paused after step ${step}; nothing is leased until it is resumed.`,
      saving: "The last checkpoint is being written.",
      finished: "The run is over.",
    }[state];
    const running = state === "running" || state === "evaluating";
    return {
      state,
      outcome: this.#options.outcome ?? null,
      step,
      epoch: 1 + Math.floor(step / STEPS_PER_EPOCH),
      samples: BATCH * step,
      stepSamplesIn: running ? 48 : 0,
      stepSamples: BATCH,
      seconds: 4 + STEP_SECONDS * step,
      samplesPerSecond: running ? workers.reduce((sum, worker) => sum + worker.samplesPerSecond, 0) : 0,
      learningRateFactor: this.learningRateFactor,
      why,
    };
  }

  #now() {
    const gradients = 3 * this.step;
    const size = this.run.parameters;
    return {
      progress: this.progress(),
      workers: this.workers(),
      traffic:
        gradients === 0
          ? []
          : [
              {
                codec: "float16",
                bytesIn: 2 * size * gradients,
                bytesOut: 4 * size * gradients,
                uncodedBytesIn: 4 * size * gradients,
              },
              {
                codec: "float32",
                bytesIn: size * gradients,
                bytesOut: size * gradients,
                uncodedBytesIn: size * gradients,
              },
            ],
      staleness: [gradients, Math.floor(gradients / 60), Math.floor(gradients / 300), 0, 0, 0],
    };
  }

  snapshot(): WatchSnapshot {
    this.#told = this.step;
    return {
      type: "snapshot",
      role: this.#options.role ?? "admin",
      run: this.run,
      ...this.#now(),
      steps: Array.from({ length: this.step }, (_, index) => this.point(index + 1)),
      epochs: this.epochs(0),
      throughput: this.step === 0 ? [] : this.throughput(0),
      events: this.#events,
      confusion: this.confusion(),
    };
  }

  /** What came since the message before. */
  update(): WatchUpdate {
    const from = this.#told;
    this.#told = this.step;
    return {
      type: "update",
      ...this.#now(),
      steps: Array.from({ length: this.step - from }, (_, index) => this.point(from + index + 1)),
      epochs: this.epochs(from),
      throughput: this.step === 0 ? [] : this.throughput(Math.floor(from * STEP_SECONDS)),
      events: this.#events,
      confusion: this.epochs(from).length > 0 ? this.confusion() : null,
    };
  }
}
