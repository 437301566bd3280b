import { crc32 } from "@tributary/protocol";
import {
  type Clock,
  type DeviceComputation,
  type DeviceEvent,
  helloOf,
  type SessionEnd,
  type SessionEvent,
  WorkerSession,
} from "@tributary/worker";
import type { ObstacleCode } from "../obstacles.ts";
import { CappedComputation } from "./capped-computation.ts";
import type { DeviceCap, PageMessage, PauseReason, StartSettings, ThreadMessage } from "./messages.ts";
import type { OpenComputationOptions } from "./open-computation.ts";
import type { SocketConnector } from "./socket-connector.ts";

/** Attempts to reach a coordinator before giving up, unless it answered once: some 15 seconds on average. */
const FIRST_ATTEMPTS_MAX = 6;

/** Milliseconds that a device is given to end. */
const DISPOSE_MILLISECONDS = 2_000;

/** What a loop needs of where it runs. */
export interface TrainingLoopOptions {
  readonly settings: StartSettings;
  readonly post: (message: ThreadMessage) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly connector: SocketConnector;
  /** HTTP status of the coordinator's server; null: nobody answers. */
  readonly askStatus: () => Promise<number | null>;
  /** Opens a device; called again after the number of threads was changed. */
  readonly open: (options: Omit<OpenComputationOptions, "backend" | "fetchBlob">) => Promise<DeviceComputation>;
}

/** A computation that is open, with its cap. */
interface Running {
  readonly computation: DeviceComputation;
  readonly capped: CappedComputation;
}

/**
 * A tab's worker: opens a device, and holds a session as long as the page wants one. A pause ends the session, so that the
 * run does not wait for a device that stands still; the device stays open, and going on takes one exchange.
 */
export class TrainingLoop {
  readonly #options: TrainingLoopOptions;
  #cap: DeviceCap;
  #worker: string | null;
  /** What a person agreed to: a coordinator that comes back with another run is refused by its id. */
  #run: string | null;
  #pausedFor: PauseReason | null = null;
  #isStopped = false;
  /** The open device is not the one that is wanted any more. */
  #isStale = false;
  #isOffline = false;
  #running: Running | null = null;
  #session: WorkerSession | null = null;
  #changed: () => void = () => {};

  constructor(options: TrainingLoopOptions) {
    this.#options = options;
    this.#cap = options.settings.cap;
    this.#worker = options.settings.resume;
    this.#run = options.settings.run;
  }

  /** Takes part until the run is over, the page says stop, or it is of no use to go on. Never rejects. */
  async run(): Promise<void> {
    const end = await this.#live().catch(faultOf);
    await this.#dispose();
    this.#options.post({ type: "ended", end });
  }

  /** Takes what the page says; `start` was before. */
  receive(message: Exclude<PageMessage, { readonly type: "start" }>): void {
    switch (message.type) {
      case "pause":
        this.#pausedFor = message.reason;
        this.#leave(message.reason);
        break;
      case "resume":
        this.#pausedFor = null;
        this.#changed();
        break;
      case "cap":
        this.#setCap(message.cap);
        break;
      case "network":
        void this.#onNetwork(message.online);
        break;
      case "wake":
        this.#session?.retryNow();
        break;
      case "stop":
        this.#isStopped = true;
        this.#leave("stopped");
        break;
      default:
        message satisfies never;
    }
  }

  async #live(): Promise<SessionEnd> {
    while (!this.#isStopped) {
      if (this.#pausedFor !== null) {
        this.#options.post({ type: "paused", reason: this.#pausedFor });
        await new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
        continue;
      }
      const running = await this.#open();
      if (this.#isWanted()) {
        const end = await this.#attend(running);
        if (end.reason !== "left") return end;
      }
    }
    return { reason: "left", message: "stopped", code: null };
  }

  /** One session, from joining to its end. */
  async #attend({ computation, capped }: Running): Promise<SessionEnd> {
    const { connector, clock, random, askStatus, settings } = this.#options;
    this.#session = new WorkerSession({
      connect: connector.connect,
      computation: capped,
      clock,
      random,
      crc32,
      hello: helloOf(computation, {
        name: settings.name,
        kind: "tab",
        processor: null,
        threads: () => this.#cap.threads,
        run: () => this.#run,
      }),
      resume: this.#worker,
      // Whoever was in before waits as long as it takes: a phone that wakes has no network yet.
      firstAttemptsMax: this.#worker === null ? FIRST_ATTEMPTS_MAX : Number.POSITIVE_INFINITY,
      isThere: async () => (await askStatus()) !== null,
      onEvent: (event) => this.#onEvent(event),
    });
    try {
      return await this.#session.run();
    } finally {
      this.#session = null;
    }
  }

  async #open(): Promise<Running> {
    const { open, clock, post } = this.#options;
    if (this.#running !== null && !this.#isStale) return this.#running;
    await this.#running?.capped.dispose();
    this.#running = null;
    this.#isStale = false;
    const { threads } = this.#cap;
    const computation = await open({
      threads,
      onObstacle: (code, detail) => this.#tellObstacle(code, detail),
      onDevice: (event) => this.#onDevice(event),
      onCompiling: (ready, of) => post({ type: "compiling", ready, of }),
    });
    const capped = new CappedComputation({
      computation,
      clock,
      share: this.#cap.share,
      onPrepared: ({ microbatch, layout }) => {
        const parameterBytes = 4 * (layout.parameterLength + layout.bufferLength);
        post({ type: "setup", microbatch, parameterBytes });
      },
    });
    this.#running = { computation, capped };
    return this.#running;
  }

  /** Whether a session may begin: the page may have changed its mind while a device was opened. */
  #isWanted(): boolean {
    return !this.#isStopped && this.#pausedFor === null && !this.#isStale;
  }

  /**
   * Gives the GPU back; one that does not answer goes with the thread. So do compute threads, which are left alone here: where they were
   * ended just before this thread, Chromium 156 was seen now and then to keep it.
   */
  async #dispose(): Promise<void> {
    if (this.#running?.computation.backend !== "webgpu") return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(DISPOSE_MILLISECONDS, resolve);
    await Promise.race([this.#running?.capped.dispose().catch(() => {}), late]);
    cancel();
  }

  #leave(reason: string): void {
    this.#changed();
    void this.#session?.leave(reason);
  }

  #setCap(cap: DeviceCap): void {
    const hadThreads = this.#cap.threads;
    this.#cap = cap;
    this.#running?.capped.setShare(cap.share);
    if (cap.threads === hadThreads || this.#running?.computation.backend === "webgpu") return;
    this.#isStale = true;
    this.#leave("another number of threads");
  }

  /** A browser's word that it is offline says nothing of a coordinator on this very machine: that one is asked. */
  async #onNetwork(online: boolean): Promise<void> {
    if (online) {
      this.#isOffline = false;
      this.#options.post({ type: "cleared", code: "OFFLINE" });
      this.#session?.retryNow();
      return;
    }
    this.#isOffline = true;
    const status = await this.#options.askStatus();
    if (status !== null || !this.#isOffline) return;
    this.#tellObstacle("OFFLINE", "");
    this.#options.connector.break();
  }

  #onDevice({ backend, adapter, sentence }: DeviceEvent): void {
    this.#options.post({ type: "device", device: { backend, adapter, threads: this.#threadsOf(backend) }, sentence });
  }

  /** A GPU is driven by one thread. */
  #threadsOf(backend: string): number {
    return backend === "webgpu" ? 1 : this.#cap.threads;
  }

  #onEvent(event: SessionEvent): void {
    if (event.type === "joined") {
      this.#worker = event.worker;
      this.#run = event.run;
    }
    this.#options.post({ type: "session", event });
    // The coordinator may have answered just before the network went: then nothing has said yet that this device is offline.
    if (event.type === "disconnected" && this.#isOffline) void this.#onNetwork(false);
  }

  #tellObstacle(code: ObstacleCode, detail: string): void {
    this.#options.post({ type: "obstacle", code, detail });
  }
}

/** The end of a session that nothing could go on with. */
function faultOf(error: unknown): SessionEnd {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "BROKEN_PAGE";
  return { reason: "failed", message, code };
}
