/**
 * How the sums of a metric become what is reported. A form is data, not code: whoever holds the sums, a coordinator included, can
 * finish any metric without knowing what it measures. Each form says how many sums a metric has, and in which order.
 */
export type MetricForm =
  /** One sum: its mean over the samples. */
  | { readonly kind: "mean" }
  /** [numerator, denominator]: their quotient, transformed; `empty` (default NaN) where the denominator is 0. */
  | { readonly kind: "ratio"; readonly transform?: "sqrt" | "exp"; readonly empty?: number }
  /**
   * [numerator of each class, denominator of each class, occurrences of each class]: the mean of the quotients over the classes that
   * occur, where a denominator of 0 gives the quotient 0.
   */
  | { readonly kind: "meanRatio"; readonly classes: number }
  /**
   * For each output, [sum of (y - f)^2 ..., sum of (y - r) ..., sum of (y - r)^2 ...], then the number of samples, for targets y,
   * predictions f and any number r: the mean over the outputs of 1 - residual / total variation.
   */
  | { readonly kind: "r2"; readonly outputs: number }
  /** Counts of a table, row by row: reported as nested arrays, in epoch events only. */
  | { readonly kind: "counts"; readonly shape: readonly [rows: number, columns: number] };

/** Forms of metrics by the metrics' names. */
export type MetricForms = Readonly<Record<string, MetricForm>>;

/** A table of counts. */
export type CountTable = readonly (readonly number[])[];

/** Number of sums a metric of this form has. */
export function metricSumCount(form: MetricForm): number {
  switch (form.kind) {
    case "mean":
      return 1;
    case "ratio":
      return 2;
    case "meanRatio":
      return 3 * form.classes;
    case "r2":
      return 3 * form.outputs + 1;
    case "counts":
      return form.shape[0] * form.shape[1];
    default:
      return form satisfies never;
  }
}

/** Names of a metric's sums: its own for a single one, else `name.0`, `name.1`, ... */
export function metricSumNames(name: string, form: MetricForm): string[] {
  const count = metricSumCount(form);
  return count === 1 ? [name] : Array.from({ length: count }, (_, index) => `${name}.${index}`);
}

/** The number that is reported for a metric. @param sums in the order of the form @returns null for a table of counts */
export function finishMetric(form: MetricForm, sums: readonly number[], samples: number): number | null {
  const at = (index: number) => sums[index] ?? 0;
  switch (form.kind) {
    case "mean":
      return at(0) / samples;
    case "ratio":
      return transformed(form.transform, at(1) === 0 ? (form.empty ?? Number.NaN) : at(0) / at(1));
    case "meanRatio":
      return meanRatio(form.classes, at);
    case "r2":
      return coefficientOfDetermination(form.outputs, at);
    case "counts":
      return null;
    default:
      return form satisfies never;
  }
}

/** The table that is reported for a metric, row by row. @returns null for any other form */
export function finishCounts(form: MetricForm, sums: readonly number[]): CountTable | null {
  if (form.kind !== "counts") return null;
  const [rows, columns] = form.shape;
  return Array.from({ length: rows }, (_, row) => sums.slice(row * columns, (row + 1) * columns));
}

function transformed(transform: "sqrt" | "exp" | undefined, value: number): number {
  if (transform === undefined) return value;
  return transform === "sqrt" ? Math.sqrt(value) : Math.exp(value);
}

function meanRatio(classes: number, at: (index: number) => number): number {
  let total = 0;
  let occurring = 0;
  for (let index = 0; index < classes; index += 1) {
    if (at(2 * classes + index) === 0) continue;
    occurring += 1;
    const denominator = at(classes + index);
    total += denominator === 0 ? 0 : at(index) / denominator;
  }
  return total / occurring;
}

function coefficientOfDetermination(outputs: number, at: (index: number) => number): number {
  const count = at(3 * outputs);
  let total = 0;
  for (let output = 0; output < outputs; output += 1) {
    const residual = at(output);
    const variation = at(2 * outputs + output) - at(outputs + output) ** 2 / count;
    // Constant targets, as scikit-learn has it: 1 where they are met exactly, else 0.
    total += variation > 0 ? 1 - residual / variation : residual === 0 ? 1 : 0;
  }
  return total / outputs;
}
