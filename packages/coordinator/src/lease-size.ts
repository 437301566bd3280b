import {
  FIRST_LEASE_MICROBATCHES,
  FIRST_LEASE_MILLISECONDS,
  FIXED_LEASE_MILLISECONDS_MIN,
  LEASE_MILLISECONDS_MAX,
  LEASE_MILLISECONDS_MIN,
  LEASE_SLACK_FACTOR,
} from "./limits.ts";

/** A worker that a share of the step is reckoned for. */
export interface Candidate {
  /** Samples a millisecond; null: not measured. */
  readonly rate: number | null;
  /** Whether it can take a lease now; the others only keep their share of what is free. */
  readonly idle: boolean;
  /** Whether it is to get something in any case, so that its rate becomes known (again). */
  readonly probe: boolean;
}

/**
 * Cuts what is free so that the last worker is done as early as can be: in proportion to the rates, in whole
 * microbatches, none longer than the target time, and a small first lease for a worker whose speed is not known
 * (time-boxing as in MLitB, Meeds et al. 2015). A worker so slow that the others finish sooner without it gets nothing.
 *
 * @returns microbatches for each candidate; 0 for those that are not idle
 */
export function shareMicrobatches(
  candidates: readonly Candidate[],
  free: number,
  microbatch: number,
  targetMs: number,
): number[] {
  const known = candidates.flatMap(({ rate }) => (rate === null ? [] : [rate])).sort((a, b) => a - b);
  const assumed = known[known.length >> 1] ?? 1;
  const workers = candidates.map(({ rate, idle, probe }) => {
    const longest = rate === null ? FIRST_LEASE_MICROBATCHES : Math.max(1, Math.floor((rate * targetMs) / microbatch));
    return { rate: rate ?? assumed, most: idle ? longest : free, probe: idle && probe, share: 0 };
  });
  let left = free;
  const give = (worker: { share: number }, count: number) => {
    worker.share += count;
    left -= count;
  };
  for (const worker of workers) if (worker.probe && left > 0) give(worker, 1);
  const total = workers.reduce((sum, { rate }) => sum + rate, 0);
  for (const worker of workers) {
    const fair = Math.min(worker.most, Math.floor((free * worker.rate) / total));
    if (fair > worker.share) give(worker, Math.min(left, fair - worker.share));
  }
  // One after the other, what is left goes to whoever would be done with it first: optimal for equal pieces.
  while (left > 0) {
    const open = workers.filter(({ share, most }) => share < most);
    if (open.length === 0) break;
    give(
      open.reduce((best, worker) => (doneAt(worker) < doneAt(best) ? worker : best)),
      1,
    );
  }
  const given: number[] = workers.map(({ share }, index) => (candidates[index]?.idle ? share : 0));
  // A share kept for busy workers must not leave the step standing still.
  if (free > 0 && !given.some((share) => share > 0)) {
    const first = candidates.findIndex(({ idle }) => idle);
    if (first >= 0) given[first] = 1;
  }
  return given;
}

/** When a worker would be done with one microbatch more, in microbatches over its rate. */
function doneAt({ share, rate }: { readonly share: number; readonly rate: number }): number {
  return (share + 1) / rate;
}

/** Milliseconds a worker is allowed for a lease. */
export function allowedMilliseconds(samples: number, rate: number | null, fixed: boolean): number {
  const floor = fixed ? FIXED_LEASE_MILLISECONDS_MIN : LEASE_MILLISECONDS_MIN;
  if (rate === null) return FIRST_LEASE_MILLISECONDS;
  const expected = (samples / rate) * LEASE_SLACK_FACTOR;
  return Math.round(Math.min(LEASE_MILLISECONDS_MAX, Math.max(floor, expected)));
}
