import type { Backend } from "@tributary/kernels";
import type { CodedGradient, DeviceComputation, LeaseOutcome, LeaseSpan, RunSetup } from "./computation.ts";
import { clauseOf, gpuSentence, troubleOf } from "./device-words.ts";
import { WorkerError } from "./errors.ts";
import { LossRecord } from "./losses.ts";
import { partsOf, setupInParts } from "./microbatch-parts.ts";
import { setupKey } from "./session.ts";
import type { DeviceEvent } from "./session-event.ts";
import type { Clock } from "./transport.ts";

/** Milliseconds between two attempts to open a GPU after a loss: a driver's reset takes a moment. */
const REOPEN_MILLISECONDS = 2_000;

/** What a resilient computation needs. */
export interface ResilientComputationOptions {
  /** Opens a computation on a GPU that computes right; called again after a loss. Null: no GPU is wanted. */
  readonly openGpu: (() => Promise<DeviceComputation>) | null;
  /** Opens one on the processor, where no GPU can be used or it has failed. */
  readonly openCpu: () => Promise<DeviceComputation>;
  /** Without a GPU at the start, open() fails. Default false. */
  readonly gpuRequired?: boolean;
  readonly clock: Clock;
  /** Hears what is computed on: at the start, and whenever that changes. */
  readonly onEvent: (event: DeviceEvent) => void;
}

/** The parameters that came last, kept for a device that is opened after a loss. */
interface KeptParameters {
  readonly step: number;
  readonly codec: string;
  readonly bytes: Uint8Array;
}

/**
 * A computation that outlives its devices. A lost GPU is opened anew, made ready, given the parameters again, and computes
 * the same lease; three losses within ten minutes, and it is the processor's turn for good. With too little memory,
 * microbatches are computed in parts where the run has programs for it. Where that makes other bits than the
 * coordinator was told of, an operation ends with DEVICE_CHANGED: the session then joins again with another hello.
 */
export class ResilientComputation implements DeviceComputation {
  readonly #options: ResilientComputationOptions;
  readonly #losses = new LossRecord();
  #inner: DeviceComputation;
  #setup: RunSetup | null = null;
  /** Parts a microbatch is computed in. */
  #parts = 1;
  #kept: KeptParameters | null = null;
  /** Counts changes of #inner, or of what it is prepared for. */
  #generation = 0;
  #mending: Promise<void> | null = null;
  #preparedFor: string | null = null;
  #wasStopped = false;
  #isDisposed = false;
  /** Whose memory a piece is: pools take back only what is theirs. */
  readonly #pieces = new WeakMap<ArrayBufferLike, DeviceComputation>();
  readonly #makers = new WeakMap<CodedGradient, DeviceComputation>();

  private constructor(options: ResilientComputationOptions, inner: DeviceComputation) {
    this.#options = options;
    this.#inner = inner;
  }

  /** Opens the GPU, or else the processor. @throws what openCpu throws; with gpuRequired, what openGpu throws */
  static async open(options: ResilientComputationOptions): Promise<ResilientComputation> {
    const { openGpu, openCpu, gpuRequired = false } = options;
    let reason: string | null = null;
    if (openGpu !== null) {
      try {
        const gpu = await openGpu();
        const computation = new ResilientComputation(options, gpu);
        computation.#tell(gpuSentence(gpu));
        return computation;
      } catch (error) {
        if (gpuRequired) throw error;
        reason = clauseOf(error);
      }
    }
    const computation = new ResilientComputation(options, await openCpu());
    computation.#tell(reason === null ? "Computing on the CPU" : `${reason}, so the CPU is used`);
    return computation;
  }

  get backend(): Backend {
    return this.#inner.backend;
  }

  get arithmeticClass(): string {
    const { arithmeticClass } = this.#inner;
    return this.#parts === 1 ? arithmeticClass : `${arithmeticClass}-m${this.#parts}`;
  }

  get adapter(): string | null {
    return this.#inner.adapter;
  }

  async prepare(setup: RunSetup): Promise<void> {
    const isNew = this.#setup === null || setupKey(this.#setup) !== setupKey(setup);
    this.#setup = setup;
    // The same run stays with its parts: what did not fit before will not fit now.
    if (isNew && this.#parts > 1) {
      this.#parts = 1;
      throw changed(this.arithmeticClass);
    }
    await this.#reliably(() => this.#prepareInner(setup));
  }

  allocate(byteLength: number): Uint8Array {
    const piece = this.#inner.allocate(byteLength);
    this.#pieces.set(piece.buffer, this.#inner);
    return piece;
  }

  async setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    if (this.#inner.backend === "webgpu") this.#keep(step, codec, bytes);
    await this.#reliably((inner, isAgain) => {
      // Whoever mended has put the kept ones.
      if (isAgain) return Promise.resolve();
      const isOwn = this.#pieces.get(bytes.buffer) === inner;
      return inner.setParameters(step, codec, isOwn ? bytes : copied(inner, bytes));
    });
  }

  async run(span: LeaseSpan, milliseconds: number, breathe?: () => Promise<void>): Promise<LeaseOutcome> {
    const { clock } = this.#options;
    const begunMs = clock.now();
    this.#wasStopped = false;
    return this.#reliably(async (inner) => {
      if (this.#wasStopped) throw new WorkerError("LEASE_STOPPED", "The lease was stopped before it was begun again");
      const outcome = await inner.run(span, milliseconds - (clock.now() - begunMs), breathe);
      if (outcome.gradient !== null) this.#makers.set(outcome.gradient, inner);
      return outcome;
    });
  }

  release(outcome: LeaseOutcome): void {
    if (outcome.gradient !== null && this.#makers.get(outcome.gradient) === this.#inner) this.#inner.release(outcome);
  }

  stop(): void {
    this.#wasStopped = true;
    this.#inner.stop();
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#mending?.catch(() => {});
    await this.#inner.dispose();
  }

  /** Does something, and again after what can be mended. `isAgain`: something was mended since. */
  async #reliably<T>(task: (inner: DeviceComputation, isAgain: boolean) => Promise<T>): Promise<T> {
    const first = this.#generation;
    for (;;) {
      await this.#mending;
      const generation = this.#generation;
      try {
        return await task(this.#inner, generation !== first);
      } catch (error) {
        if (this.#isDisposed) throw error;
        // Two operations fail of one loss: the first one mends for both, and the other one's device is gone.
        if (generation !== this.#generation) continue;
        if (troubleOf(error) === null) throw error;
        this.#generation += 1;
        this.#mending = this.#mend(error);
        try {
          await this.#mending;
        } finally {
          this.#mending = null;
        }
      }
    }
  }

  /** @throws WorkerError DEVICE_CHANGED once all is well again, but of another arithmetic class; an error that cannot be mended */
  async #mend(error: unknown): Promise<void> {
    const before = this.arithmeticClass;
    for (let trouble = error; ; ) {
      await this.#answer(trouble);
      if (this.#isDisposed) throw error;
      try {
        if (this.arithmeticClass !== before) this.#kept = null;
        await this.#restore();
        break;
      } catch (next) {
        trouble = next;
      }
    }
    if (this.arithmeticClass !== before) throw changed(this.arithmeticClass);
  }

  /** Takes another device, or smaller parts. */
  async #answer(error: unknown): Promise<void> {
    const trouble = troubleOf(error);
    const isGpu = this.#inner.backend === "webgpu";
    if (trouble === "lost" && isGpu) return this.#replace(clauseOf(error));
    // No part of a microbatch makes a model smaller.
    if ((trouble === "refused" || trouble === "size") && isGpu)
      return this.#takeCpu(`${clauseOf(error)}, so the CPU is used from now on`);
    if (trouble !== "memory") throw error;
    const offered = this.#setup === null ? [] : partsOf(this.#setup);
    const next = offered.find((parts) => parts > this.#parts);
    if (next !== undefined) {
      this.#parts = next;
      this.#tell(`There is too little memory for a whole microbatch, so it is computed in ${next} parts`);
    } else if (isGpu) {
      // Without parts are microbatches of an odd size, and those that batch normalisation makes one.
      const what = offered.length === 0 ? "a microbatch of this run, which cannot be computed in parts" : "this run";
      await this.#takeCpu(`The GPU has too little memory for ${what}, so the CPU is used from now on`);
    } else {
      throw error;
    }
  }

  /** Opens the GPU again, until that was tried too often. */
  async #replace(reason: string): Promise<void> {
    const { openGpu, clock } = this.#options;
    for (let attempt = 0; !this.#isDisposed; attempt++) {
      if (openGpu === null || this.#losses.isTooMuch(clock.now())) {
        const often = attempt > 0 ? "and cannot be opened again" : "for the third time within ten minutes";
        return this.#takeCpu(`${reason}, ${often}: the CPU is used from now on`);
      }
      if (attempt > 0) await this.#pause(REOPEN_MILLISECONDS);
      await this.#inner.dispose().catch(() => {});
      try {
        this.#inner = await openGpu();
        this.#tell(`${reason}, and was opened again: the same lease is computed once more`);
        return;
      } catch {
        // Counted as one more loss.
      }
    }
  }

  async #takeCpu(sentence: string): Promise<void> {
    await this.#inner.dispose().catch(() => {});
    this.#inner = await this.#options.openCpu();
    this.#parts = 1;
    this.#tell(sentence);
  }

  /** Unless it is prepared for just that. */
  async #prepareInner(setup: RunSetup): Promise<void> {
    const derived = setupInParts(setup, this.#parts);
    const key = `${this.#generation} ${derived.parts} ${setupKey(derived)}`;
    if (key === this.#preparedFor) return;
    this.#preparedFor = null;
    await this.#inner.prepare(derived);
    this.#preparedFor = key;
  }

  /** Makes the device ready as the one before was. */
  async #restore(): Promise<void> {
    if (this.#setup === null) return;
    await this.#prepareInner(this.#setup);
    let put: KeptParameters | null = null;
    // Others may come while these are put.
    while (this.#kept !== null && put !== this.#kept) {
      put = this.#kept;
      await this.#inner.setParameters(put.step, put.codec, copied(this.#inner, put.bytes));
    }
  }

  /** One copy, in memory that is used again. */
  #keep(step: number, codec: string, bytes: Uint8Array): void {
    const memory =
      this.#kept?.bytes.byteLength === bytes.byteLength ? this.#kept.bytes : new Uint8Array(bytes.byteLength);
    memory.set(bytes);
    this.#kept = { step, codec, bytes: memory };
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#options.clock.after(milliseconds, resolve);
    return promise;
  }

  #tell(sentence: string): void {
    this.#options.onEvent({ type: "device", backend: this.backend, adapter: this.adapter, sentence });
  }
}

function copied(inner: DeviceComputation, bytes: Uint8Array): Uint8Array {
  const piece = inner.allocate(bytes.byteLength);
  piece.set(bytes);
  return piece;
}

function changed(arithmeticClass: string): WorkerError {
  return new WorkerError(
    "DEVICE_CHANGED",
    `This worker computes as ${arithmeticClass} from now on: it joins again to say so`,
  );
}
