import type { Backend } from "@tributary/kernels";
import { codecNamed, contributionByteLength, TensorMemory } from "@tributary/protocol";
import type { DeviceComputation, LeaseOutcome, LeaseSpan, RunSetup } from "../computation.ts";
import { WorkerError } from "../errors.ts";
import { LeaseTimer } from "../lease-timer.ts";
import { microbatchRounds } from "./microbatch-rounds.ts";
import type { ThreadHandle } from "./thread-handle.ts";
import type { OpenedThread, ThreadRequest } from "./thread-messages.ts";

/** Memory that every thread sees. */
export interface SharedThreadMemory {
  /** One Int32: set when the lease that is computed is to be stopped. */
  readonly stopFlag: Int32Array;
  /** Makes shared memory for parameters and gradients. */
  allocate(byteLength: number): Uint8Array;
}

/** What a computation on threads needs. */
export interface ThreadedComputationOptions {
  /** The threads, each with a device of one kind; at least one. The order is that in which sums are added. */
  readonly handles: readonly ThreadHandle[];
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Null where threads share no memory: bytes are then copied and moved between them. */
  readonly shared: SharedThreadMemory | null;
  /** Ends the threads, after each was asked to close. */
  readonly end: () => Promise<void>;
}

/**
 * Computes leases on threads of their own, so that the thread of the socket is always free. Several threads divide a
 * lease's microbatches between them; their sums are added in the threads' order.
 */
export class ThreadedComputation implements DeviceComputation {
  readonly #options: ThreadedComputationOptions;
  /** What threads read and write by turns; null where each message brings its own. */
  readonly #memory: TensorMemory | null;
  /** Bytes of a coded gradient with its statistics; 0 before prepare. */
  #gradientBytes = 0;
  #wasStopped = false;
  /** As the devices say. */
  readonly backend: Backend;
  /** The devices' class; with several threads also their number, because sums are then added in another order. */
  readonly arithmeticClass: string;
  readonly adapter: string | null;
  readonly remark: string | undefined;

  private constructor(options: ThreadedComputationOptions, opened: OpenedThread) {
    const { shared, handles } = options;
    this.#options = options;
    this.#memory = shared === null ? null : new TensorMemory((byteLength) => shared.allocate(byteLength));
    this.backend = opened.backend;
    this.adapter = opened.adapter;
    this.remark = opened.remark;
    this.arithmeticClass =
      handles.length === 1 ? opened.arithmeticClass : `${opened.arithmeticClass}-t${handles.length}`;
  }

  /** Waits until each thread has a device. @throws what the thread's handle failed with; WorkerError THREAD_FAILED without any thread */
  static async open(options: ThreadedComputationOptions): Promise<ThreadedComputation> {
    try {
      const [opened] = await Promise.all(options.handles.map((handle) => handle.opened.promise));
      if (opened === undefined) throw new WorkerError("THREAD_FAILED", "There are 0 compute threads: use at least 1");
      return new ThreadedComputation(options, opened);
    } catch (error) {
      await options.end();
      throw error;
    }
  }

  async prepare(setup: RunSetup): Promise<void> {
    await this.#askAll({ type: "prepare", setup: plainSetup(setup) });
    this.#gradientBytes = contributionByteLength(codecNamed(setup.codec), setup.layout);
  }

  allocate(byteLength: number): Uint8Array {
    return this.#memory?.take(byteLength) ?? new Uint8Array(byteLength);
  }

  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    await this.#askAll({ type: "parameters", step, codec, bytes });
    this.#memory?.giveBack(bytes);
  }

  async run(span: LeaseSpan, milliseconds: number): Promise<LeaseOutcome> {
    if (this.#memory === null || span.kind === "evaluate") return this.#run(span, milliseconds, null);
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
    if (gradient !== null) this.#memory?.giveBack(gradient.bytes);
  }

  stop(): void {
    const { shared, handles } = this.#options;
    this.#wasStopped = true;
    if (shared !== null) Atomics.store(shared.stopFlag, 0, 1);
    else for (const handle of handles) handle.stop();
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(this.#options.handles.map((handle) => handle.ask({ type: "close" })));
    await this.#options.end();
  }

  async #run(span: LeaseSpan, milliseconds: number, memory: Uint8Array | null): Promise<LeaseOutcome> {
    const { handles, shared, now } = this.#options;
    this.#wasStopped = false;
    if (shared !== null) Atomics.store(shared.stopFlag, 0, 0);
    const [first, ...rest] = handles;
    if (first === undefined) throw new WorkerError("THREAD_FAILED", "There is no compute thread");
    if (rest.length === 0) return first.askOutcome({ type: "run", span, milliseconds, memory });
    const timer = new LeaseTimer(now, milliseconds);
    const totals = await allOf(handles.map((handle) => handle.askCount({ type: "begin", span })));
    const microbatches = await this.#accumulate(span, totals[0] ?? 0, timer);
    if (this.#wasStopped) throw new WorkerError("LEASE_STOPPED", "The lease was stopped");
    const others = await allOf(rest.map((handle) => handle.askSums(span.kind)));
    const elapsedMs = timer.elapsed;
    const transfer = others.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
    const result = { kind: span.kind, others, microbatches, milliseconds: elapsedMs, memory };
    return first.askOutcome({ type: "finish", ...result }, transfer);
  }

  /** Round after round until the time is up. @returns whole microbatches done: a prefix of the lease */
  async #accumulate(span: LeaseSpan, total: number, timer: LeaseTimer): Promise<number> {
    const { handles } = this.#options;
    let done = 0;
    for (const ranges of microbatchRounds(total, handles.length)) {
      if (timer.isOver()) break;
      const counts = await allOf(
        handles.map((handle, thread) => {
          const { first, count } = ranges[thread] ?? { first: 0, count: 0 };
          return count === 0 ? Promise.resolve(0) : handle.askCount({ type: "accumulate", span, first, count });
        }),
      );
      done += counts.reduce((sum, count) => sum + count, 0);
      if (this.#wasStopped) break;
    }
    return done;
  }

  async #askAll(request: ThreadRequest): Promise<void> {
    await allOf(this.#options.handles.map((handle) => handle.ask(request)));
  }
}

/** All values, or the first error; but only when every promise has settled, since a thread is asked one thing at a time. */
async function allOf<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Only what threads need, whatever else the object holds. */
function plainSetup(setup: RunSetup): RunSetup {
  const { run, programs, variants, manifest, microbatch, codec, seed, layout, parts = 1 } = setup;
  return { run, programs, variants, manifest, microbatch, codec, seed, layout, parts };
}
