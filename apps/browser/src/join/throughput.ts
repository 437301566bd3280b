/** Samples that were computed, and when. */
export interface ComputedSamples {
  readonly atMs: number;
  readonly samples: number;
}

/** Milliseconds over which the speed that is shown is taken. */
export const RATE_MILLISECONDS = 10_000;

/** Milliseconds that the curve goes back. */
export const CURVE_MILLISECONDS = 60_000;

/** Milliseconds of one point of the curve. */
export const POINT_MILLISECONDS = 2_000;

/** What is younger than the curve is long, with one more. */
export function withSamples(computed: readonly ComputedSamples[], latest: ComputedSamples): readonly ComputedSamples[] {
  const oldest = latest.atMs - CURVE_MILLISECONDS;
  return [...computed.filter(({ atMs }) => atMs > oldest), latest];
}

/** Samples a second over the last while; 0 when there were none. @param sinceMs when the work began */
export function samplesPerSecond(computed: readonly ComputedSamples[], sinceMs: number, nowMs: number): number {
  const from = Math.max(sinceMs, nowMs - RATE_MILLISECONDS);
  if (nowMs <= from) return 0;
  const samples = computed.reduce((sum, { atMs, samples: count }) => (atMs > from ? sum + count : sum), 0);
  return (1_000 * samples) / (nowMs - from);
}

/** Samples a second in each stretch of the last minute, oldest first. */
export function rateCurve(computed: readonly ComputedSamples[], nowMs: number): readonly number[] {
  const points = CURVE_MILLISECONDS / POINT_MILLISECONDS;
  const sums = new Array<number>(points).fill(0);
  for (const { atMs, samples } of computed) {
    const index = points - 1 - Math.floor((nowMs - atMs) / POINT_MILLISECONDS);
    if (index >= 0 && index < points) sums[index] = (sums[index] ?? 0) + samples;
  }
  return sums.map((sum) => (1_000 * sum) / POINT_MILLISECONDS);
}
