import { elementCount, type Shape, shapesEqual, type TensorType } from "../dtype.ts";
import { ProgramError } from "../errors.ts";
import type { PrimitiveAttributes } from "../operations.ts";
import {
  requireAttribute,
  requireAxes,
  requireAxis,
  requireEntries,
  requireLiteral,
  requireOne,
  requireSameDType,
  requireShape,
  requireShapes,
  showCount,
  showShape,
  showType,
} from "./checks.ts";

function inferReshape(inputs: readonly TensorType[], attributes: PrimitiveAttributes["reshape"]): TensorType[] {
  const x = requireOne("reshape", inputs);
  requireShape("reshape", attributes.shape);
  const output = { dtype: x.dtype, shape: attributes.shape };
  if (elementCount(x.shape) !== elementCount(attributes.shape)) {
    throw new ProgramError(
      "SHAPE_MISMATCH",
      `reshape: input is ${showCount(x)} and the new shape makes ${showCount(output)}: choose a shape of as many elements`,
    );
  }
  return [output];
}

function inferPermute(inputs: readonly TensorType[], attributes: PrimitiveAttributes["permute"]): TensorType[] {
  const x = requireOne("permute", inputs);
  const { permutation } = attributes;
  requireAttribute(
    "permute",
    permutation.length === x.shape.length && x.shape.every((_, axis) => permutation.includes(axis)),
    () => `permutation ${showShape(permutation)} must hold each axis of ${showType(x)} once: mend it`,
  );
  return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] ?? 0) }];
}

function stretches(from: Shape, to: Shape): boolean {
  const added = to.length - from.length;
  return added >= 0 && from.every((dimension, axis) => dimension === 1 || dimension === to[axis + added]);
}

function inferBroadcast(inputs: readonly TensorType[], attributes: PrimitiveAttributes["broadcast"]): TensorType[] {
  const x = requireOne("broadcast", inputs);
  requireShape("broadcast", attributes.shape);
  if (!stretches(x.shape, attributes.shape)) {
    throw new ProgramError(
      "SHAPE_MISMATCH",
      `broadcast: input is ${showType(x)} and the new shape is ${showShape(attributes.shape)}, but aligned at the last axis each input dimension must be 1 or equal: reshape the input first`,
    );
  }
  return [{ dtype: x.dtype, shape: attributes.shape }];
}

function inferSlice(inputs: readonly TensorType[], attributes: PrimitiveAttributes["slice"]): TensorType[] {
  const x = requireOne("slice", inputs);
  const { starts, ends, strides } = attributes;
  requireEntries("slice", x, "starts", starts, 0);
  requireEntries("slice", x, "ends", ends, 0);
  requireEntries("slice", x, "strides", strides, 1);
  const shape = x.shape.map((dimension, axis) => {
    const start = starts[axis] ?? 0;
    const end = ends[axis] ?? 0;
    requireAttribute(
      "slice",
      start <= end && end <= dimension,
      () =>
        `${start} ... ${end} is not a range of axis ${axis} of ${showType(x)}: keep 0 <= start <= end <= ${dimension}`,
    );
    return Math.ceil((end - start) / (strides[axis] ?? 1));
  });
  return [{ dtype: x.dtype, shape }];
}

function inferPad(inputs: readonly TensorType[], attributes: PrimitiveAttributes["pad"]): TensorType[] {
  const x = requireOne("pad", inputs);
  const { low, high, interior, value } = attributes;
  requireEntries("pad", x, "low", low, 0);
  requireEntries("pad", x, "high", high, 0);
  requireEntries("pad", x, "interior", interior, 0);
  requireLiteral("pad", x.dtype, value);
  const shape = x.shape.map((dimension, axis) => {
    const between = Math.max(dimension - 1, 0) * (interior[axis] ?? 0);
    return (low[axis] ?? 0) + dimension + between + (high[axis] ?? 0);
  });
  return [{ dtype: x.dtype, shape }];
}

function inferConcat(inputs: readonly TensorType[], attributes: PrimitiveAttributes["concat"]): TensorType[] {
  const [first] = inputs;
  if (first === undefined) throw new ProgramError("INPUT_COUNT", "concat: takes at least 1 input, but got 0: pass one");
  const { axis } = attributes;
  requireAxis("concat", first, axis);
  let length = 0;
  for (const input of inputs) {
    requireSameDType("concat", first, input);
    const aligned = input.shape.map((dimension, place) => (place === axis ? (first.shape[axis] ?? 0) : dimension));
    requireShapes(
      "concat",
      [first, input],
      shapesEqual(first.shape, aligned),
      `must be alike but for axis ${axis}: reshape or slice one of them`,
    );
    length += input.shape[axis] ?? 0;
  }
  return [{ dtype: first.dtype, shape: first.shape.map((dimension, place) => (place === axis ? length : dimension)) }];
}

function inferFlip(inputs: readonly TensorType[], attributes: PrimitiveAttributes["flip"]): TensorType[] {
  const x = requireOne("flip", inputs);
  requireAxes("flip", x, attributes.axes);
  return [x];
}

/** The same elements at other places: any dtype. */
export const MOVEMENT_INFERENCE = {
  reshape: inferReshape,
  permute: inferPermute,
  broadcast: inferBroadcast,
  slice: inferSlice,
  pad: inferPad,
  concat: inferConcat,
  flip: inferFlip,
};
