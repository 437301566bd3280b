import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import {
  CoordinatorAppError,
  type CoordinatorOptions,
  type CoordinatorResult,
  type RunningCoordinator,
  startCoordinator,
} from "@tributary/coordinator-app";
import { Reporter, type ReporterOutput, type Run, totalSteps, traceRun, withOverrides } from "@tributary/training";
import { builtPages } from "./built-pages.ts";
import { datasetAt } from "./data-source.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { LocalWorkers } from "./local-workers.ts";
import { openInBrowser } from "./open-in-browser.ts";
import type { Options } from "./options.ts";
import { reachOf } from "./reach/reach.ts";
import { loadRun } from "./run-file.ts";
import { StopSignals } from "./stop-signals.ts";

/** Codecs that a person may name. */
const CODEC_NAMES = ["float32", "float16"];

/** What `train` and `serve` need of the surroundings. */
export interface TrainSurroundings {
  readonly output: ReporterOutput;
  /** For the name of the run's folder. */
  readonly now: () => Date;
}

/**
 * Runs a coordinator, with `localWorkers` processes of its own, until its run is over.
 * @returns the exit code @throws CommandError, and the coded errors of the packages
 */
export async function train(
  file: string,
  options: Options,
  localWorkers: number | null,
  surroundings: TrainSurroundings,
): Promise<ExitCode> {
  const run = applyOptions(await loadRun(file), options);
  const style = options.json ? "json" : options.quiet ? "quiet" : "people";
  const say = (text: string) => surroundings.output.words(`${text}\n`);
  // Read and compressed while the run is traced.
  const pages = builtPages({ onBuild: (text) => style === "people" && say(text), onProblem: say });
  const traced = await traceRun(run);
  const plan = { epochs: run.epochs, steps: totalSteps(traced.recipe, traced.data.manifest) };
  const reporter = new Reporter(style, plan, surroundings.output);
  // The heap is small, but each upload counts towards V8's wish to mark all of it, every few steps. Without marking in between,
  // the quick collection of young objects frees those bytes. The flag is the whole process's, which is this command's own.
  setFlagsFromString("--no-incremental-marking");
  const reach = await reachOf(options, surroundings.now());
  const coordinator = await listening({
    run: traced,
    out: outFolder(run, options, surroundings.now()),
    callbacks: run.callbacks,
    codecs: [codecOf(options)],
    pages: await pages,
    onEvent: (event) => reporter.report(event),
    ...backendOption(options),
    ...given(options, ["port", "token"]),
    ...reach.coordinator,
  });
  const opened = await reach.open(coordinator, surroundings.output.columns()).catch(async (error: unknown) => {
    await coordinator.kill();
    throw error;
  });
  if (!options.quiet && opened.lines.length > 0) reporter.say(...opened.lines);
  // Holds the token that steers the run: for the terminal of whoever started it, and nowhere else.
  if (style === "people") reporter.say(`  dashboard    ${coordinator.dashboardUrl}`);
  const closePage = options.open ? await openInBrowser(coordinator.dashboardUrl) : async () => {};
  const workers = startWorkers(coordinator, options, localWorkers, reporter);
  const signals = new StopSignals((signal) => {
    reporter.say(`${signal}: finishing the step, then saving; once more to leave at once`);
    coordinator.stop(`stopped by ${signal}`);
  });
  try {
    const result = await coordinator.finished;
    return exitCodeOf(result, signals);
  } finally {
    signals.dispose();
    await workers.end();
    await opened.close();
    await closePage();
    reporter.end();
  }
}

/** Starts the coordinator. @throws CommandError CANNOT_CONNECT when its address is taken */
async function listening(options: CoordinatorOptions): Promise<RunningCoordinator> {
  try {
    return await startCoordinator(options);
  } catch (error) {
    if (!(error instanceof CoordinatorAppError) || error.code !== "CANNOT_BIND") throw error;
    const remedy = "Choose another --port or --host, or end the process that has it";
    throw new CommandError("CANNOT_CONNECT", error.message, remedy, { cause: error });
  }
}

function startWorkers(
  coordinator: RunningCoordinator,
  options: Options,
  count: number | null,
  reporter: Reporter,
): LocalWorkers {
  return new LocalWorkers({
    count: count ?? options.workers ?? availableParallelism(),
    worker: { url: coordinator.localJoinUrl, ...given(options, ["threads", "backend"]) },
    onProblem: (message) => reporter.say(message),
    onAllFailed: (message) => {
      const remedy = "Mend what the message says; workers elsewhere may still join";
      reporter.report({ event: "error", code: "WORKER_FAILED", message, remedy });
      if (!isReachable(options)) coordinator.stop(message);
    },
  });
}

/** Whether workers elsewhere may join. */
function isReachable({ host, lan, domain }: Options): boolean {
  return host !== undefined || lan || domain !== undefined;
}

/** The run with what the command line changes in it. */
function applyOptions(run: Run, options: Options): Run {
  return withOverrides(run, {
    ...given(options, ["epochs", "steps", "batchSize", "learningRate", "seed"]),
    ...(options.data === undefined ? {} : { data: datasetAt(options.data, run.data) }),
  });
}

/** Those of the options that were given. */
function given<Key extends keyof Options>(options: Options, keys: readonly Key[]): Pick<Options, Key> {
  const picked = { ...options };
  for (const key of Object.keys(picked)) {
    if (!keys.some((wanted) => wanted === key)) Reflect.deleteProperty(picked, key);
  }
  return picked;
}

/** Where the coordinator's own part runs: on the reference only when that is asked for, so that a test can. */
function backendOption({ backend }: Options): { backend?: "wasm" | "reference" } {
  return backend === "wasm" || backend === "reference" ? { backend } : {};
}

function codecOf({ codec = "float32" }: Options): string {
  if (CODEC_NAMES.includes(codec)) return codec;
  throw new CommandError("USAGE", `--codec is ${JSON.stringify(codec)}`, `Choose one of ${CODEC_NAMES.join(", ")}`);
}

/** `runs/NAME-2026-01-31-120000` in the current folder, unless --out says otherwise. */
function outFolder(run: Run, options: Options, now: Date): string {
  if (options.out !== undefined) return resolve(options.out);
  const time = now.toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");
  return resolve(join("runs", `${run.name}-${time}`));
}

function exitCodeOf(result: CoordinatorResult, signals: StopSignals): ExitCode {
  if (result.outcome === "diverged") return EXIT_CODES.diverged;
  if (result.outcome === "failed") return EXIT_CODES.failure;
  if (signals.received === "SIGINT") return EXIT_CODES.interrupted;
  if (signals.received === "SIGTERM") return EXIT_CODES.terminated;
  // A callback may stop a run early, and that is how it is meant; workers that all failed stop it too, and that is not.
  return result.outcome === "stopped" && result.steps === 0 ? EXIT_CODES.failure : EXIT_CODES.done;
}
