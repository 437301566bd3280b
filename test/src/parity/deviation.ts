import type { TensorData } from "@tributary/kernels";
import type { Allowance, Fixture } from "./fixture.ts";

/** Elementwise, of what is there and of what is expected. */
const ABSOLUTE = 1e-6;
/** Elementwise, of the expected value's size. */
const RELATIVE = 1e-5;
/** Of sums, of the sum of the absolute values of what is added. */
const CONTRACTION = 1e-6;
/** Of parameters after steps: norm of the difference over norm. */
const NORM = 1e-5;

/** How far one tensor is from PyTorch's, in allowances: up to 1 it agrees. */
export interface Deviation {
  /** As in the fixture: "output/output", "gradient/parameter/weight", "after/parameter/weight". */
  readonly tensor: string;
  readonly ratio: number;
  /** The worst element, for people. */
  readonly worst: string;
}

function allowed(allowance: Allowance, expected: number, magnitude: number): number {
  if (allowance === "contraction") return CONTRACTION * magnitude;
  return ABSOLUTE + RELATIVE * Math.abs(expected) + CONTRACTION * magnitude;
}

function ratioOf(difference: number, allowance: number): number {
  if (difference === 0) return 0;
  // Also where a NaN came out.
  return allowance > 0 && Number.isFinite(difference) ? difference / allowance : Number.POSITIVE_INFINITY;
}

function normDeviation(tensor: string, expected: ArrayLike<number>, found: TensorData): Deviation {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < found.length; i += 1) {
    difference += (found[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  const ratio = ratioOf(Math.sqrt(difference), NORM * Math.sqrt(norm));
  return { tensor, ratio, worst: `norm of the difference ${Math.sqrt(difference)}, norm ${Math.sqrt(norm)}` };
}

/** Compares one result with the fixture's. @param tensor its name there  @throws Error when the fixture lacks it or has another length */
export function deviationOf(fixture: Fixture, tensor: string, found: TensorData): Deviation {
  const expected = fixture.tensors.get(tensor)?.data;
  if (expected === undefined || expected.length !== found.length) {
    throw new Error(
      `${fixture.name}: ${tensor} has ${found.length} elements here and ${expected?.length ?? "none"} in the fixture`,
    );
  }
  if (tensor.startsWith("after/")) return normDeviation(tensor, expected, found);
  const magnitudes = fixture.tensors.get(`magnitude/${tensor}`)?.data;
  let [ratio, worst] = [0, "equal"];
  for (let i = 0; i < found.length; i += 1) {
    const bound = allowed(fixture.allowance, expected[i], magnitudes?.[i] ?? 0);
    const next = ratioOf(Math.abs(found[i] - expected[i]), bound);
    if (next <= ratio) continue;
    ratio = next;
    worst = `[${i}] is ${found[i]} instead of ${expected[i]}, allowed ${bound}`;
  }
  return { tensor, ratio, worst };
}

/** The largest of several deviations. */
export function largest(deviations: readonly Deviation[]): Deviation {
  return deviations.reduce((a, b) => (b.ratio > a.ratio ? b : a), { tensor: "none", ratio: 0, worst: "equal" });
}
