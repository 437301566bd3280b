import { concat, full, type Tensor } from "@tributary/autograd";
import type { Shape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { l2, type Regulariser } from "../regularisers.ts";

/** Where a parameter lies in the vectors of an update. */
export interface ParameterSpan {
  /** PyTorch's name: "features.0.weight". */
  readonly name: string;
  readonly shape: Shape;
  /** First float. */
  readonly offset: number;
  /** Number of floats, without the padding behind them. */
  readonly length: number;
}

/** Options of some of the parameters; what is left out is as for all. */
export interface ParameterGroup {
  /** Chooses the group's parameters, once, when the run is traced. The first group that matches counts. */
  readonly match: (name: string, shape: Shape) => boolean;
  /** What the learning rate is multiplied with. Default 1. */
  readonly learningRateFactor?: number;
  /** In place of the optimizer's. */
  readonly weightDecay?: number;
  /** In place of the optimizer's. */
  readonly regulariser?: Regulariser;
}

/** A number for all elements, or float32 [n] with one for each. */
export type Factor = number | Tensor;

/** No weight decay and no penalty on vectors: biases, and the weights of normalisations. */
export function noDecayOnBiasesAndNorms(): ParameterGroup {
  return { match: (_, shape) => shape.length < 2, weightDecay: 0, regulariser: l2(0) };
}

/** @throws NnError INVALID_OPTION */
export function requireGroups(owner: string, groups: readonly ParameterGroup[]): void {
  for (const { learningRateFactor = 1, weightDecay = 0 } of groups) {
    requireOption(learningRateFactor >= 0, owner, "learningRateFactor of a group", learningRateFactor, "at least 0");
    requireOption(weightDecay >= 0, owner, "weightDecay of a group", weightDecay, "at least 0");
  }
}

/** What to choose from the group of each parameter. */
export interface GroupChoice {
  readonly groups: readonly ParameterGroup[];
  readonly spans: readonly ParameterSpan[] | undefined;
  /** Floats of the vectors, n. */
  readonly length: number;
}

/**
 * A value of each parameter's group as a factor of its elements: one number where all agree, else a vector made of few constant
 * pieces. Padding gets that of the parameter before it: it is 0 whatever it is multiplied with.
 * @param value undefined: none of the groups
 * @throws NnError INVALID_OPTION when there are groups, but nobody said where the parameters lie
 */
export function perElement(choice: GroupChoice, value: (group: ParameterGroup | undefined) => number): Factor {
  const { groups, spans, length } = choice;
  if (groups.length === 0) return value(undefined);
  if (spans === undefined) {
    throw new NnError(
      "INVALID_OPTION",
      "The optimizer has groups, but the update no spans: say where each parameter lies",
    );
  }
  const runs: { readonly start: number; readonly value: number }[] = [];
  for (const { name, shape, offset } of spans.toSorted((a, b) => a.offset - b.offset)) {
    const next = value(groups.find(({ match }) => match(name, shape)));
    if (runs.at(-1)?.value !== next) runs.push({ start: runs.length === 0 ? 0 : offset, value: next });
  }
  const [first] = runs;
  if (runs.length < 2) return first?.value ?? value(undefined);
  return concat(runs.map((run, index) => full([(runs[index + 1]?.start ?? length) - run.start], run.value)));
}
