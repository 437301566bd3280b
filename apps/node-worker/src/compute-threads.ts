import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Backend } from "@tributary/kernels";
import { codecNamed, contributionByteLength, type LeaseKind, TensorMemory } from "@tributary/protocol";
import {
  type Computation,
  type FetchBlob,
  type LeaseOutcome,
  type LeaseSpan,
  type RunSetup,
  WORKER_ERROR_CODES,
  WorkerError,
  type WorkerErrorCode,
} from "@tributary/worker";
import { Piscina } from "piscina";
import { microbatchRounds } from "./microbatch-rounds.ts";
import type {
  CarriedError,
  ComputeThreadTask,
  FromThread,
  ThreadAnswer,
  ThreadRequest,
  ToThread,
} from "./thread-messages.ts";

/** How compute threads are opened. */
export interface ComputeThreadsOptions {
  readonly threads: number;
  readonly backend: Backend | "auto";
  readonly fetchBlob: FetchBlob;
  /** Bytes of shards each thread keeps; null: SHARD_CACHE_BYTES. */
  readonly shardCacheBytes: number | null;
}

/** One compute thread as the socket thread sees it. */
class ThreadHandle {
  readonly #port: MessagePort;
  readonly #fetchBlob: FetchBlob;
  readonly opened = Promise.withResolvers<{ readonly backend: Backend; readonly arithmeticClass: string }>();
  /** What is asked for and not answered, in order: the thread answers one after the other. */
  #pending: PromiseWithResolvers<ThreadAnswer>[] = [];
  #failure: WorkerError | null = null;

  constructor(port: MessagePort, fetchBlob: FetchBlob) {
    this.#port = port;
    this.#fetchBlob = fetchBlob;
    // Who waits for the opening sees the failure; nobody may.
    this.opened.promise.catch(() => {});
    port.on("message", (message: FromThread) => this.#onMessage(message));
  }

  /** Asks for one thing; it happens after what was asked for before. */
  ask(request: ThreadRequest, transfer: readonly ArrayBuffer[] = []): Promise<ThreadAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const pending = Promise.withResolvers<ThreadAnswer>();
    this.#pending.push(pending);
    this.#say({ type: "request", request }, transfer);
    return pending.promise;
  }

  /** Asks for a number of microbatches. */
  async askCount(request: ThreadRequest & { readonly type: "begin" | "accumulate" }): Promise<number> {
    const answer = await this.ask(request);
    return typeof answer === "number" ? answer : wrongAnswer(request.type);
  }

  async askSums(kind: LeaseKind): Promise<Float32Array> {
    const answer = await this.ask({ type: "collect", kind });
    return answer instanceof Float32Array ? answer : wrongAnswer("collect");
  }

  async askOutcome(
    request: ThreadRequest & { readonly type: "run" | "finish" },
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<LeaseOutcome> {
    const answer = await this.ask(request, transfer);
    const isOutcome = answer !== null && typeof answer === "object" && "gradient" in answer;
    return isOutcome ? answer : wrongAnswer(request.type);
  }

  /** The thread is gone: everything that is asked of it fails. */
  fail(error: WorkerError): void {
    this.#failure = error;
    this.opened.reject(error);
    for (const pending of this.#pending) pending.reject(error);
    this.#pending = [];
    this.#port.close();
  }

  #onMessage(message: FromThread): void {
    switch (message.type) {
      case "opened":
        this.opened.resolve(message);
        break;
      case "answer":
        this.#pending.shift()?.resolve(message.value);
        break;
      case "failed":
        this.#pending.shift()?.reject(errorOf(message.error));
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
      this.#say({ type: "blob", hash, bytes: await this.#fetchBlob(hash) });
    } catch (error) {
      const code = error instanceof WorkerError ? error.code : "BLOB_UNREACHABLE";
      this.#say({ type: "noBlob", hash, code, message: error instanceof Error ? error.message : String(error) });
    }
  }

  #say(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, [...transfer]);
  }
}

/**
 * Computes leases on threads of their own, so that the thread of the socket is always free. Several threads divide a
 * lease's microbatches between them; their sums are added in the threads' order.
 */
export class ComputeThreads implements Computation {
  readonly #pool: Piscina;
  readonly #handles: readonly ThreadHandle[];
  readonly #stopFlag: Int32Array;
  /** Shared memory: every thread reads the same bytes. */
  readonly #memory = new TensorMemory((byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)));
  /** Bytes of a coded gradient with its statistics; 0 before prepare. */
  #gradientBytes = 0;
  /** As the devices say. */
  readonly backend: Backend;
  /** The devices' class; with several threads also their number, because sums are then added in another order. */
  readonly arithmeticClass: string;
  /** Rejects when a thread ends that should not; never resolves. */
  readonly failed: Promise<never>;

  private constructor(
    pool: Piscina,
    handles: readonly ThreadHandle[],
    stopFlag: Int32Array,
    opened: { readonly backend: Backend; readonly arithmeticClass: string },
    failed: Promise<never>,
  ) {
    this.#pool = pool;
    this.#handles = handles;
    this.#stopFlag = stopFlag;
    this.backend = opened.backend;
    this.arithmeticClass =
      handles.length === 1 ? opened.arithmeticClass : `${opened.arithmeticClass}-t${handles.length}`;
    this.failed = failed;
  }

  /** Starts the threads and opens a device on each. @throws WorkerError THREAD_FAILED */
  static async open(options: ComputeThreadsOptions): Promise<ComputeThreads> {
    const { threads, backend, fetchBlob, shardCacheBytes } = options;
    const pool = new Piscina({
      filename: fileURLToPath(new URL("./compute-thread.ts", import.meta.url)),
      minThreads: threads,
      maxThreads: threads,
      // Between tasks piscina would block a thread's event loop, on which its session lives.
      atomics: "disabled",
    });
    const stopFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const handles = Array.from({ length: threads }, () => {
      const { port1, port2 } = new MessageChannel();
      const handle = new ThreadHandle(port1, fetchBlob);
      const task: ComputeThreadTask = { port: port2, backend, stopFlag, shardCacheBytes };
      pool.run(task, { name: "computeSession", transferList: [port2] }).then(
        () => handle.fail(new WorkerError("THREAD_FAILED", "The compute thread is closed")),
        (cause: unknown) => {
          const why = cause instanceof Error ? cause.message : String(cause);
          const error = new WorkerError("THREAD_FAILED", `A compute thread ended (${why}): start the worker again`, {
            cause,
          });
          handle.fail(error);
          failed.reject(error);
        },
      );
      return handle;
    });
    try {
      const [opened] = await Promise.all(handles.map((handle) => handle.opened.promise));
      if (opened === undefined) throw new WorkerError("THREAD_FAILED", `There are ${threads} threads: use at least 1`);
      return new ComputeThreads(pool, handles, new Int32Array(stopFlag), opened, failed.promise);
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }

  async prepare(setup: RunSetup): Promise<void> {
    await this.#askAll({ type: "prepare", setup: plainSetup(setup) });
    this.#gradientBytes = contributionByteLength(codecNamed(setup.codec), setup.layout);
  }

  allocate(byteLength: number): Uint8Array {
    return this.#memory.take(byteLength);
  }

  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    await this.#askAll({ type: "parameters", step, codec, bytes });
    this.#memory.giveBack(bytes);
  }

  async run(span: LeaseSpan, milliseconds: number): Promise<LeaseOutcome> {
    if (span.kind === "evaluate") return this.#run(span, milliseconds, null);
    const memory = this.#memory.take(this.#gradientBytes);
    try {
      const { gradient, ...rest } = await this.#run(span, milliseconds, memory);
      // The thread's view is of the same memory; this one can be given back.
      return { ...rest, gradient: gradient === null ? null : { ...gradient, bytes: memory } };
    } catch (error) {
      this.#memory.giveBack(memory);
      throw error;
    }
  }

  release({ gradient }: LeaseOutcome): void {
    if (gradient !== null) this.#memory.giveBack(gradient.bytes);
  }

  async #run(span: LeaseSpan, milliseconds: number, memory: Uint8Array | null): Promise<LeaseOutcome> {
    Atomics.store(this.#stopFlag, 0, 0);
    const [first, ...rest] = this.#handles;
    if (first === undefined) throw new WorkerError("THREAD_FAILED", "There is no compute thread");
    if (rest.length === 0) return first.askOutcome({ type: "run", span, milliseconds, memory });
    const begun = performance.now();
    const totals = await allOf(this.#handles.map((handle) => handle.askCount({ type: "begin", span })));
    const microbatches = await this.#accumulate(span, totals[0] ?? 0, begun + milliseconds);
    if (Atomics.load(this.#stopFlag, 0) !== 0) throw new WorkerError("LEASE_STOPPED", "The lease was stopped");
    const others = await allOf(rest.map((handle) => handle.askSums(span.kind)));
    const elapsed = performance.now() - begun;
    const transfer = others.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
    const result = { kind: span.kind, others, microbatches, milliseconds: elapsed, memory };
    return first.askOutcome({ type: "finish", ...result }, transfer);
  }

  stop(): void {
    Atomics.store(this.#stopFlag, 0, 1);
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(this.#handles.map((handle) => handle.ask({ type: "close" })));
    await this.#pool.destroy();
  }

  /** Round after round until the time is up. @returns whole microbatches done: a prefix of the lease */
  async #accumulate(span: LeaseSpan, total: number, endMs: number): Promise<number> {
    let done = 0;
    for (const ranges of microbatchRounds(total, this.#handles.length)) {
      if (done > 0 && performance.now() >= endMs) break;
      const counts = await allOf(
        this.#handles.map((handle, thread) => {
          const { first, count } = ranges[thread] ?? { first: 0, count: 0 };
          return count === 0 ? Promise.resolve(0) : handle.askCount({ type: "accumulate", span, first, count });
        }),
      );
      done += counts.reduce((sum, count) => sum + count, 0);
      if (Atomics.load(this.#stopFlag, 0) !== 0) break;
    }
    return done;
  }

  async #askAll(request: ThreadRequest): Promise<void> {
    await allOf(this.#handles.map((handle) => handle.ask(request)));
  }
}

/** All values, or the first error; but only when every promise has settled, since a thread is asked one thing at a time. */
async function allOf<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function wrongAnswer(type: ThreadRequest["type"]): never {
  throw new WorkerError("THREAD_FAILED", `A compute thread gave another answer than ${type} has: report this`);
}

/** Only what threads need, whatever else the object holds. */
function plainSetup({ run, programs, manifest, microbatch, codec, seed, layout }: RunSetup): RunSetup {
  return { run, programs, manifest, microbatch, codec, seed, layout };
}

function isWorkerErrorCode(code: string | null): code is WorkerErrorCode {
  return code !== null && Object.hasOwn(WORKER_ERROR_CODES, code);
}

/** The error that came from a thread: a WorkerError again if it was one; of others the name and the code stay. */
function errorOf({ name, code, message }: CarriedError): Error {
  if (isWorkerErrorCode(code)) return new WorkerError(code, message);
  return Object.assign(new Error(message), { name }, code === null ? {} : { code });
}
