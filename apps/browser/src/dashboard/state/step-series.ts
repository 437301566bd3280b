import type { StepPoint } from "@tributary/protocol";

/** Points kept of the curve of steps: more than a wide screen has columns for a chart. */
const SERIES_POINTS_MAX = 1_500;

/** The mean of `count` neighbouring steps. */
export interface CurvePoint extends StepPoint {
  readonly count: number;
}

/** The curve of steps, of bounded length: when it is full, neighbours are merged in pairs, and so are those that follow. */
export interface StepSeries {
  /** Steps that go into one point. */
  readonly stride: number;
  readonly points: readonly CurvePoint[];
}

/** No step yet. */
export const EMPTY_SERIES: StepSeries = { stride: 1, points: [] };

/** Adds steps that come after those that are there; those that do not are left out. */
export function appendSteps(
  series: StepSeries,
  steps: readonly StepPoint[],
  pointsMax = SERIES_POINTS_MAX,
): StepSeries {
  const last = series.points.at(-1)?.step ?? -1;
  const fresh = steps.filter((step, index) => step.step > Math.max(last, steps[index - 1]?.step ?? -1));
  if (fresh.length === 0) return series;
  const points = [...series.points];
  for (const step of fresh) {
    const open = points.at(-1);
    if (open !== undefined && open.count < series.stride)
      points[points.length - 1] = merged(open, { ...step, count: 1 });
    else points.push({ ...step, count: 1 });
  }
  let thinned: StepSeries = { stride: series.stride, points };
  while (thinned.points.length > pointsMax) thinned = halved(thinned);
  return thinned;
}

/** The series without `step` and what follows: a run that goes on from a checkpoint does these steps again. */
export function cutFrom(series: StepSeries, step: number): StepSeries {
  return { stride: series.stride, points: series.points.filter((point) => point.step < step) };
}

function halved({ stride, points }: StepSeries): StepSeries {
  const pairs: CurvePoint[] = [];
  for (let index = 0; index < points.length; index += 2) {
    const [first, second] = [points[index], points[index + 1]];
    if (first !== undefined) pairs.push(second === undefined ? first : merged(first, second));
  }
  return { stride: 2 * stride, points: pairs };
}

function merged(a: CurvePoint, b: CurvePoint): CurvePoint {
  const count = a.count + b.count;
  const mean = (x: number | null | undefined, y: number | null | undefined) => {
    if (x === null || x === undefined) return y ?? null;
    return y === null || y === undefined ? x : (a.count * x + b.count * y) / count;
  };
  const names = Object.keys({ ...a.metrics, ...b.metrics });
  return {
    ...b,
    count,
    loss: mean(a.loss, b.loss),
    gradientNorm: mean(a.gradientNorm, b.gradientNorm),
    metrics: Object.fromEntries(names.map((name) => [name, mean(a.metrics[name], b.metrics[name])])),
  };
}
