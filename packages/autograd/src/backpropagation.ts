import { type OperationName, shapesEqual, showShape, showType } from "@tributary/program";
import { AutogradError } from "./errors.ts";
import { add, full } from "./primitives.ts";
import { differentiatedParts, regionOf } from "./recording.ts";
import type { Row, Seed } from "./rules/rule.ts";
import { OPERATION_TABLE } from "./rules/table.ts";
import { type CustomOrigin, isDifferentiable, type OperationOrigin, type Value } from "./value.ts";

/** Cotangents on their way back, by the value they belong to. */
class Cotangents {
  readonly #sums = new Map<Value, Value>();

  add(value: Value, cotangent: Value): void {
    const sum = this.#sums.get(value);
    this.#sums.set(value, sum === undefined ? cotangent : add(sum, cotangent));
  }

  of(value: Value): Value | null {
    return this.#sums.get(value) ?? null;
  }
}

/** What has a rule for its gradient. */
type RuledOrigin = OperationOrigin | CustomOrigin;

function ruledOrigin({ origin }: Value): RuledOrigin | null {
  return origin.kind === "operation" || origin.kind === "custom" ? origin : null;
}

/** Applies a rule: the cotangents of the inputs from those of the outputs. */
function inputCotangents(
  origin: RuledOrigin,
  cotangents: readonly (Value | null)[],
  needed: readonly boolean[],
): readonly (Value | null)[] {
  if (origin.kind === "operation") return operationCotangents(origin, cotangents, needed);
  const { inputs, outputs, gradient } = origin;
  return gradient({ inputs, outputs, cotangents });
}

function operationCotangents<Name extends OperationName>(
  origin: OperationOrigin<Name>,
  cotangents: readonly (Value | null)[],
  needed: readonly boolean[],
): readonly (Value | null)[] {
  const row: Row<Name> = OPERATION_TABLE[origin.operation];
  const { attributes, inputs, outputs } = origin;
  return row.gradient({ attributes, inputs, outputs, cotangents, needed, backpropagate: backpropagateApart });
}

/**
 * Reverse accumulation: each operation is met after all that use it, and only if it leads from a target to a seed.
 * Cotangents are added in that order, so the same recording gives the same sums.
 * @param options.partial whether derivatives are partial ones, as if no target were made from another
 * @returns one cotangent a target, null where nothing leads to a seed
 */
function backpropagateTo(
  seeds: readonly Seed[],
  targets: readonly Value[],
  { partial }: { readonly partial: boolean },
): (Value | null)[] {
  const wanted = new Set(targets);
  const region = regionOf(
    seeds.map(({ value }) => value),
    (value) => partial && wanted.has(value),
    differentiatedParts,
  );
  const origins = [...new Set(region.flatMap((value) => ruledOrigin(value) ?? []))];
  const leading = new Set<RuledOrigin>();
  const leads = (value: Value): boolean => {
    if (!isDifferentiable(value)) return false;
    if (wanted.has(value)) return true;
    const origin = ruledOrigin(value);
    return origin !== null && leading.has(origin);
  };
  for (const origin of origins) if (origin.inputs.some(leads)) leading.add(origin);
  const cotangents = new Cotangents();
  for (const { value, cotangent } of seeds) if (leads(value)) cotangents.add(value, cotangent);
  for (const origin of origins.toReversed()) {
    if (!leading.has(origin)) continue;
    const found = origin.outputs.map((output) => (isDifferentiable(output) ? cotangents.of(output) : null));
    if (found.every((cotangent) => cotangent === null)) continue;
    const needed = origin.inputs.map(leads);
    const gradients = inputCotangents(origin, found, needed);
    origin.inputs.forEach((input, position) => {
      const gradient = gradients[position] ?? null;
      if (gradient !== null && needed[position] === true) cotangents.add(input, gradient);
    });
  }
  return targets.map((target) => cotangents.of(target));
}

/** Derivatives with respect to `targets`, which are taken to be independent of each other; null where nothing leads. */
export function backpropagateApart(seeds: readonly Seed[], targets: readonly Value[]): (Value | null)[] {
  return backpropagateTo(seeds, targets, { partial: true });
}

/**
 * Derivatives of the sum of `output` times `cotangent` with respect to each input, as recorded operations: they can be
 * differentiated again. An input on which the output does not depend gets zeros.
 * @throws AutogradError NOT_DIFFERENTIABLE, SHAPE_MISMATCH
 */
export function gradientsOf(output: Value, inputs: readonly Value[], cotangent: Value | null): Value[] {
  for (const value of [output, ...inputs]) {
    if (isDifferentiable(value)) continue;
    const role = value === output ? "output" : "input";
    throw new AutogradError(
      "NOT_DIFFERENTIABLE",
      `grad: an ${role} is ${showType(value)}, but only float32 has derivatives: cast it with .to("float32") first`,
    );
  }
  if (cotangent === null && output.shape.length > 0) {
    throw new AutogradError(
      "NOT_DIFFERENTIABLE",
      `grad: the output is ${showType(output)}, not a scalar: sum it up, or give a cotangent of shape ${showShape(output.shape)}`,
    );
  }
  if (cotangent !== null && !shapesEqual(cotangent.shape, output.shape)) {
    throw new AutogradError(
      "SHAPE_MISMATCH",
      `grad: the output is ${showType(output)} and the cotangent ${showType(cotangent)}: give one of the output's shape`,
    );
  }
  const seed = { value: output, cotangent: cotangent ?? full(output.shape, 1) };
  const found = backpropagateTo([seed], inputs, { partial: false });
  return inputs.map((input, position) => found[position] ?? full(input.shape, 0));
}
