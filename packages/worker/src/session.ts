import { CLOSE_CODES, closeCodeOfRefusal, closeMeaning, retryPolicy, type WelcomeMessage } from "@tributary/protocol";
import { Backoff } from "./backoff.ts";
import type { RunSetup } from "./computation.ts";
import { Connection, type ConnectionEnd } from "./connection.ts";
import { WorkerError } from "./errors.ts";
import type { SessionEnd } from "./session-event.ts";
import type { SessionOptions } from "./session-options.ts";

/** What became of one attempt: the session's end, or a message and another attempt. */
type AttemptOutcome = { readonly end: SessionEnd } | { readonly retryAfter: string };

/** A worker's life: joins, computes leases, and comes back after a broken connection, until the run is over or it leaves. */
export class WorkerSession {
  readonly #options: SessionOptions;
  readonly #backoff: Backoff;
  #connection: Connection | null = null;
  #worker: string | null;
  #wasWelcome = false;
  /** What the computation is ready for; see setupKey. */
  #preparedFor: string | null = null;
  #leaving: string | null = null;
  #wake: () => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#worker = options.resume ?? null;
    this.#backoff = new Backoff(options.random);
  }

  /** Runs the session to its end. Called once. Rejects only for a fault of this program. */
  async run(): Promise<SessionEnd> {
    let failures = 0;
    while (this.#leaving === null) {
      this.#options.onEvent({ type: "connecting" });
      const outcome = await this.#attempt();
      if ("end" in outcome) return outcome.end;
      failures += 1;
      if (!this.#wasWelcome && failures >= this.#options.firstAttemptsMax) {
        return { reason: "unreachable", message: outcome.retryAfter, code: null };
      }
      await this.#pause(outcome.retryAfter);
    }
    return { reason: "left", message: this.#leaving, code: null };
  }

  /** Asks the session to end: unfinished leases go back, an upload that has begun is finished. `run` then resolves. */
  async leave(reason: string): Promise<void> {
    this.#leaving ??= reason;
    this.#wake();
    await this.#connection?.leave(reason);
  }

  /**
   * The network is back, or somebody looks at a page that may have slept: ends the wait before the next attempt, and takes a
   * connection that is silent for too long for broken.
   */
  retryNow(): void {
    this.#wake();
    this.#connection?.doubt();
  }

  /** One connection from beginning to end. */
  async #attempt(): Promise<AttemptOutcome> {
    const connection = new Connection({
      ...this.#options,
      resume: this.#worker,
      onWelcome: (welcome) => {
        this.#worker = welcome.worker;
        this.#wasWelcome = true;
      },
      onEvent: (event) => {
        // Not for a welcome alone: who is let in and then cannot fetch or hold what it needs would come back without rest.
        if (event.type === "ready") this.#backoff.reset();
        this.#options.onEvent(event);
      },
      prepare: (welcome) => this.#prepare(welcome),
    });
    try {
      const transport = await this.#options.connect(connection);
      this.#connection = connection;
      const served = connection.serve(transport);
      if (this.#leaving !== null) await connection.leave(this.#leaving);
      return this.#judge(await served);
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.code !== "CONNECT_REFUSED") return { retryAfter: error.message };
      return { end: { reason: "refused", message: error.message, code: error.code } };
    } finally {
      this.#connection = null;
    }
  }

  async #prepare(welcome: WelcomeMessage): Promise<void> {
    const key = setupKey(welcome);
    if (key === this.#preparedFor) return;
    this.#preparedFor = null;
    await this.#options.computation.prepare(welcome);
    this.#preparedFor = key;
  }

  #judge({ refused, finished, failure, code, reason }: ConnectionEnd): AttemptOutcome {
    if (finished !== null) return { end: { reason: "finished", message: finished, code } };
    if (failure !== null) return { end: { reason: "failed", message: failure.message, code: codeOf(failure) } };
    if (this.#leaving !== null) return { end: { reason: "left", message: this.#leaving, code } };
    if (refused !== null) {
      const message = `${refused.message}: ${refused.remedy}`;
      if (retryPolicy(closeCodeOfRefusal(refused.code)) === "backoff") return { retryAfter: message };
      const isOver = refused.code === "FINISHED";
      return { end: { reason: isOver ? "finished" : "refused", message, code: refused.code } };
    }
    const message = `${closeMeaning(code)} (${code}${reason === "" ? "" : `, ${reason}`})`;
    if (retryPolicy(code) === "backoff") return { retryAfter: message };
    return { end: { reason: code === CLOSE_CODES.finished.code ? "finished" : "closed", message, code } };
  }

  async #pause(message: string): Promise<void> {
    if (this.#leaving !== null) return;
    const retryMilliseconds = this.#backoff.next();
    this.#options.onEvent({ type: "disconnected", message, retryMilliseconds });
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(retryMilliseconds, resolve);
    this.#wake = resolve;
    await promise;
    cancel();
  }
}

/** Equal for runs that need the same preparation. */
export function setupKey({ run, layout, programs, manifest, microbatch, codec, seed }: RunSetup): string {
  const { hash, parameterLength, trainableLength, statisticsLength, bufferLength } = layout;
  const { gradient, evaluate } = programs;
  const lengths = [parameterLength, trainableLength, statisticsLength, bufferLength, microbatch, seed];
  return JSON.stringify([run, hash, gradient, evaluate, manifest, codec, ...lengths]);
}

function codeOf(error: Error): string | null {
  return "code" in error && typeof error.code === "string" ? error.code : null;
}
