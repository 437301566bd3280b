import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { MachineCommand, RunSummary } from "@tributary/coordinator";
import type { RunEvent } from "@tributary/program";
import { CLOSE_CODES } from "@tributary/protocol";
import { type Callback, type TracedRun, TrainedModel } from "@tributary/training";
import { ComputeLink } from "./compute/compute-link.ts";
import type { ComputeSetup, EncodedParameters } from "./compute/compute-message.ts";
import { EffectShell } from "./effect-shell.ts";
import { endEvents, type RunRemains } from "./end-events.ts";
import { Examiner } from "./examiner.ts";
import { WAITING_BYTES_MAX } from "./limits.ts";
import { type Links, type Listening, listen, type Reach, type Served } from "./listen.ts";
import { pageOf } from "./page.ts";
import type { Pages } from "./pages.ts";
import { blobsOf, computeSetupOf, type RunTuning, settingsOf } from "./run-content.ts";
import { hashOf, RunStorage } from "./storage.ts";
import { type LastJudgement, WatchDesk } from "./watch/watch-desk.ts";
import { inspectionOf, watchedRun } from "./watch/watched-run.ts";
import { type Traffic, WorkerSocket } from "./worker-socket.ts";
import { MANY_WRONG_TOKENS } from "./wrong-tokens.ts";

const DEFAULT_CODECS = ["float32"];

/** How a coordinator is started. */
export interface CoordinatorOptions extends Reach, LastJudgement {
  readonly run: TracedRun;
  /** The run's folder: log, checkpoints, model. Made if it is not there. */
  readonly out: string;
  /** Codecs of gradients the run admits, preferred ones first. Default float32 alone. */
  readonly codecs?: readonly string[];
  /** Where the coordinator's own part is computed. Default "auto". */
  readonly backend?: ComputeSetup["backend"];
  /** Built pages, as readPages gives them. Without them, a page without script says how to build them. */
  readonly pages?: Pages;
  readonly tuning?: RunTuning;
  /** Follow the run's events and answer with commands. */
  readonly callbacks?: readonly Callback[];
  /** Hears every event: what `--json` prints. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** A run that is over. */
export interface CoordinatorResult extends RunSummary, RunRemains {}

/** A coordinator that listens. */
export interface RunningCoordinator extends Links {
  readonly runId: string;
  /** Resolves when the run is over and everything is closed. Rejects only for a fault of this program. */
  readonly finished: Promise<CoordinatorResult>;
  /** Finishes the open step, saves, and ends the run; `finished` then resolves. */
  stop(reason: string): void;
  command(command: MachineCommand): void;
  /** Why the run is where it is, for people. */
  describe(): string;
  /** Ends at once, saving nothing; `finished` is left unresolved. */
  kill(): Promise<void>;
}

/**
 * Starts a coordinator for a run: serves what workers fetch, admits them, and drives the run to its end.
 * @throws CoordinatorAppError CANNOT_BIND, STORAGE_FAILED, COMPUTE_FAILED
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<RunningCoordinator> {
  const coordinator = new Coordinator(options);
  await coordinator.start();
  return coordinator;
}

class Coordinator implements RunningCoordinator {
  readonly runId: string;
  readonly #options: CoordinatorOptions;
  readonly #storage: RunStorage;
  readonly #compute: ComputeLink;
  /** Everything workers fetch by hash. */
  readonly #blobs: ReadonlyMap<string, Uint8Array>;
  readonly #traffic: Traffic = { sent: 0, received: 0 };
  readonly #finished = Promise.withResolvers<CoordinatorResult>();
  #listening: Listening | null = null;
  #desk: WatchDesk | null = null;
  #shell: EffectShell | null = null;
  #model: { readonly path: string; readonly parametersSha256: string } | null = null;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    // Lower case, because ids of runs are; the random part tells runs of one name apart.
    const name = options.run.name.toLowerCase().slice(0, 48);
    this.runId = `${name}-${randomBytes(4).toString("hex")}`;
    this.#storage = new RunStorage(options.out);
    this.#blobs = blobsOf(options.run);
    // Behind what may fail: its thread would keep the process alive.
    this.#compute = new ComputeLink();
  }

  get finished(): Promise<CoordinatorResult> {
    return this.#finished.promise;
  }

  get url(): string {
    return this.#listening?.url ?? "";
  }

  get joinUrl(): string {
    return this.#listening?.joinUrl ?? "";
  }

  get localJoinUrl(): string {
    return this.#listening?.localJoinUrl ?? "";
  }

  get dashboardUrl(): string {
    return this.#listening?.dashboardUrl ?? "";
  }

  async start(): Promise<void> {
    const { run, backend = "auto" } = this.#options;
    try {
      const encoded = await this.#compute.request("open", computeSetupOf(run, backend));
      const shell = this.#createShell(encoded);
      this.#shell = shell;
      this.#listening = await listen(this.#options, this.#served(shell, encoded));
      this.#desk = this.#createDesk(shell, this.#listening);
    } catch (error) {
      await this.#listening?.close();
      await this.#compute.close();
      throw error;
    }
    const parameters = run.layout.parameters.reduce((sum, { length }) => sum + length, 0);
    this.#tell({ event: "listening", url: this.url, joinUrl: this.joinUrl, run: this.runId, parameters });
    // The first event opens the first step, so that a run without workers says that it waits.
    this.#shell?.dispatch({ type: "tick" });
  }

  #served(shell: EffectShell, encoded: EncodedParameters): Served {
    const { pages = new Map() } = this.#options;
    const waitingBytesMax = WAITING_BYTES_MAX + 2 * encoded.frames.reduce((sum, frame) => sum + frame.byteLength, 0);
    return {
      content: {
        blobs: this.#blobs,
        run: this.runId,
        description: (trusted) => this.#description(trusted),
        pages,
        page: pageOf(this.runId),
      },
      onSocket: (socket, address) => {
        const { memory } = shell;
        const connection = { address, handlers: shell, traffic: this.#traffic, waitingBytesMax, memory };
        shell.addSocket(new WorkerSocket(shell.newWorkerId(), socket, connection));
      },
      onWatcher: (socket, role) => {
        // A page that was open before may be faster than this start.
        if (this.#desk === null) socket.close(CLOSE_CODES.busy.code, "the coordinator is starting");
        else this.#desk.add(socket, role);
      },
      onWrongTokens: () => this.#tell(MANY_WRONG_TOKENS),
    };
  }

  #createDesk(shell: EffectShell, { joinUrl }: Links): WatchDesk {
    const { run, codecs = DEFAULT_CODECS, lastJudgementMilliseconds } = this.#options;
    return new WatchDesk({
      run: watchedRun(run, { id: this.runId, joinUrl, codecs, startedAt: Date.now() }),
      compute: this.#compute,
      inspection: inspectionOf(run),
      view: (nowMs) => shell.machine.view(nowMs),
      links: () => shell.links,
      traffic: () => shell.meter.traffic,
      command: (command) => this.command(command),
      lastJudgementMilliseconds,
    });
  }

  stop(reason: string): void {
    this.command({ command: "stop", reason });
  }

  command(command: MachineCommand): void {
    this.#shell?.dispatch({ type: "command", command });
  }

  describe(): string {
    return this.#shell?.machine.describe() ?? "The coordinator is starting";
  }

  async kill(): Promise<void> {
    this.#desk?.dispose();
    this.#shell?.dispose();
    await this.#listening?.close();
    await this.#compute.close();
    await this.#storage.close();
  }

  #createShell(encoded: EncodedParameters): EffectShell {
    const { run, codecs = DEFAULT_CODECS, tuning = {} } = this.#options;
    const settings = settingsOf(run, this.runId, codecs, tuning);
    const examiner = new Examiner(this.#compute, settings.welcome, this.#blobs);
    return new EffectShell({
      settings,
      examine: (range) => examiner.examine(range),
      compute: this.#compute,
      encoded,
      sumNames: run.sums.names,
      metricForms: run.sums.forms,
      persist: async (record) => {
        await this.#storage.append(record);
        this.#desk?.onRecord(record);
      },
      checkpoint: async ({ step, position, final }, tensors) => {
        const { parameters, buffers } = tensors;
        const model = new TrainedModel(run, { parameters, buffers }, "auto").toSafetensors();
        const identity = { run: this.runId, layoutHash: run.layout.hash, seed: run.recipe.seed };
        const path = await this.#storage.writeCheckpoint({ step, position, tensors, model, ...identity });
        if (final) {
          const bytes = new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
          this.#model = { path: await this.#storage.writeModel(model), parametersSha256: hashOf(bytes) };
        }
        return path;
      },
      onEvent: (event) => this.#tell(event),
      onFinish: (summary) => this.#finish(summary),
      onFault: (error) => this.#fail(error),
      onViolation: (worker, error) => {
        const remedy = "Nothing needs to be done: only that worker's connection was closed";
        this.#tell({ event: "error", code: error.code, message: `Worker ${worker}: ${error.message}`, remedy });
      },
    });
  }

  #description(trusted: boolean): Readonly<Record<string, unknown>> {
    const { run } = this.#options;
    const machine = this.#shell?.machine;
    const phase = machine?.phase ?? "starting";
    const { fields, splits } = run.data.manifest;
    const shards = Object.values(splits).flatMap((split) => split.shards);
    const bytes = shards.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return {
      run: this.runId,
      name: run.name,
      layoutHash: run.layout.hash,
      parameters: run.layout.parameters.reduce((sum, { length }) => sum + length, 0),
      // What a sample is made of, so that a page can say what a device will be given.
      data: { samples: splits.train.samples, fields, bytes },
      step: machine?.step ?? 0,
      phase,
      workers: machine?.sizes.workers ?? 0,
      state: trusted ? this.describe() : `Step ${machine?.step ?? 0}: ${phase}`,
    };
  }

  /** Tells everybody, and passes on what the callbacks ask for. */
  #tell(event: RunEvent): void {
    try {
      this.#desk?.onEvent(event);
      this.#options.onEvent?.(event);
      for (const callback of this.#options.callbacks ?? []) {
        for (const command of callback.onEvent(event)) this.command(command);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #finish(summary: RunSummary): void {
    const { sent: bytesSent, received: bytesReceived } = this.#traffic;
    const result: CoordinatorResult = {
      ...summary,
      model: this.#model?.path ?? null,
      parametersSha256: this.#model?.parametersSha256 ?? null,
      bytesSent,
      bytesReceived,
    };
    for (const event of endEvents(summary, result)) this.#tell(event);
    const told = this.#desk?.finish(summary) ?? Promise.resolve();
    // The sockets get the time to deliver `finish` and their close frames.
    void told
      .then(() => wait(FAREWELL_MILLISECONDS))
      .then(() => this.kill().then(() => this.#finished.resolve(result), this.#finished.reject));
  }

  #fail(error: Error): void {
    void this.kill().then(() => this.#finished.reject(error), this.#finished.reject);
  }
}

/** Milliseconds between the last message to the workers and the end of the server. */
const FAREWELL_MILLISECONDS = 200;
