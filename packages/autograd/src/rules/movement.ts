import type { Shape } from "@tributary/program";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { at, oneInput, type Row, type Rows } from "./rule.ts";

/** Sums a cotangent back to the shape that was stretched to its own. */
function sumTo(dy: Value, shape: Shape): Value {
  const lead = dy.shape.length - shape.length;
  const stretched = dy.shape.flatMap((size, axis) => {
    const before = axis < lead ? 1 : shape[axis - lead];
    return axis < lead || (before === 1 && size !== 1) ? [axis] : [];
  });
  return op.reshape(op.sum(dy, stretched), shape);
}

/** The permutation that undoes another. */
export function inverse(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

const concat: Row<"concat"> = {
  forward: (inputs, { axis }) => [op.concat(inputs, axis)],
  // Each input's cotangent is its part of dy.
  gradient: ({ attributes: { axis }, inputs, cotangents }) => {
    const dy = at(cotangents, 0);
    const strides = dy.shape.map(() => 1);
    let start = 0;
    return inputs.map((input) => {
      const end = start + (input.shape[axis] ?? 0);
      const starts = dy.shape.map((_, position) => (position === axis ? start : 0));
      const ends = dy.shape.map((size, position) => (position === axis ? end : size));
      start = end;
      return op.slice(dy, { starts, ends, strides });
    });
  },
};

/** Operations that only move elements: their gradients move them back, and add up what was copied. */
export const MOVEMENT: Rows<"reshape" | "permute" | "broadcast" | "slice" | "pad" | "concat" | "flip"> = {
  reshape: oneInput(
    (x, { shape }) => op.reshape(x, shape),
    ({ dy, x }) => op.reshape(dy, x.shape),
  ),
  permute: oneInput(
    (x, { permutation }) => op.permute(x, permutation),
    ({ dy, attributes }) => op.permute(dy, inverse(attributes.permutation)),
  ),
  // A copied element collects the cotangents of its copies.
  broadcast: oneInput(
    (x, { shape }) => op.broadcast(x, shape),
    ({ dy, x }) => sumTo(dy, x.shape),
  ),
  // Elements that were left out get 0: they are the padding around and between those that were taken.
  slice: oneInput(op.slice, ({ dy, x, attributes: { starts, strides } }) => {
    const interior = strides.map((stride) => stride - 1);
    const high = x.shape.map((size, axis) => {
      const taken = dy.shape[axis] ?? 0;
      const spanned = taken === 0 ? 0 : taken + (taken - 1) * (interior[axis] ?? 0);
      return size - (starts[axis] ?? 0) - spanned;
    });
    return op.pad(dy, { low: starts, high, interior, value: 0 });
  }),
  // The elements themselves are taken out again; the padding was a literal.
  pad: oneInput(op.pad, ({ dy, x, attributes: { low, interior } }) => {
    const strides = interior.map((gap) => gap + 1);
    const ends = x.shape.map((size, axis) => {
      const spanned = size === 0 ? 0 : size + (size - 1) * (interior[axis] ?? 0);
      return (low[axis] ?? 0) + spanned;
    });
    return op.slice(dy, { starts: low, ends, strides });
  }),
  concat,
  flip: oneInput(
    (x, { axes }) => op.flip(x, axes),
    ({ dy, attributes }) => op.flip(dy, attributes.axes),
  ),
};
