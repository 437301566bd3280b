/** Microbatches first ... first + count - 1 of a lease. */
export interface MicrobatchRange {
  readonly first: number;
  readonly count: number;
}

/** Rounds a lease is divided into when several threads share it: the time is looked at between them. */
const ROUNDS = 4;

/**
 * Divides a lease's microbatches between threads. Each round hands every thread at most one range, in order; what the
 * rounds before one have done is always a prefix of the lease.
 * A pure function: the same lease is divided the same way, so that sums are the same bits every time.
 */
export function microbatchRounds(microbatches: number, threads: number): readonly (readonly MicrobatchRange[])[] {
  const roundCount = Math.max(1, Math.min(ROUNDS, Math.floor(microbatches / threads)));
  return Array.from({ length: roundCount }, (_, round) => {
    const first = Math.floor((round * microbatches) / roundCount);
    const count = Math.floor(((round + 1) * microbatches) / roundCount) - first;
    return Array.from({ length: threads }, (_, thread) => {
      const start = Math.floor((thread * count) / threads);
      return { first: first + start, count: Math.floor(((thread + 1) * count) / threads) - start };
    });
  });
}
