/** How dark a cell of the confusion matrix is: 0 (nothing) ... SHADES - 1, and whether it is on the diagonal. */
export interface ConfusionCell {
  readonly count: number;
  readonly shade: number;
  readonly isRight: boolean;
  /** Of the row: how often this class was taken for that one. */
  readonly share: number;
}

/** Steps of the two scales, nothing included. */
export const SHADES = 6;

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

/** Where an arrow key leads in a table of so many classes; null for other keys and at the edge. */
export function cellAfterKey(
  key: string,
  { label, predicted }: { readonly label: number; readonly predicted: number },
  classes: number,
): { readonly label: number; readonly predicted: number } | null {
  const moves: Readonly<Record<string, readonly [down: number, right: number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    Home: [0, -predicted],
    End: [0, classes - 1 - predicted],
  };
  const move = moves[key];
  if (move === undefined) return null;
  const [row, column] = [label + move[0], predicted + move[1]];
  return row < 0 || column < 0 || row >= classes || column >= classes ? null : { label: row, predicted: column };
}
