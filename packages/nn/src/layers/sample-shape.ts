import type { Tensor } from "@tributary/autograd";
import { type Shape, showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";

/** Each of several options must be a whole number of at least `least`. @throws NnError INVALID_OPTION */
export function requireWhole(owner: string, least: number, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    requireOption(Number.isInteger(value) && value >= least, owner, name, value, `a whole number of at least ${least}`);
  }
}

/**
 * The input must have one of these forms, in which a number is that size and a word any size.
 * @throws NnError SHAPE_MISMATCH
 */
export function requireForm(owner: string, x: Tensor, ...forms: readonly (readonly (number | string)[])[]): void {
  const fits = forms.some(
    (form) => form.length === x.ndim && form.every((size, axis) => typeof size === "string" || size === x.shape[axis]),
  );
  if (fits) return;
  const wanted = forms.map((form) => `[${form.join(", ")}]`).join(" or ");
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} takes ${wanted}, but got ${showShape(x.shape)}: reshape the input, or make the layer for it`,
  );
}

/** A vector with an entry a channel, shaped so that it broadcasts over [M, C, ...]. @param ndim dimensions of the input */
export function overChannels(vector: Tensor, ndim: number): Tensor {
  const shape: Shape = [-1, ...Array.from({ length: ndim - 2 }, () => 1)];
  return vector.reshape(shape);
}
