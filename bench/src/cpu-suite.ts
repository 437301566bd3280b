import { EngineProcess, EngineRefusal, type Window } from "./engine-process.ts";
import { type Engine, findPeers, TRIBUTARY } from "./engines.ts";
import type { Suite, SuiteOptions } from "./suite.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

/** Windows of one engine. The best counts: what else the machine does only ever makes a step slower. */
const WINDOWS = 5;
const WINDOW_MS = 1000;
/** On a busy machine windows go on up to this many, as long as some engine has not had a quiet one. */
const WINDOWS_MAX = 15;
/** A window is quiet if the engine had a core for this part of it. */
const QUIET_CORE_SHARE = 0.97;

/** Training steps on one core: the program `localStep` on the wasm device, and the same step of other frameworks. */
export const cpuSuite: Suite = {
  what: "training steps on one core: forward, backward, momentum SGD, float32",
  works: Object.fromEntries(
    Object.entries(WORKLOADS).map(([name, { what, batch }]) => [name, `${what}; batch ${batch}`]),
  ),
  ours: TRIBUTARY.name,
  run: runCpuSuite,
};

async function runCpuSuite(options: SuiteOptions): Promise<boolean> {
  const engines = options.peers ? [TRIBUTARY, ...findPeers(options.say)] : [TRIBUTARY];
  let whole = true;
  for (const work of options.works) {
    const workload = WORKLOADS[work];
    if (workload === undefined) throw new Error(`cpu-suite: there is no workload ${work}`);
    whole = (await measure(work, workload, engines, options)) && whole;
  }
  return whole;
}

/** One engine in the middle of a measurement. */
interface Runner {
  readonly running: EngineProcess;
  readonly threads: number;
  best: Window;
}

/** Starts every engine on the work, then gives each a window in turn, so that all see the same machine. */
async function measure(
  work: string,
  workload: Workload,
  engines: readonly Engine[],
  { say, report }: SuiteOptions,
): Promise<boolean> {
  const alive = new Map<Engine, Runner>();
  const attempt = async (engine: Engine, task: () => Promise<void>): Promise<void> => {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      alive.get(engine)?.running.stop();
      alive.delete(engine);
      say(`${work}: ${engine.name} cannot run it: ${error.message}`);
    }
  };
  try {
    for (const engine of engines) {
      say(`${work}: ${engine.name} is warming up`);
      await attempt(engine, async () => void alive.set(engine, await start(engine, work, workload, say)));
    }
    const disturbed = () => [...alive.values()].some(({ best }) => best.coreShare < QUIET_CORE_SHARE);
    for (let round = 0; round < WINDOWS || (round < WINDOWS_MAX && disturbed()); round += 1) {
      for (const [engine, runner] of [...alive]) {
        await attempt(engine, async () => {
          const window = await runner.running.window(WINDOW_MS);
          if (window.msPerStep < runner.best.msPerStep) runner.best = window;
        });
      }
    }
  } finally {
    for (const { running } of alive.values()) running.stop();
  }
  for (const [engine, { threads, best }] of alive) {
    const { msPerStep, coreShare } = best;
    if (coreShare < QUIET_CORE_SHARE) {
      const percent = Math.round(100 * coreShare);
      say(
        `${work}: ${engine.name} had a core for ${percent}% of its best window: the machine is busy, its figure too slow`,
      );
    }
    const samplesPerSecond = rounded((1000 * workload.batch) / msPerStep, 1);
    report({ suite: "cpu", work, engine: engine.name, threads, msPerStep: rounded(msPerStep, 3), samplesPerSecond });
  }
  return alive.has(TRIBUTARY);
}

async function start(engine: Engine, work: string, workload: Workload, say: (line: string) => void): Promise<Runner> {
  const { running, readiness } = await EngineProcess.start(engine, work);
  if (readiness.note !== null) say(`${work}: ${engine.name}: ${readiness.note}`);
  if (readiness.parameters !== workload.parameters) {
    running.stop();
    throw new EngineRefusal(
      `its model has ${readiness.parameters} trainable parameters, where the workload has ${workload.parameters}`,
    );
  }
  return { running, threads: readiness.threads, best: { msPerStep: Number.POSITIVE_INFINITY, coreShare: 0 } };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
