import { spawnNodeWorker, type WorkerProcess, type WorkerProcessOptions } from "@tributary/node-worker";

/** What {@link LocalWorkers} starts. */
export interface LocalWorkersOptions {
  readonly count: number;
  readonly worker: WorkerProcessOptions;
  /** A worker ended by itself; others go on. */
  readonly onProblem: (message: string) => void;
  /** The last one ended by itself, though the run is not over. */
  readonly onAllFailed: (message: string) => void;
}

/** How long workers have for leaving by themselves, in milliseconds. */
const LEAVE_WITHIN_MS = 5_000;

/** The worker processes of this command. They end with it. */
export class LocalWorkers {
  readonly #processes: readonly WorkerProcess[];
  readonly #options: LocalWorkersOptions;
  #left: number;
  #haveFailed = false;
  #ending = false;

  /** However this process ends, once it knows: a worker that is still starting would notice late that nobody is there. */
  readonly #onExit = () => {
    for (const { child } of this.#processes) child.kill("SIGKILL");
  };

  constructor(options: LocalWorkersOptions) {
    this.#options = options;
    this.#left = options.count;
    this.#processes = Array.from({ length: options.count }, (_, index) =>
      spawnNodeWorker({ name: `local-${index + 1}`, ...options.worker }),
    );
    process.once("exit", this.#onExit);
    this.#processes.forEach((worker, index) => void this.#watch(worker, index + 1));
  }

  /** Whether the last of them ended by itself, though the run was not over. */
  get haveFailed(): boolean {
    return this.#haveFailed;
  }

  /** Asks the workers to leave, and ends those that do not. */
  async end(): Promise<void> {
    this.#ending = true;
    for (const worker of this.#processes) worker.leave();
    const timer = setTimeout(this.#onExit, LEAVE_WITHIN_MS);
    await Promise.all(this.#processes.map(({ ended }) => ended));
    clearTimeout(timer);
    process.off("exit", this.#onExit);
  }

  async #watch(worker: WorkerProcess, number: number): Promise<void> {
    const { reason, message } = await worker.ended;
    this.#left -= 1;
    if (this.#ending || reason === "finished" || reason === "left") return;
    const text = `Local worker ${number} ended: ${message}`;
    if (this.#left > 0) {
      this.#options.onProblem(text);
      return;
    }
    this.#haveFailed = true;
    this.#options.onAllFailed(text);
  }
}
