import {
  type Clock,
  type Computation,
  type LeaseOutcome,
  type LeaseSpan,
  type RunSetup,
  WorkerError,
} from "@tributary/worker";

/** Milliseconds a device rests after it was busy for so long, to be busy for `share` of the time. */
export function restMilliseconds(busyMilliseconds: number, share: number): number {
  return share >= 1 ? 0 : (busyMilliseconds * (1 - share)) / share;
}

/** What a capped computation needs. */
export interface CappedComputationOptions {
  /** Disposed of with this one. */
  readonly computation: Computation;
  readonly clock: Clock;
  /** Above 0, up to 1. */
  readonly share: number;
  /** Hears of each run that is made ready. */
  readonly onPrepared: (setup: RunSetup) => void;
}

/**
 * Leaves the device idle between leases, so that it is busy for a share of the time only. A result goes out at once; the
 * rest comes before the next lease, and counts in what is said of the lease's time, so that the coordinator plans with the
 * speed that there is.
 */
export class CappedComputation implements Computation {
  readonly #options: CappedComputationOptions;
  #share: number;
  #restUntilMs = 0;
  #endRest: (isStopped: boolean) => void = () => {};

  constructor(options: CappedComputationOptions) {
    this.#options = options;
    this.#share = options.share;
  }

  /** Takes effect with the next lease; ends a rest that is longer than it would now be. */
  setShare(share: number): void {
    if (share > this.#share) this.#endRest(false);
    this.#share = share;
  }

  async prepare(setup: RunSetup): Promise<void> {
    await this.#options.computation.prepare(setup);
    this.#options.onPrepared(setup);
  }

  allocate(byteLength: number): Uint8Array {
    return this.#options.computation.allocate(byteLength);
  }

  setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void> {
    return this.#options.computation.setParameters(step, codec, bytes);
  }

  async run(span: LeaseSpan, milliseconds: number): Promise<LeaseOutcome> {
    const { computation, clock } = this.#options;
    const askedMs = clock.now();
    await this.#rest();
    const begunMs = clock.now();
    const outcome = await computation.run(span, milliseconds - (begunMs - askedMs));
    const rest = restMilliseconds(clock.now() - begunMs, this.#share);
    this.#restUntilMs = clock.now() + rest;
    return rest === 0 ? outcome : { ...outcome, milliseconds: outcome.milliseconds + rest };
  }

  release(outcome: LeaseOutcome): void {
    this.#options.computation.release(outcome);
  }

  stop(): void {
    this.#endRest(true);
    this.#options.computation.stop();
  }

  dispose(): Promise<void> {
    this.#endRest(true);
    return this.#options.computation.dispose();
  }

  async #rest(): Promise<void> {
    const { clock } = this.#options;
    const milliseconds = this.#restUntilMs - clock.now();
    if (milliseconds <= 0) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = clock.after(milliseconds, () => resolve(false));
    this.#endRest = resolve;
    const isStopped = await promise;
    cancel();
    if (isStopped) throw new WorkerError("LEASE_STOPPED", "The lease was stopped before it began");
  }
}
