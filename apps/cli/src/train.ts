import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import {
  CoordinatorAppError,
  type CoordinatorResult,
  type RunningCoordinator,
  startCoordinator,
} from "@tributary/coordinator-app";
import { Reporter, type ReporterOutput, type Run, totalSteps, traceRun, withOverrides } from "@tributary/training";
import { builtPages } from "./built-pages.ts";
import { datasetAt } from "./data-source.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { checkGpuAsked } from "./gpu-asked.ts";
import { LinksFirst } from "./links-first.ts";
import { LocalWorkers } from "./local-workers.ts";
import { openInBrowser } from "./open-in-browser.ts";
import { LOCAL_WORKERS_MAX, type Options } from "./options.ts";
import { reachOf } from "./reach/reach.ts";
import { loadRun } from "./run-file.ts";
import { StopSignals } from "./stop-signals.ts";
import { chosenTokens } from "./tokens.ts";

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
  if (localWorkers !== 0 && options.workers !== 0) checkGpuAsked(options);
  const tokens = chosenTokens(options, process.env);
  const codecs = [codecOf(options)];
  const run = applyOptions(await loadRun(file), options);
  const reach = await reachOf(options, surroundings.now());
  const style = options.json ? "json" : options.quiet ? "quiet" : "people";
  const say = (text: string) => surroundings.output.words(`${text}\n`);
  // Read and compressed while the run is traced.
  const pages = builtPages({ onBuild: (text) => style === "people" && say(text), onProblem: say });
  const traced = await traceRun(run);
  const plan = { epochs: run.epochs, steps: totalSteps(traced.recipe, traced.data.manifest) };
  const reporter = new Reporter(style, plan, surroundings.output);
  const links = new LinksFirst(reporter, style === "people");
  // The heap is small, but each upload counts towards V8's wish to mark all of it, every few steps. Without marking in between,
  // the quick collection of young objects frees those bytes. The flag is the whole process's, which is this command's own.
  setFlagsFromString("--no-incremental-marking");
  // Not before: a run file that never comes to an end could not be interrupted.
  const signals = new StopSignals(surroundings.output.nowMs);
  const coordinator = await startCoordinator({
    run: traced,
    out: outFolder(run, options, surroundings.now()),
    callbacks: run.callbacks,
    codecs,
    pages: await pages,
    onEvent: (event) => links.report(event),
    ...backendOption(options),
    ...given(options, ["port"]),
    ...tokens,
    ...reach.coordinator,
  }).catch(rethrow);
  signals.onFirst((signal) => {
    reporter.say(`${signal}: finishing the step, then saving; once more to leave at once`);
    coordinator.stop(`stopped by ${signal}`);
  });
  const opened = await reach.open(coordinator, surroundings.output.columns()).catch(async (error: unknown) => {
    await coordinator.kill();
    throw error;
  });
  if (!options.quiet && opened.lines.length > 0) reporter.say(...opened.lines);
  // Holds the token that steers the run: for the terminal of whoever started it, and nowhere else.
  if (style === "people") reporter.say(`  dashboard    ${coordinator.dashboardUrl}`);
  links.areShown(localWorkers !== 0 && options.workers !== 0);
  const closePage = options.open ? await openInBrowser(coordinator.dashboardUrl) : async () => {};
  const workers = startWorkers(coordinator, options, localWorkers, reporter);
  try {
    const result = await coordinator.finished.catch(rethrow);
    return exitCodeOf(result, signals, workers.haveFailed);
  } finally {
    signals.dispose();
    await workers.end();
    await opened.close();
    await closePage();
    reporter.end();
  }
}

/** An error of the coordinator as one that says what to do on the command line: CANNOT_CONNECT or STORAGE_FAILED. @throws it, or the error itself */
function rethrow(error: unknown): never {
  if (!(error instanceof CoordinatorAppError)) throw error;
  if (error.code === "CANNOT_BIND") {
    const [what = ""] = error.message.split(": ");
    throw new CommandError("CANNOT_CONNECT", what, bindRemedy(error.cause), { cause: error });
  }
  if (error.code === "STORAGE_FAILED") {
    const remedy = "Choose another folder with --out, or see the rights of this one and the space on its disk";
    throw new CommandError("STORAGE_FAILED", error.message, remedy, { cause: error });
  }
  throw error;
}

/** What to do about an address that cannot be listened on. */
function bindRemedy(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  if (code === "EADDRINUSE") return "Choose another --port, or end the process that has it";
  if (code === "EACCES") return "Ports below 1024 take special rights: choose a --port from 1024 on";
  return "Give --host an address of this machine, as tributary doctor lists them, or 0.0.0.0 for all of them";
}

function startWorkers(
  coordinator: RunningCoordinator,
  options: Options,
  count: number | null,
  reporter: Reporter,
): LocalWorkers {
  return new LocalWorkers({
    count: count ?? options.workers ?? Math.min(availableParallelism(), LOCAL_WORKERS_MAX),
    worker: { url: coordinator.localJoinUrl, ...given(options, ["threads", "backend"]) },
    onProblem: (message) => reporter.say(message),
    onAllFailed: (message) => {
      const others = isReachable(options) ? "; workers elsewhere may still join" : ", and start again";
      const remedy = `Mend what the message says${others}`;
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

function exitCodeOf(result: CoordinatorResult, signals: StopSignals, workersHaveFailed: boolean): ExitCode {
  if (result.outcome === "diverged") return EXIT_CODES.diverged;
  if (result.outcome === "failed") return EXIT_CODES.failure;
  if (signals.received === "SIGINT") return EXIT_CODES.interrupted;
  if (signals.received === "SIGTERM") return EXIT_CODES.terminated;
  // A callback or the dashboard may stop a run early, and that is how it is meant; workers that all failed stop it too, and that is not.
  return result.outcome === "stopped" && workersHaveFailed ? EXIT_CODES.failure : EXIT_CODES.done;
}
