import type { Tensor } from "@tributary/autograd";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import type { Tensorflow, TensorflowTensor } from "./tensorflow.ts";

/** An input of a case. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** One operation on inputs of some shapes, here and there. */
export interface Case {
  /** The first `differentiated` of them get a derivative. */
  readonly inputs: readonly CaseInput[];
  readonly differentiated: number;
  readonly ours: (inputs: readonly Tensor[]) => Tensor;
  readonly theirs: (tf: Tensorflow, inputs: readonly TensorflowTensor[]) => TensorflowTensor;
  /** Whether results are sums of products of inputs: then they may be off by a share of the sum of their absolute values. */
  readonly sums: boolean;
}

/** Draws cases of one operation. */
export type Draw = (random: SeededRandom) => Case;

/** Sizes of dimensions; odd ones, because tiles are even. */
const SIZES = [1, 2, 3, 5, 7];

/** A random shape. */
export function shapeOf(random: SeededRandom, least = 1, most = 4): number[] {
  return Array.from({ length: random.integer(least, most) }, () => random.pick(SIZES));
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Numbers between two limits, at least `gap` from 0. */
export function input(random: SeededRandom, shape: readonly number[], limits: Limits = {}): CaseInput {
  const { low = -2, high = 2, gap = 0 } = limits;
  const draw = () => {
    for (;;) {
      const value = random.between(low, high);
      if (Math.abs(value) >= gap) return value;
    }
  };
  return { shape, data: Float32Array.from({ length: elements(shape) }, draw) };
}

/** Where numbers are drawn from. */
export interface Limits {
  readonly low?: number;
  readonly high?: number;
  /** Least distance from 0. */
  readonly gap?: number;
}

/** Numbers of which no two are nearer than 0.01, so that no maximum is a tie within rounding. */
export function distinct(random: SeededRandom, shape: readonly number[]): CaseInput {
  const count = elements(shape);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = random.integer(0, i);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return { shape, data: Float32Array.from(order, (place) => (place - count / 2) * 0.02) };
}

/** Whole numbers from 0 to below `end`. */
export function indices(random: SeededRandom, shape: readonly number[], end: number): CaseInput {
  return { shape, data: Int32Array.from({ length: elements(shape) }, () => random.integer(0, end - 1)) };
}
