import type { Tensor } from "@tributary/autograd";
import { type MetricForm, type MetricForms, metricSumCount, shapesEqual, showShape } from "@tributary/program";
import { NnError } from "../errors.ts";
import { requireTensor } from "../tensor-result.ts";

/** A number for each sample, traced, whose mean over all samples is reported. @returns float32 [M] */
export type SampleMetric = (outputs: Tensor, targets: Tensor) => Tensor;

/** A metric that is more than a mean: some numbers for each sample, traced, and how their sums become what is reported. */
export interface SummedMetric {
  /** How many sums there are, and what is made of them; data, so that a coordinator can do it. */
  readonly form: MetricForm;
  /** @returns float32 [M, k], k numbers a sample in the order of the form */
  readonly sums: SampleMetric;
}

/** What a run measures, traced: sums that add over microbatches and workers. */
export type Metric = SampleMetric | SummedMetric;

/** A microbatch as metrics see it. */
export interface MetricInputs {
  /** What the model made, [M, ...]. */
  readonly outputs: Tensor;
  /** The data's field, [M, ...]. */
  readonly targets: Tensor;
  /** float32 [M]: 1 for a sample, 0 for padding. */
  readonly weights: Tensor;
  /** What the metric is called, for errors. Default: nothing. */
  readonly name?: string;
}

/** How each metric is finished, by its name. */
export function metricForms(metrics: Readonly<Record<string, Metric>>): MetricForms {
  const formOf = (metric: Metric): MetricForm => (typeof metric === "function" ? { kind: "mean" } : metric.form);
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, formOf(metric)]));
}

/**
 * Sums of a metric over a microbatch: what another microbatch's are added to.
 * @returns float32 [k], in the order of the metric's form
 * @throws NnError NOT_A_TENSOR; SHAPE_MISMATCH when the metric does not give k numbers for each sample
 */
export function metricSums(metric: Metric, { outputs, targets, weights, name }: MetricInputs): Tensor {
  const [samples = 0] = weights.shape;
  const [form, sumsOf]: [MetricForm, SampleMetric] =
    typeof metric === "function" ? [{ kind: "mean" }, metric] : [metric.form, metric.sums];
  const count = metricSumCount(form);
  const what = name === undefined ? "A metric" : `Metric ${name}`;
  const numbers = requireTensor(what, sumsOf(outputs, targets));
  const expected = typeof metric === "function" ? [samples] : [samples, count];
  if (!shapesEqual(numbers.shape, expected)) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `${what} gives ${showShape(numbers.shape)}, but must give ${showShape(expected)}: one ${expected.length === 1 ? "number" : "row of numbers"} a sample, not summed over them`,
    );
  }
  const rows = numbers.reshape([samples, count]);
  // Not the product with a weight of 0: padding may give infinities.
  return weights.ne(0).unsqueeze(1).where(rows, 0).mul(weights.unsqueeze(1)).sum(0);
}
