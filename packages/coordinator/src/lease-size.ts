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
}

/**
 * Cuts what is free so that all workers finish together: in proportion to their rates, in whole microbatches, none
 * longer than the target time, and a small first lease for a worker whose speed is not known (time-boxing as in MLitB,
 * Meeds et al. 2015). Largest remainders first; of equal ones, the earlier candidate.
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
  const rates = candidates.map(({ rate }) => rate ?? assumed);
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  const caps = candidates.map(({ rate, idle }) => {
    if (!idle) return Number.POSITIVE_INFINITY;
    return rate === null ? FIRST_LEASE_MICROBATCHES : Math.max(1, Math.floor((rate * targetMs) / microbatch));
  });
  const exact = rates.map((rate, index) => Math.min(caps[index] ?? 0, (free * rate) / total));
  const shares = exact.map(Math.floor);
  let left = Math.min(free, Math.round(exact.reduce((sum, share) => sum + share, 0))) - sum(shares);
  const byRemainder = exact
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder) {
    if (left <= 0) break;
    if ((shares[index] ?? 0) >= (caps[index] ?? 0)) continue;
    shares[index] = (shares[index] ?? 0) + 1;
    left -= 1;
  }
  const given = shares.map((share, index) => (candidates[index]?.idle ? share : 0));
  // Somebody idle always gets something: a share kept for busy workers must not leave the step standing still.
  if (free > 0 && sum(given) === 0) {
    const first = candidates.findIndex(({ idle }) => idle);
    if (first >= 0) given[first] = 1;
  }
  return given;
}

/** Milliseconds a worker is allowed for a lease. */
export function allowedMilliseconds(samples: number, rate: number | null, fixed: boolean): number {
  const floor = fixed ? FIXED_LEASE_MILLISECONDS_MIN : LEASE_MILLISECONDS_MIN;
  if (rate === null) return FIRST_LEASE_MILLISECONDS;
  const expected = (samples / rate) * LEASE_SLACK_FACTOR;
  return Math.round(Math.min(LEASE_MILLISECONDS_MAX, Math.max(floor, expected)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
