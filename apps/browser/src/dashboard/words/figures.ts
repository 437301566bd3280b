/** What stands where there is no number yet. */
export const NO_FIGURE = "–";

const THIN_SPACE = "\u202f";

/** Whole numbers with their thousands apart, as on the join page and in the log: 12,345,678. */
export function wholeNumber(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Three to four digits that say something: 0.0123, 1.234, 12.3, 1,234. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_FIGURE;
  const size = Math.abs(value);
  if (size >= 1_000) return wholeNumber(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  if (size >= 0.001 || size === 0) return size === 0 ? "0" : value.toPrecision(3);
  return value.toExponential(1);
}

/** A factor with at most four digits that say something, as somebody may type it: 1, 0.5, 0.3333. */
export function factorFigure(factor: number): string {
  return Number(factor.toPrecision(4)).toString();
}

/** A share of 1 as per cent: 97.4 %. */
export function percent(share: number | null | undefined, digits = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NO_FIGURE;
  return `${(100 * share).toFixed(digits)}${THIN_SPACE}%`;
}

/** Samples a second, short: 834, 12.3 k. */
export function rate(perSecond: number): string {
  return perSecond < 10_000 ? wholeNumber(perSecond) : `${(perSecond / 1000).toFixed(1)}${THIN_SPACE}k`;
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Bytes in units of a thousand: 61.7 kB. */
export function bytes(count: number): string {
  let size = count;
  let unit = 0;
  while (size >= 999.5 && unit < BYTE_UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 99.5 ? 0 : 1;
  return `${size.toFixed(digits)}${THIN_SPACE}${BYTE_UNITS[unit]}`;
}

/** Milliseconds: 0.8 ms, 23 ms, 1.2 s. */
export function milliseconds(duration: number | null): string {
  if (duration === null) return NO_FIGURE;
  if (duration >= 1000) return `${(duration / 1000).toFixed(1)}${THIN_SPACE}s`;
  return `${duration < 10 ? duration.toFixed(1) : duration.toFixed(0)}${THIN_SPACE}ms`;
}

/** A time in seconds as a clock shows it: 0:42, 12:05, 3:07:00. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => value.toString().padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A time in seconds as people say it: "12 s", "about 3 min", "about 2 h". */
export function spoken(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 100 * 60) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.round(seconds / 3600)} h`;
}

/** Metrics that are shares of 1 by their meaning. A share can never leave 0 ... 1, so a value out of it tells otherwise. */
const SHARE_NAME = /accuracy|precision|recall|^f1|auc|iou|rate$/i;

/** Whether a metric is shown as per cent. */
export function isShare(metric: string): boolean {
  return SHARE_NAME.test(metric);
}

/** A metric's value as its name suggests. */
export function metricFigure(metric: string, value: number | null | undefined): string {
  return isShare(metric) ? percent(value) : figure(value);
}

/** "trainAccuracy" and "meanSquaredError" as words: "Mean squared error". */
export function metricLabel(metric: string): string {
  const words = metric.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "1 worker", "3 workers". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${wholeNumber(count)} ${count === 1 ? noun : plural}`;
}
