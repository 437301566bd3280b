/** How dark a cell of the confusion matrix is: 0 (nothing) ... SHADES - 1, and whether it is on the diagonal. */
export interface ConfusionCell {
  readonly count: number;
  readonly shade: number;
  readonly isRight: boolean;
  /** Of the row: how often this class was taken for that one. */
  readonly share: number;
}

/** Steps of the two scales, nothing included. */
const SHADES = 6;

/**
 * Shades of a table of counts, by the share of each cell in its row. Right answers are measured against 1, mistakes against
 * the largest share of a mistake, and by its square root, so that a good model's few mistakes can still be told apart.
 */
export function confusionCells(counts: readonly (readonly number[])[]): readonly (readonly ConfusionCell[])[] {
  const shares = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total === 0 ? 0 : count / total));
  });
  const worst = Math.max(0, ...shares.flatMap((row, label) => row.filter((_, predicted) => predicted !== label)));
  return counts.map((row, label) =>
    row.map((count, predicted) => {
      const share = shares[label]?.[predicted] ?? 0;
      const isRight = label === predicted;
      const strength = isRight ? share : Math.sqrt(share / (worst || 1));
      return { count, share, isRight, shade: count === 0 ? 0 : Math.max(1, Math.round(strength * (SHADES - 1))) };
    }),
  );
}

/** The classes of a large table that take part in most mistakes, in their own order; all of them where they are few. */
export function shownClasses(counts: readonly (readonly number[])[], max: number): readonly number[] {
  const classes = [...counts.keys()];
  if (classes.length <= max) return classes;
  const mistakes = classes.map(() => 0);
  counts.forEach((row, label) => {
    row.forEach((count, predicted) => {
      if (label === predicted) return;
      mistakes[label] = (mistakes[label] ?? 0) + count;
      mistakes[predicted] = (mistakes[predicted] ?? 0) + count;
    });
  });
  return classes
    .toSorted((a, b) => (mistakes[b] ?? 0) - (mistakes[a] ?? 0) || a - b)
    .slice(0, max)
    .toSorted((a, b) => a - b);
}

/** The pair of classes that is mixed up most often; null where there is no mistake. */
export function worstMistake(
  counts: readonly (readonly number[])[],
): { label: number; predicted: number; count: number } | null {
  let worst: { label: number; predicted: number; count: number } | null = null;
  counts.forEach((row, label) => {
    row.forEach((count, predicted) => {
      if (label !== predicted && count > (worst?.count ?? 0)) worst = { label, predicted, count };
    });
  });
  return worst;
}

/** A row and a column of the table as it is shown, from 0. */
export interface CellPosition {
  readonly row: number;
  readonly column: number;
}

/** Where an arrow key leads in a table of so many classes; null for other keys and at the edge. */
export function cellAfterKey(key: string, { row, column }: CellPosition, classes: number): CellPosition | null {
  const moves: Readonly<Record<string, CellPosition>> = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    Home: { row, column: 0 },
    End: { row, column: classes - 1 },
  };
  const next = moves[key];
  if (next === undefined || next.row < 0 || next.column < 0) return null;
  return next.row >= classes || next.column >= classes ? null : next;
}
