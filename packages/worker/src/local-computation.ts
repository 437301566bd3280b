import type { Device } from "@tributary/kernels";
import type { Crc32 } from "@tributary/protocol";
import type { Computation, LeaseOutcome, LeaseSpan, RunSetup } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import { createOutcome } from "./lease-outcome.ts";
import { LeaseRunner } from "./lease-runner.ts";
import type { Clock, FetchBlob } from "./transport.ts";

/** What a computation on a device of this thread needs. */
export interface LocalComputationOptions {
  /** Disposed of with the computation. */
  readonly device: Device;
  readonly fetchBlob: FetchBlob;
  readonly clock: Clock;
  readonly crc32: Crc32;
  /** Bytes of shards kept; see SHARD_CACHE_BYTES. */
  readonly shardCacheBytes?: number;
}

/** Computes leases on one device of the thread it is called in: a tab's training thread, or a test. */
export class LocalComputation implements Computation {
  readonly #options: LocalComputationOptions;
  #prepared: { readonly setup: RunSetup; readonly runner: LeaseRunner } | null = null;
  #stopped = false;
  /** Settles when the parameters that came last are on the device. */
  #held: Promise<void> = Promise.resolve();

  constructor(options: LocalComputationOptions) {
    this.#options = options;
  }

  async prepare(setup: RunSetup): Promise<void> {
    this.#prepared?.runner.dispose();
    this.#prepared = null;
    const { device, fetchBlob, shardCacheBytes } = this.#options;
    this.#prepared = { setup, runner: await LeaseRunner.create(device, setup, fetchBlob, shardCacheBytes) };
  }

  allocate(byteLength: number): Uint8Array {
    return new Uint8Array(byteLength);
  }

  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    const holding = this.#ready().runner.setParameters(step, codec, bytes);
    // Whoever asked hears of an error; a run that follows finds no parameters.
    this.#held = holding.catch(() => {});
    await holding;
  }

  async run(span: LeaseSpan, milliseconds: number): Promise<LeaseOutcome> {
    const { setup, runner } = this.#ready();
    const { clock, crc32 } = this.#options;
    const begun = clock.now();
    let done = false;
    this.#stopped = false;
    await this.#held;
    // The first microbatch is done however late it is: a lease comes back with at least one, or not at all.
    const shouldStop = () => {
      const late = done && clock.now() - begun >= milliseconds;
      done = true;
      return late || this.#stopped;
    };
    await runner.begin(span.kind);
    const microbatches = await runner.accumulate(span, 0, runner.microbatchesOf(span), shouldStop);
    if (microbatches === 0) throw new WorkerError("LEASE_STOPPED", "The lease was stopped before its first microbatch");
    const sums = await runner.collect(span.kind);
    return createOutcome(setup, { kind: span.kind, microbatches, milliseconds: clock.now() - begun, sums }, crc32);
  }

  release(): void {
    // Each outcome has memory of its own here.
  }

  stop(): void {
    this.#stopped = true;
  }

  dispose(): Promise<void> {
    this.#prepared?.runner.dispose();
    this.#prepared = null;
    this.#options.device.dispose();
    return Promise.resolve();
  }

  #ready(): { readonly setup: RunSetup; readonly runner: LeaseRunner } {
    if (this.#prepared === null) throw new WorkerError("NOT_PREPARED", "Programs and data are not there yet");
    return this.#prepared;
  }
}
