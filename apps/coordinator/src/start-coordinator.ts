import { randomBytes } from "node:crypto";
import type { RunSummary } from "@tributary/coordinator";
import type { RunCommand, RunEvent } from "@tributary/program";
import { JOIN_PATH } from "@tributary/protocol";
import { type Callback, type TracedRun, TrainedModel } from "@tributary/training";
import { AccessRules, isLoopback, localAddresses } from "./access.ts";
import { ComputeLink } from "./compute/compute-link.ts";
import type { ComputeSetup, EncodedParameters } from "./compute/compute-message.ts";
import { EffectShell } from "./effect-shell.ts";
import { WAITING_BYTES_MAX } from "./limits.ts";
import { pageOf } from "./page.ts";
import { blobsOf, computeSetupOf, type RunTuning, settingsOf } from "./run-content.ts";
import { type RunningServer, type ServerOptions, startServer, type TlsIdentity } from "./server.ts";
import { hashOf, RunStorage } from "./storage.ts";
import { type Traffic, WorkerSocket } from "./worker-socket.ts";

/** How a coordinator is started. */
export interface CoordinatorOptions {
  readonly run: TracedRun;
  /** The run's folder: log, checkpoints, model. Made if it is not there. */
  readonly out: string;
  /** Address to listen on. Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** What joining takes. Default: none on this machine alone, otherwise a random one of 128 bits. */
  readonly token?: string;
  /**
   * Given: HTTPS and wss on `host`. Beside it plain HTTP on 127.0.0.1 alone, on a port of its own, where browsers of this machine need no
   * certificate and workers of this machine no encryption.
   */
  readonly tls?: TlsIdentity;
  /** Names and addresses that it may be asked under beside its own, IPv6 addresses in brackets. The first one stands in its links. */
  readonly names?: readonly string[];
  /** Where a tunnel or a proxy shows it to others, such as `https://train.example.org`; then joining takes a token on any host. */
  readonly publicOrigin?: string;
  /** Codecs of gradients the run admits, preferred ones first. Default float32 alone. */
  readonly codecs?: readonly string[];
  /** Where the coordinator's own part is computed. Default "auto". */
  readonly backend?: ComputeSetup["backend"];
  readonly tuning?: RunTuning;
  /** Follow the run's events and answer with commands. */
  readonly callbacks?: readonly Callback[];
  /** Hears every event: what `--json` prints. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** A run that is over. */
export interface CoordinatorResult extends RunSummary {
  /** Path of the model; null when nothing useful was learnt. */
  readonly model: string | null;
  readonly parametersSha256: string | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** A coordinator that listens. */
export interface RunningCoordinator {
  readonly url: string;
  /** What a worker opens; holds the token, if there is one. */
  readonly joinUrl: string;
  /** The same within this machine: past a proxy, and plain HTTP on loopback where there is TLS to the outside. */
  readonly localJoinUrl: string;
  readonly runId: string;
  /** Resolves when the run is over and everything is closed. Rejects only for a fault of this program. */
  readonly finished: Promise<CoordinatorResult>;
  /** Finishes the open step, saves, and ends the run; `finished` then resolves. */
  stop(reason: string): void;
  command(command: RunCommand): void;
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
  url = "";
  joinUrl = "";
  localJoinUrl = "";
  readonly runId: string;
  readonly #options: CoordinatorOptions;
  readonly #storage: RunStorage;
  readonly #compute = new ComputeLink();
  readonly #traffic: Traffic = { sent: 0, received: 0 };
  readonly #finished = Promise.withResolvers<CoordinatorResult>();
  #servers: RunningServer[] = [];
  #shell: EffectShell | null = null;
  #model: { readonly path: string; readonly parametersSha256: string } | null = null;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    // Lower case, because ids of runs are; the random part tells runs of one name apart.
    const name = options.run.name.toLowerCase().slice(0, 48);
    this.runId = `${name}-${randomBytes(4).toString("hex")}`;
    this.#storage = new RunStorage(options.out);
  }

  get finished(): Promise<CoordinatorResult> {
    return this.#finished.promise;
  }

  async start(): Promise<void> {
    const { run, host = "127.0.0.1", port = 0, backend = "auto", tls, names = [], publicOrigin } = this.#options;
    const isOpen = tls !== undefined || publicOrigin !== undefined || !isLoopback(host);
    const token = this.#options.token ?? (isOpen ? randomBytes(16).toString("base64url") : null);
    const further = publicOrigin === undefined ? names : [...names, new URL(publicOrigin).hostname];
    try {
      const encoded = await this.#compute.request("open", computeSetupOf(run, backend));
      const shell = this.#createShell(encoded);
      this.#shell = shell;
      const waitingBytesMax = WAITING_BYTES_MAX + 2 * encoded.frames.reduce((sum, frame) => sum + frame.byteLength, 0);
      const served: Pick<ServerOptions, "content" | "onSocket"> = {
        content: {
          blobs: blobsOf(run),
          run: this.runId,
          description: () => this.#description(),
          page: pageOf(this.runId),
        },
        onSocket: (socket, address) => {
          const { memory } = shell;
          const connection = { address, handlers: shell, traffic: this.#traffic, waitingBytesMax, memory };
          shell.addSocket(new WorkerSocket(shell.newWorkerId(), socket, connection));
        },
      };
      await this.#listen({ ...served, host, port, access: new AccessRules(host, token, further), ...(tls && { tls }) });
      if (tls !== undefined) await this.#listenOnLoopback(served, token);
    } catch (error) {
      for (const server of this.#servers) await server.close();
      await this.#compute.close();
      throw error;
    }
    const [outer, inner] = this.#servers;
    const path = `${JOIN_PATH}${token === null ? "" : `#t=${token}`}`;
    const ownOrigin = `${tls === undefined ? "http" : "https"}://${names[0] ?? shownHost(host)}:${outer?.port}`;
    this.url = publicOrigin ?? ownOrigin;
    this.joinUrl = `${this.url}${path}`;
    this.localJoinUrl = inner === undefined ? `${ownOrigin}${path}` : `http://${LOOPBACK_HOST}:${inner.port}${path}`;
    const parameters = run.layout.parameters.reduce((sum, { length }) => sum + length, 0);
    this.#tell({ event: "listening", url: this.url, joinUrl: this.joinUrl, run: this.runId, parameters });
    // The first event opens the first step, so that a run without workers says that it waits.
    this.#shell?.dispatch({ type: "tick" });
  }

  async #listen(options: ServerOptions): Promise<void> {
    this.#servers.push(await startServer(options));
  }

  /** A second server beside that with TLS, for what runs on this machine. */
  async #listenOnLoopback(served: Pick<ServerOptions, "content" | "onSocket">, token: string | null): Promise<void> {
    await this.#listen({ ...served, host: LOOPBACK_HOST, port: 0, access: new AccessRules(LOOPBACK_HOST, token) });
  }

  stop(reason: string): void {
    this.command({ command: "stop", reason });
  }

  command(command: RunCommand): void {
    this.#shell?.dispatch({ type: "command", command });
  }

  describe(): string {
    return this.#shell?.machine.describe() ?? "The coordinator is starting";
  }

  async kill(): Promise<void> {
    this.#shell?.dispose();
    for (const server of this.#servers) await server.close();
    await this.#compute.close();
    await this.#storage.close();
  }

  #createShell(encoded: EncodedParameters): EffectShell {
    const { run, codecs = ["float32"], tuning = {} } = this.#options;
    const settings = settingsOf(run, this.runId, codecs, tuning);
    return new EffectShell({
      settings,
      compute: this.#compute,
      encoded,
      sumNames: run.sums.names,
      metricForms: run.sums.forms,
      persist: (record) => this.#storage.append(record),
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

  #description(): Readonly<Record<string, unknown>> {
    const { run } = this.#options;
    const machine = this.#shell?.machine;
    return {
      run: this.runId,
      name: run.name,
      layoutHash: run.layout.hash,
      parameters: run.layout.parameterLength,
      step: machine?.step ?? 0,
      phase: machine?.phase ?? "starting",
      workers: machine?.sizes.workers ?? 0,
      state: this.describe(),
    };
  }

  /** Tells everybody, and passes on what the callbacks ask for. */
  #tell(event: RunEvent): void {
    try {
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
    this.#tellEnd(summary, result);
    // The sockets get the time to deliver `finish` and their close frames.
    setTimeout(() => {
      void this.kill().then(() => this.#finished.resolve(result), this.#finished.reject);
    }, FAREWELL_MILLISECONDS);
  }

  #tellEnd(
    { outcome, reason, steps, samples, seconds, samplesPerSecond, test }: RunSummary,
    result: CoordinatorResult,
  ): void {
    if (outcome === "diverged") {
      const remedy = "Lower the learning rate, or clip the gradient";
      this.#tell({ event: "error", code: "DIVERGED", message: reason, remedy });
    } else if (outcome === "failed") {
      this.#tell({ event: "error", code: "RUN_FAILED", message: reason, remedy: "See the messages before this one" });
    }
    const { model, parametersSha256, bytesSent, bytesReceived } = result;
    if (model === null || parametersSha256 === null) return;
    const written = { model, parametersSha256, bytesSent, bytesReceived };
    this.#tell({ event: "finished", steps, samples, seconds, samplesPerSecond, ...test, ...written });
  }

  #fail(error: Error): void {
    void this.kill().then(() => this.#finished.reject(error), this.#finished.reject);
  }
}

/** Milliseconds between the last message to the workers and the end of the server. */
const FAREWELL_MILLISECONDS = 200;

/** The address that only this machine reaches. */
const LOOPBACK_HOST = "127.0.0.1";

/** How people reach a server that listens on `host`. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return localAddresses()[0] ?? "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
