/** Decimals beyond which a label says nothing more. */
const DECIMALS_MAX = 6;

/** Labels of an axis with as many decimals as the distance between them has. @param factor 100 for per cent */
export function tickLabels(splits: readonly (number | null)[], increment: number, factor = 1): string[] {
  const step = increment * factor;
  let decimals = 0;
  while (decimals < DECIMALS_MAX && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6)
    decimals += 1;
  return splits.map((split) => (split === null ? "" : (split * factor).toFixed(decimals)));
}
