import { EngineProcess, EngineRefusal, type Window } from "./engine-process.ts";
import { type Engine, findPytorchOnGpu, TRIBUTARY_DAWN } from "./engines.ts";
import { productFlops, productSize } from "./products.ts";
import type { Result, SuiteOptions } from "./suite.ts";
import { WORKLOADS } from "./workloads.ts";

/** Windows of one engine; the best counts. */
const WINDOWS = 5;
const WINDOW_MS = 1000;

/**
 * The works in Node over Dawn, where that finds a real GPU, and in PyTorch on the same GPU. Where there is none, one line says so.
 * @param works training steps of {@link WORKLOADS}, and products
 */
export async function measureOverDawn(works: readonly string[], options: SuiteOptions): Promise<void> {
  const pytorch = options.peers ? findPytorchOnGpu() : null;
  for (const work of works) {
    const ours = await bestWindow(TRIBUTARY_DAWN, work);
    if (ours instanceof EngineRefusal) {
      options.say(`${work}: Node over Dawn is left out: ${ours.message}`);
      // The reason is the machine's, and every other work has it too.
      return;
    }
    options.report(resultOf(TRIBUTARY_DAWN.name, work, ours, options.peakGflops));
    if (pytorch === null) continue;
    const theirs = await bestWindow(pytorch, work);
    if (theirs instanceof EngineRefusal) {
      options.say(`${work}: ${pytorch.name} cannot run it: ${theirs.message}`);
      options.reportRefusal({ suite: "webgpu", work, engine: pytorch.name, reason: theirs.message });
    } else {
      options.report(resultOf(pytorch.name, work, theirs, options.peakGflops));
    }
  }
}

/** On a GPU engines take turns as a whole: two that hold it at once would share it. */
async function bestWindow(engine: Engine, work: string): Promise<Window | EngineRefusal> {
  let running: EngineProcess | null = null;
  try {
    ({ running } = await EngineProcess.start(engine, work));
    let best = await running.window(WINDOW_MS);
    for (let round = 1; round < WINDOWS; round += 1) {
      const window = await running.window(WINDOW_MS);
      if (window.msPerStep < best.msPerStep) best = window;
    }
    return best;
  } catch (error) {
    if (error instanceof EngineRefusal) return error;
    throw error;
  } finally {
    running?.stop();
  }
}

function resultOf(engine: string, work: string, { msPerStep }: Window, peakGflops: number | null): Result {
  const size = productSize(work);
  const samples = size === null ? (WORKLOADS[work]?.batch ?? 1) : 1;
  const result = {
    suite: "webgpu",
    work,
    engine,
    threads: 1,
    msPerStep: Number(msPerStep.toFixed(4)),
    samplesPerSecond: Number(((1000 * samples) / msPerStep).toFixed(1)),
  };
  if (size === null) return result;
  const gflops = productFlops(size) / msPerStep / 1e6;
  const share = peakGflops === null ? {} : { shareOfPeak: Number((gflops / peakGflops).toFixed(4)) };
  return { ...result, gflops: Number(gflops.toFixed(1)), ...share };
}
