import type { EpochPoint } from "@tributary/protocol";
import type { CurvePoint } from "../state/step-series.ts";
import { smoothed } from "./smoothing.ts";

/** Which curve: the loss, or a metric by its name. */
export type CurveName = { readonly kind: "loss" } | { readonly kind: "metric"; readonly name: string };

/** How a curve is shown. */
export interface CurveView {
  /** Of the moving average, 0 ... below 1. */
  readonly smoothing: number;
  readonly logarithmic: boolean;
}

/** The columns of a chart of one curve over steps; null where a column has no value. */
export interface CurveData {
  readonly steps: readonly number[];
  /** As measured. */
  readonly train: readonly (number | null)[];
  readonly trainSmoothed: readonly (number | null)[];
  /** At the ends of epochs. */
  readonly test: readonly (number | null)[];
}

/** What was measured in training, at a point. */
function trainValue(curve: CurveName, point: CurvePoint): number | null {
  return curve.kind === "loss" ? point.loss : (point.metrics[curve.name] ?? null);
}

/** What was measured on the test data, at the end of an epoch. */
function testValue(curve: CurveName, epoch: EpochPoint): number | null {
  return curve.kind === "loss" ? epoch.testLoss : (epoch.testMetrics[curve.name] ?? null);
}

/** Steps of training and ends of epochs on one axis. A logarithmic chart has no place for values that are not positive. */
export function curveData(
  curve: CurveName,
  points: readonly CurvePoint[],
  epochs: readonly EpochPoint[],
  view: CurveView,
): CurveData {
  const shown = (value: number | null) => (view.logarithmic && value !== null && value <= 0 ? null : value);
  const raw = points.map((point) => trainValue(curve, point));
  const trainAt = new Map(points.map((point, index) => [point.step, raw[index] ?? null]));
  const means = smoothed(raw, view.smoothing);
  const smoothedAt = new Map(points.map((point, index) => [point.step, means[index] ?? null]));
  const testAt = new Map(epochs.map((epoch) => [epoch.step, testValue(curve, epoch)]));
  const steps = [...new Set([...trainAt.keys(), ...testAt.keys()])].sort((a, b) => a - b);
  const column = (values: ReadonlyMap<number, number | null>) => steps.map((step) => shown(values.get(step) ?? null));
  return { steps, train: column(trainAt), trainSmoothed: column(smoothedAt), test: column(testAt) };
}

/** One row of the table beside a curve. */
export interface CurveRow {
  readonly step: number;
  readonly train: number | null;
  readonly test: number | null;
}

/** Some rows of a curve, evenly spread, the first and the last among them, and every end of an epoch near the end. */
export function curveRows(data: CurveData, rowsMax: number): readonly CurveRow[] {
  const last = data.steps.length - 1;
  const count = Math.min(rowsMax, last + 1);
  const indices = Array.from({ length: count }, (_, row) =>
    count === 1 ? last : Math.round((row * last) / (count - 1)),
  );
  const withTest = data.test.flatMap((value, index) => (value === null ? [] : [index])).slice(-rowsMax);
  return [...new Set([...indices, ...withTest])]
    .sort((a, b) => a - b)
    .map((index) => ({
      step: data.steps[index] ?? 0,
      train: data.trainSmoothed[index] ?? null,
      test: data.test[index] ?? null,
    }));
}
