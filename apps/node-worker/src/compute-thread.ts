import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { crc32 } from "node:zlib";
import { type Device, open } from "@tributary/kernels";
import {
  createOutcome,
  type FetchBlob,
  type LeaseOutcome,
  LeaseRunner,
  type RunSetup,
  SHARD_CACHE_BYTES,
  WorkerError,
} from "@tributary/worker";
import type {
  CarriedError,
  ComputeThreadTask,
  FromThread,
  ThreadAnswer,
  ThreadRequest,
  ToThread,
} from "./thread-messages.ts";

/** Waits for the answers to what this thread fetches through the socket thread. */
class BlobWindow {
  readonly #say: (message: FromThread) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<Uint8Array>>();

  constructor(say: (message: FromThread) => void) {
    this.#say = say;
  }

  readonly fetch: FetchBlob = (hash) => {
    const waiting = this.#waiting.get(hash);
    if (waiting !== undefined) return waiting.promise;
    const deferred = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(hash, deferred);
    this.#say({ type: "fetch", hash });
    return deferred.promise;
  };

  settle(message: Exclude<ToThread, { type: "request" }>): void {
    const waiting = this.#waiting.get(message.hash);
    this.#waiting.delete(message.hash);
    if (message.type === "blob") waiting?.resolve(message.bytes);
    else waiting?.reject(new WorkerError(message.code, message.message));
  }
}

/** Computes what the socket thread asks for, on a device of its own. */
class ComputeThread {
  readonly #device: Device;
  readonly #task: ComputeThreadTask;
  readonly #stopFlag: Int32Array;
  readonly #fetchBlob: FetchBlob;
  #prepared: { readonly setup: RunSetup; readonly runner: LeaseRunner } | null = null;

  constructor(device: Device, task: ComputeThreadTask, fetchBlob: FetchBlob) {
    this.#device = device;
    this.#task = task;
    this.#stopFlag = new Int32Array(task.stopFlag);
    this.#fetchBlob = fetchBlob;
  }

  async answer(request: ThreadRequest): Promise<ThreadAnswer> {
    switch (request.type) {
      case "prepare":
        return this.#prepare(request.setup);
      case "parameters":
        await this.#ready().runner.setParameters(request.step, request.codec, request.bytes);
        return null;
      case "begin": {
        const { runner } = this.#ready();
        await runner.begin(request.span.kind);
        return runner.microbatchesOf(request.span);
      }
      case "accumulate": {
        const { span, first, count } = request;
        return this.#ready().runner.accumulate(span, first, count, () => this.#isStopped());
      }
      case "run":
        return this.#run(request);
      case "collect":
        return this.#ready().runner.collect(request.kind);
      case "finish":
        return this.#finish(request);
      case "close":
        this.#prepared?.runner.dispose();
        this.#device.dispose();
        return null;
      default:
        return request satisfies never;
    }
  }

  async #prepare(setup: RunSetup): Promise<null> {
    this.#prepared?.runner.dispose();
    this.#prepared = null;
    const shardCacheBytes = this.#task.shardCacheBytes ?? SHARD_CACHE_BYTES;
    const runner = await LeaseRunner.create(this.#device, setup, this.#fetchBlob, shardCacheBytes);
    this.#prepared = { setup, runner };
    return null;
  }

  async #run({ span, milliseconds, memory }: ThreadRequest & { readonly type: "run" }): Promise<LeaseOutcome> {
    const { setup, runner } = this.#ready();
    const { kind } = span;
    const begunMs = performance.now();
    let asked = 0;
    // The first microbatch is done however late it is: a lease comes back with at least one, or not at all.
    const shouldStop = () => {
      asked += 1;
      return this.#isStopped() || (asked > 1 && performance.now() - begunMs >= milliseconds);
    };
    await runner.begin(kind);
    const microbatches = await runner.accumulate(span, 0, runner.microbatchesOf(span), shouldStop);
    if (this.#isStopped()) throw new WorkerError("LEASE_STOPPED", "The lease was stopped");
    const sums = await runner.collect(kind);
    const result = { kind, microbatches, milliseconds: performance.now() - begunMs, sums };
    return createOutcome(setup, result, crc32, memory ?? undefined);
  }

  #isStopped(): boolean {
    return Atomics.load(this.#stopFlag, 0) !== 0;
  }

  async #finish(request: ThreadRequest & { readonly type: "finish" }): Promise<LeaseOutcome> {
    const { kind, others, microbatches, milliseconds, memory } = request;
    const { setup, runner } = this.#ready();
    const sums = await runner.collect(kind);
    for (const other of others) {
      for (let index = 0; index < sums.length; index++) sums[index] = (sums[index] ?? 0) + (other[index] ?? 0);
    }
    return createOutcome(setup, { kind, microbatches, milliseconds, sums }, crc32, memory ?? undefined);
  }

  #ready(): { readonly setup: RunSetup; readonly runner: LeaseRunner } {
    if (this.#prepared === null) throw new WorkerError("NOT_PREPARED", "Programs and data are not there yet");
    return this.#prepared;
  }
}

/** The piscina task of a compute thread: its whole session. Resolves when the socket thread closes it. */
export async function computeSession(task: ComputeThreadTask): Promise<void> {
  // V8 then joins pairs of 128-bit operations into 256-bit ones, if the processor has them. Set before any module is compiled.
  setFlagsFromString("--experimental-wasm-revectorize");
  const { port } = task;
  const say = (message: FromThread, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, [...transfer]);
  const device = await open(task.backend);
  const blobs = new BlobWindow(say);
  const thread = new ComputeThread(device, task, blobs.fetch);
  const closed = Promise.withResolvers<void>();
  // One after the other: a lease may be asked for before the parameters it needs are on the device.
  let queue: Promise<void> = Promise.resolve();
  port.on("message", (message: ToThread) => {
    if (message.type !== "request") {
      blobs.settle(message);
      return;
    }
    queue = queue
      .then(() => thread.answer(message.request))
      .then((value) => say({ type: "answer", value }, movable(value)))
      .catch((error: unknown) => say({ type: "failed", error: carried(error) }))
      .finally(() => {
        if (message.request.type === "close") closed.resolve();
      });
  });
  port.on("close", () => closed.resolve());
  say({ type: "opened", backend: device.backend, arithmeticClass: device.arithmeticClass });
  await closed.promise;
  port.close();
}

/** Memory of an answer that goes to the other thread without a copy. */
function movable(value: ThreadAnswer): readonly ArrayBuffer[] {
  if (value === null || typeof value === "number") return [];
  const views =
    value instanceof Float32Array ? [value] : [value.sums, ...(value.gradient === null ? [] : [value.gradient.bytes])];
  return views.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}

function carried(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { name: "Error", code: null, message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  return { name: error.name, code, message: error.message };
}
