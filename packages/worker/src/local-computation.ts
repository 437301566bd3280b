import type { Backend, Device } from "@tributary/kernels";
import type { Crc32 } from "@tributary/protocol";
import type { DeviceComputation, LeaseOutcome, LeaseSpan, RunSetup } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import { LeaseRunner } from "./lease-runner.ts";
import { LeaseTimer } from "./lease-timer.ts";
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
  /** Hears how much of a program is compiled. */
  readonly onProgress?: (ready: number, of: number) => void;
}

/** Computes leases on one device of the thread it is called in: a tab's training thread, or a test. */
export class LocalComputation implements DeviceComputation {
  readonly #options: LocalComputationOptions;
  #runner: LeaseRunner | null = null;
  #stopped = false;
  /** Settles when the parameters that came last are on the device. */
  #held: Promise<void> = Promise.resolve();

  constructor(options: LocalComputationOptions) {
    this.#options = options;
  }

  get backend(): Backend {
    return this.#options.device.backend;
  }

  get arithmeticClass(): string {
    return this.#options.device.arithmeticClass;
  }

  get adapter(): string | null {
    return this.#options.device.adapterName ?? null;
  }

  get remark(): string | undefined {
    return this.#options.device.remark;
  }

  async prepare(setup: RunSetup): Promise<void> {
    this.#runner?.dispose();
    this.#runner = null;
    const { device, fetchBlob, shardCacheBytes, onProgress } = this.#options;
    this.#runner = await LeaseRunner.create(device, setup, fetchBlob, { shardCacheBytes, onProgress });
  }

  allocate(byteLength: number): Uint8Array {
    return new Uint8Array(byteLength);
  }

  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    const holding = this.#ready().setParameters(step, codec, bytes);
    // Whoever asked hears of an error; a run that follows finds no parameters.
    this.#held = holding.catch(() => {});
    await holding;
  }

  async run(span: LeaseSpan, milliseconds: number, breathe?: () => Promise<void>): Promise<LeaseOutcome> {
    const runner = this.#ready();
    const { clock, crc32 } = this.#options;
    const timer = new LeaseTimer(() => clock.now(), milliseconds);
    this.#stopped = false;
    await this.#held;
    const shouldStop = () => this.#stopped || timer.isOver();
    await runner.begin(span.kind);
    const microbatches = await runner.accumulate(span, 0, runner.microbatchesOf(span), shouldStop, breathe);
    if (microbatches === 0) throw new WorkerError("LEASE_STOPPED", "The lease was stopped before its first microbatch");
    return runner.finish({ kind: span.kind, microbatches, elapsed: () => timer.elapsed }, crc32);
  }

  release(): void {
    // Each outcome has memory of its own here.
  }

  stop(): void {
    this.#stopped = true;
  }

  dispose(): Promise<void> {
    this.#runner?.dispose();
    this.#runner = null;
    this.#options.device.dispose();
    return Promise.resolve();
  }

  #ready(): LeaseRunner {
    if (this.#runner === null) throw new WorkerError("NOT_PREPARED", "Programs and data are not there yet");
    return this.#runner;
  }
}
