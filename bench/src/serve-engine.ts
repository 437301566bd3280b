import { createInterface } from "node:readline";

/** A model with its optimizer and data in one engine, ready to step. */
export interface PreparedWork {
  /** Trainable parameters, as the engine counts them. */
  readonly parameters: number;
  /** Compute threads of the engine. */
  readonly threads: number;
  /** One training step; done when it returns or its promise resolves, or else only asked for where `finish` waits for it. */
  step(): void | Promise<void>;
  /** Resolves when every step that was asked for is done. */
  finish?(): Promise<void>;
  /** Mean loss of a batch at present. Not timed. */
  loss(): number | Promise<number>;
}

/** Warming up ends when both are reached: an engine compiles, tiers up and fills its caches meanwhile. */
const WARM_UP_STEPS_MIN = 3;
const WARM_UP_MS_MIN = 1000;

/** Steps that are asked for before they are waited for, where an engine can be asked ahead. */
const STEPS_AHEAD = 8;

/**
 * The life of an engine's process, `node ENGINE WORK`: it prepares the work, warms up and says so; then, for every line
 * {"milliseconds": n} on standard input, it steps for that long and answers with what it did. It ends with its input.
 * Answers are JSON objects, one a line: {"state": "ready" | "window" | "refused", ...}. A window's `coreShare` is the part of
 * its time for which the thread really had a core.
 */
export async function serveEngine(prepare: (work: string) => Promise<PreparedWork>): Promise<void> {
  const answer = (object: object) => void process.stdout.write(`${JSON.stringify(object)}\n`);
  try {
    const prepared = await prepare(process.argv[2] ?? "");
    await runSteps(prepared, WARM_UP_MS_MIN, WARM_UP_STEPS_MIN);
    await requireFinite(prepared);
    const { parameters, threads } = prepared;
    answer({ state: "ready", parameters, threads });
    for await (const line of createInterface({ input: process.stdin })) {
      answer({ state: "window", ...(await runSteps(prepared, Number(JSON.parse(line).milliseconds), 1)) });
    }
    await requireFinite(prepared);
  } catch (error) {
    answer({ state: "refused", reason: firstLine(error) });
  }
  // Some engines leave timers or threads behind that would keep the process alive.
  process.exit(0);
}

async function runSteps(
  prepared: PreparedWork,
  millisecondsMin: number,
  stepsMin: number,
): Promise<{ steps: number; milliseconds: number; coreShare: number }> {
  const start = performance.now();
  const cpuStart = process.threadCpuUsage();
  let steps = 0;
  let milliseconds = 0;
  while (milliseconds < millisecondsMin || steps < stepsMin) {
    await prepared.step();
    steps += 1;
    if (steps % STEPS_AHEAD === 0) await prepared.finish?.();
    milliseconds = performance.now() - start;
  }
  await prepared.finish?.();
  milliseconds = performance.now() - start;
  const { user, system } = process.threadCpuUsage(cpuStart);
  return { steps, milliseconds, coreShare: (user + system) / 1000 / milliseconds };
}

/** A step on values that are not finite can be quicker or slower than a real one: its time says nothing. */
async function requireFinite(prepared: PreparedWork): Promise<void> {
  const loss = await prepared.loss();
  if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss} after some steps`);
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]?.slice(0, 300) ?? "";
}
