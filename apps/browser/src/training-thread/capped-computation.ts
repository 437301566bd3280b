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
 * Leaves the device idle between microbatches and between leases, so that it is busy for a share of the time only. A result goes
 * out at once; what is left of the rest comes before the next lease, and all of it counts in what is said of the lease's time, so
 * that the coordinator plans with the speed that there is.
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

  /** Takes effect with the next rest, between microbatches with the next lease; ends a rest that is longer than it would now be. */
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
    if (await this.#rest(this.#restUntilMs - askedMs)) {
      throw new WorkerError("LEASE_STOPPED", "The lease was stopped before it began");
    }
    const begunMs = clock.now();
    let restedMs = 0;
    const due = () => restMilliseconds(clock.now() - begunMs - restedMs, this.#share) - restedMs;
    const breathe = async () => {
      const fromMs = clock.now();
      await this.#rest(due());
      restedMs += clock.now() - fromMs;
    };
    // Without a cap the next microbatch is on its way before the device is done with this one.
    const left = milliseconds - (begunMs - askedMs);
    const outcome = await computation.run(span, left, this.#share < 1 ? breathe : undefined);
    const rest = Math.max(0, due());
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

  /** @returns whether it was ended because the lease is to be stopped */
  async #rest(milliseconds: number): Promise<boolean> {
    const { clock } = this.#options;
    if (milliseconds <= 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = clock.after(milliseconds, () => resolve(false));
    this.#endRest = resolve;
    const isStopped = await promise;
    cancel();
    return isStopped;
  }
}
