/** One bar of the histogram of staleness. */
export interface StalenessRow {
  readonly label: string;
  readonly count: number;
  /** Of all contributions. */
  readonly share: number;
}

/** Bars shown though nothing is in them. */
const ROWS_MIN = 3;

/** The histogram's bars, as far as there is something in them; the last place that the coordinator tells apart means "or more". */
export function stalenessRows(counts: readonly number[]): readonly StalenessRow[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const lastUsed = counts.findLastIndex((count) => count > 0);
  return counts.slice(0, Math.max(ROWS_MIN, lastUsed + 1)).map((count, steps) => ({
    label: steps === counts.length - 1 ? `${steps} or more` : steps.toString(),
    count,
    share: total === 0 ? 0 : count / total,
  }));
}
