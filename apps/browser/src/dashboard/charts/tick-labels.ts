import { wholeNumber } from "../words/figures.ts";

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

/** Steps from which on labels are short: longer ones would touch each other. */
const SHORT_FROM = 100_000;

/** Labels of an axis of steps, all in one unit; none between two steps. */
export function stepLabels(splits: readonly number[]): string[] {
  const most = Math.max(...splits);
  const [unit, sign] = most < SHORT_FROM ? [1, ""] : most < 100 * SHORT_FROM ? [1e3, "k"] : [1e6, "M"];
  return splits.map((split) => {
    if (!Number.isInteger(split)) return "";
    return split === 0 ? "0" : `${wholeOrShort(split / unit)}${sign}`;
  });
}

function wholeOrShort(value: number): string {
  return Number.isInteger(value) ? wholeNumber(value) : Number(value.toPrecision(3)).toString();
}
