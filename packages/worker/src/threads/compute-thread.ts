import type { Device } from "@tributary/kernels";
import type { Crc32 } from "@tributary/protocol";
import type { LeaseOutcome, LeaseSpan, RunSetup } from "../computation.ts";
import { WorkerError } from "../errors.ts";
import { createOutcome } from "../lease-outcome.ts";
import { LeaseRunner, type ShouldStop } from "../lease-runner.ts";
import { LeaseTimer } from "../lease-timer.ts";
import { SHARD_CACHE_BYTES } from "../shard-cache.ts";
import type { FetchBlob } from "../transport.ts";
import { carriedError } from "./carried-error.ts";
import type { FromThread, ThreadAnswer, ThreadRequest, ToThread } from "./thread-messages.ts";

/** What a compute thread needs of where it runs. */
export interface ComputeThreadOptions {
  /** Disposed of when the thread is asked to close. */
  readonly device: Device;
  /** Sends to the socket thread. @param transfer memory that goes over without a copy */
  readonly say: (message: FromThread, transfer: readonly ArrayBuffer[]) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly crc32: Crc32;
  /** Bytes of shards kept; null: SHARD_CACHE_BYTES. */
  readonly shardCacheBytes: number | null;
  /** One Int32 shared with the socket thread, not 0 when the lease is to be stopped; null: it says so in a message. */
  readonly stopFlag: Int32Array | null;
  /** Awaited between microbatches, to let messages in: where there is no flag that can be looked at. */
  readonly breathe: (() => Promise<void>) | null;
}

/** Computes what the socket thread asks for, on a device of its own, one request after the other. */
export class ComputeThread {
  readonly #options: ComputeThreadOptions;
  readonly #waiting = new Map<string, PromiseWithResolvers<Uint8Array>>();
  readonly #closed = Promise.withResolvers<void>();
  #prepared: { readonly setup: RunSetup; readonly runner: LeaseRunner } | null = null;
  #wasStopped = false;
  // One after the other: a lease may be asked for before the parameters it needs are on the device.
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ComputeThreadOptions) {
    this.#options = options;
    const { backend, arithmeticClass, adapterName, remark } = options.device;
    options.say({ type: "opened", backend, arithmeticClass, adapter: adapterName ?? null, remark }, []);
  }

  /** Resolves when the socket thread has closed this one. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Takes what the socket thread says. */
  receive(message: ToThread): void {
    switch (message.type) {
      case "request":
        this.#enqueue(message.request);
        break;
      case "stop":
        this.#wasStopped = true;
        break;
      case "blob":
        this.#settled(message.hash)?.resolve(message.bytes);
        break;
      case "noBlob":
        this.#settled(message.hash)?.reject(new WorkerError(message.code, message.message));
        break;
      default:
        message satisfies never;
    }
  }

  /** The socket thread is gone. */
  end(): void {
    this.#closed.resolve();
  }

  #enqueue(request: ThreadRequest): void {
    const { say } = this.#options;
    this.#queue = this.#queue
      .then(() => this.#answer(request))
      .then((value) => say({ type: "answer", value }, movable(value)))
      .catch((error: unknown) => say({ type: "failed", error: carriedError(error) }, []))
      .finally(() => {
        if (request.type === "close") this.end();
      });
  }

  #settled(hash: string): PromiseWithResolvers<Uint8Array> | undefined {
    const waiting = this.#waiting.get(hash);
    this.#waiting.delete(hash);
    return waiting;
  }

  /** Fetches through the socket thread; asked for twice at once, a blob comes once. */
  readonly #fetchBlob: FetchBlob = (hash) => {
    const waiting = this.#waiting.get(hash);
    if (waiting !== undefined) return waiting.promise;
    const deferred = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(hash, deferred);
    this.#options.say({ type: "fetch", hash }, []);
    return deferred.promise;
  };

  async #answer(request: ThreadRequest): Promise<ThreadAnswer> {
    switch (request.type) {
      case "prepare":
        return this.#prepare(request.setup);
      case "parameters":
        await this.#ready().runner.setParameters(request.step, request.codec, request.bytes);
        return null;
      case "begin": {
        const { runner } = this.#ready();
        this.#wasStopped = false;
        await runner.begin(request.span.kind);
        return runner.microbatchesOf(request.span);
      }
      case "accumulate":
        return this.#accumulate(request.span, request.first, request.count, () => this.#isStopped());
      case "run":
        this.#wasStopped = false;
        return this.#run(request);
      case "collect":
        return this.#ready().runner.collect(request.kind);
      case "finish":
        return this.#finish(request);
      case "close":
        this.#prepared?.runner.dispose();
        this.#options.device.dispose();
        // A thread that ends while its GPU is being given back takes the process with it.
        await this.#options.device.disposed;
        return null;
      default:
        return request satisfies never;
    }
  }

  async #prepare(setup: RunSetup): Promise<null> {
    this.#prepared?.runner.dispose();
    this.#prepared = null;
    const { device } = this.#options;
    const shardCacheBytes = this.#options.shardCacheBytes ?? SHARD_CACHE_BYTES;
    const runner = await LeaseRunner.create(device, setup, this.#fetchBlob, { shardCacheBytes });
    this.#prepared = { setup, runner };
    return null;
  }

  #accumulate(span: LeaseSpan, first: number, count: number, shouldStop: ShouldStop): Promise<number> {
    return this.#ready().runner.accumulate(span, first, count, shouldStop, this.#options.breathe ?? undefined);
  }

  async #run({ span, milliseconds, memory }: ThreadRequest & { readonly type: "run" }): Promise<LeaseOutcome> {
    const { runner } = this.#ready();
    const { kind } = span;
    const { now, crc32 } = this.#options;
    const timer = new LeaseTimer(now, milliseconds);
    const shouldStop = () => this.#isStopped() || timer.isOver();
    await runner.begin(kind);
    const microbatches = await this.#accumulate(span, 0, runner.microbatchesOf(span), shouldStop);
    if (this.#isStopped()) throw new WorkerError("LEASE_STOPPED", "The lease was stopped");
    return runner.finish({ kind, microbatches, elapsed: () => timer.elapsed }, crc32, memory ?? undefined);
  }

  async #finish(request: ThreadRequest & { readonly type: "finish" }): Promise<LeaseOutcome> {
    const { kind, others, microbatches, milliseconds, memory } = request;
    const { setup, runner } = this.#ready();
    const sums = await runner.collect(kind);
    for (const other of others) {
      for (let index = 0; index < sums.length; index++) sums[index] = (sums[index] ?? 0) + (other[index] ?? 0);
    }
    const result = { kind, microbatches, milliseconds, sums };
    return createOutcome(setup, result, this.#options.crc32, memory ?? undefined);
  }

  #isStopped(): boolean {
    const { stopFlag } = this.#options;
    return this.#wasStopped || (stopFlag !== null && Atomics.load(stopFlag, 0) !== 0);
  }

  #ready(): { readonly setup: RunSetup; readonly runner: LeaseRunner } {
    if (this.#prepared === null) throw new WorkerError("NOT_PREPARED", "Programs and data are not there yet");
    return this.#prepared;
  }
}

/** Memory of an answer that goes to the other thread without a copy. */
function movable(value: ThreadAnswer): readonly ArrayBuffer[] {
  if (value === null || typeof value === "number") return [];
  const views =
    value instanceof Float32Array ? [value] : [value.sums, ...(value.gradient === null ? [] : [value.gradient.bytes])];
  // Two views of one buffer may not both move it.
  const buffers = new Set(views.map(({ buffer }) => buffer));
  return [...buffers].filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
}
