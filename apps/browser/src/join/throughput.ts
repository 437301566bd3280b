/** Samples that were computed, and when. */
export interface ComputedSamples {
  readonly atMs: number;
  readonly samples: number;
}

/** Milliseconds over which the speed that is shown is taken. */
export const RATE_MILLISECONDS = 10_000;

/** Milliseconds that the curve goes back. */
const CURVE_MILLISECONDS = 60_000;

/** Milliseconds of one point of the curve. */
const POINT_MILLISECONDS = 2_000;

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

/**
 * Samples a second in each whole stretch of the last minute, oldest first, from the beginning of the work on.
 * @param sinceMs when the work began
 */
export function rateCurve(computed: readonly ComputedSamples[], sinceMs: number, nowMs: number): readonly number[] {
  const stretchOf = (atMs: number) => Math.floor(atMs / POINT_MILLISECONDS);
  const end = stretchOf(nowMs);
  const points = Math.min(CURVE_MILLISECONDS / POINT_MILLISECONDS, end - stretchOf(sinceMs));
  const sums = new Array<number>(Math.max(0, points)).fill(0);
  for (const { atMs, samples } of computed) {
    const index = stretchOf(atMs) - end + points;
    if (index >= 0 && index < points) sums[index] = (sums[index] ?? 0) + samples;
  }
  return sums.map((sum) => (1_000 * sum) / POINT_MILLISECONDS);
}
