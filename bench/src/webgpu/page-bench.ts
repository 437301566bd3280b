import type { GpuCounts } from "./gpu-counters.ts";

/** A model with its optimizer and data on the GPU. */
export interface PageWork {
  /** Trainable parameters, as the engine counts them. */
  readonly parameters: number;
  /** Asks for one training step; everything of it is submitted when this returns or its promise resolves. */
  step(): void | Promise<void>;
  /** Mean loss of a batch at present. Not timed. */
  loss(): Promise<number>;
}

/** What an engine did in a window. */
export interface PageWindow {
  readonly steps: number;
  readonly milliseconds: number;
  readonly counts: GpuCounts;
}

/** What the page of an engine offers to the suite; see {@link offerBench}. */
export interface PageBench {
  /** Prepares a work and warms up. @returns trainable parameters */
  readonly prepare: (work: string) => Promise<number>;
  /** Steps for so many milliseconds, at least once. */
  readonly window: (milliseconds: number) => Promise<PageWindow>;
  /** Mean loss at present. */
  readonly loss: () => Promise<number>;
}

declare global {
  var pageBench: PageBench;
}

/** Warming up ends when both are reached: the first step builds pipelines, the second finds buffers to use again. */
const WARM_UP_STEPS_MIN = 2;
const WARM_UP_MS_MIN = 500;

/** Makes a page the engine's: the suite calls what this leaves behind. */
export function offerBench(prepare: (work: string) => Promise<PageWork>): void {
  let prepared: PageWork | null = null;
  const work = (): PageWork => {
    if (prepared === null) throw new Error("page-bench: prepare first");
    return prepared;
  };
  globalThis.pageBench = {
    prepare: async (name) => {
      prepared = await prepare(name);
      await runSteps(prepared, WARM_UP_MS_MIN, WARM_UP_STEPS_MIN);
      return prepared.parameters;
    },
    window: (milliseconds) => runSteps(work(), milliseconds, 1),
    loss: () => work().loss(),
  };
}

/** At most two steps are with the GPU at a time: it never waits for JavaScript, and no engine builds up work that is not in its time. */
async function runSteps(work: PageWork, millisecondsMin: number, stepsMin: number): Promise<PageWindow> {
  const { take, finished } = globalThis.gpuMeter;
  await finished();
  take();
  const start = performance.now();
  let steps = 0;
  let before = Promise.resolve();
  while (steps < stepsMin || performance.now() - start < millisecondsMin) {
    await work.step();
    steps += 1;
    const done = finished();
    await before;
    before = done;
  }
  await before;
  return { steps, milliseconds: performance.now() - start, counts: take() };
}
