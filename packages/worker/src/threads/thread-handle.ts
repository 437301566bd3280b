import { AnswerQueue, type LeaseKind } from "@tributary/protocol";
import type { LeaseOutcome } from "../computation.ts";
import { WorkerError } from "../errors.ts";
import type { FetchBlob } from "../transport.ts";
import { errorFrom } from "./carried-error.ts";
import type { FromThread, OpenedThread, ThreadAnswer, ThreadRequest, ToThread } from "./thread-messages.ts";

/** The way to a compute thread. What comes from there goes to {@link ThreadHandle.receive}. */
export interface ThreadPort {
  /** @param transfer memory that goes over without a copy, and is gone here */
  post(message: ToThread, transfer: readonly ArrayBuffer[]): void;
  close(): void;
}

/** One compute thread as the socket thread sees it. */
export class ThreadHandle {
  readonly #port: ThreadPort;
  readonly #fetchBlob: FetchBlob;
  /** Resolves when the thread has a device. */
  readonly opened = Promise.withResolvers<OpenedThread>();
  readonly #answers = new AnswerQueue<ThreadAnswer>();
  #isGone = false;

  constructor(port: ThreadPort, fetchBlob: FetchBlob) {
    this.#port = port;
    this.#fetchBlob = fetchBlob;
    // Who waits for the opening sees the failure; nobody may.
    this.opened.promise.catch(() => {});
  }

  /** Asks for one thing; it happens after what was asked for before. */
  ask(request: ThreadRequest, transfer: readonly ArrayBuffer[] = []): Promise<ThreadAnswer> {
    return this.#answers.ask(() => this.#port.post({ type: "request", request }, transfer));
  }

  /** Asks for a number of microbatches. */
  async askCount(request: ThreadRequest & { readonly type: "begin" | "accumulate" }): Promise<number> {
    const answer = await this.ask(request);
    return typeof answer === "number" ? answer : wrongAnswer(request.type);
  }

  /** Asks for the sums of the lease that was computed. */
  async askSums(kind: LeaseKind): Promise<Float32Array> {
    const answer = await this.ask({ type: "collect", kind });
    return answer instanceof Float32Array ? answer : wrongAnswer("collect");
  }

  /** Asks for a lease's outcome. */
  async askOutcome(
    request: ThreadRequest & { readonly type: "run" | "finish" },
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<LeaseOutcome> {
    const answer = await this.ask(request, transfer);
    const isOutcome = answer !== null && typeof answer === "object" && "gradient" in answer;
    return isOutcome ? answer : wrongAnswer(request.type);
  }

  /** Says that what is being computed is of no use any more. */
  stop(): void {
    if (!this.#isGone) this.#port.post({ type: "stop" }, []);
  }

  /** The thread is gone: everything that is asked of it fails. */
  fail(error: WorkerError): void {
    this.#isGone = true;
    this.opened.reject(error);
    this.#answers.end(error);
    this.#port.close();
  }

  /** Takes what the thread says. */
  receive(message: FromThread): void {
    switch (message.type) {
      case "opened":
        this.opened.resolve(message);
        break;
      case "answer":
        this.#answers.answer(message.value);
        break;
      case "failed":
        this.#answers.refuse(errorFrom(message.error));
        break;
      case "fetch":
        void this.#fetch(message.hash);
        break;
      default:
        message satisfies never;
    }
  }

  async #fetch(hash: string): Promise<void> {
    try {
      this.#port.post({ type: "blob", hash, bytes: await this.#fetchBlob(hash) }, []);
    } catch (error) {
      const code = error instanceof WorkerError ? error.code : "BLOB_UNREACHABLE";
      const message = error instanceof Error ? error.message : String(error);
      this.#port.post({ type: "noBlob", hash, code, message }, []);
    }
  }
}

function wrongAnswer(type: ThreadRequest["type"]): never {
  throw new WorkerError("THREAD_FAILED", `A compute thread gave another answer than ${type} has: report this`);
}
