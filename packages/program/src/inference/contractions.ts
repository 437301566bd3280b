import type { TensorType } from "../dtype.ts";
import { shapesEqual } from "../dtype.ts";
import type { ConvolutionAttributes, PrimitiveAttributes } from "../operations.ts";
import {
  DIMENSION_MAX,
  isIntegerIn,
  requireAttribute,
  requireDType,
  requireOne,
  requireShapes,
  requireTwo,
  showShape,
  showType,
  showTypes,
} from "./checks.ts";

type Pair = readonly [number, number];
type Windows = Omit<ConvolutionAttributes, "groups">;
type ImageShape = readonly [number, number, number, number];

function inferMatmul(inputs: readonly TensorType[], attributes: PrimitiveAttributes["matmul"]): TensorType[] {
  const [a, b] = requireTwo("matmul", inputs);
  requireDType("matmul", "a", a, ["float32"]);
  requireDType("matmul", "b", b, ["float32"]);
  const rank = a.shape.length;
  requireShapes(
    "matmul",
    inputs,
    rank >= 2 && rank === b.shape.length && shapesEqual(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    "must have one rank of at least 2 and equal batch dimensions: reshape or broadcast one of them",
  );
  const [aRows = 0, aColumns = 0] = a.shape.slice(-2);
  const [bRows = 0, bColumns = 0] = b.shape.slice(-2);
  const [m, k] = attributes.transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [depth, n] = attributes.transposeB ? [bColumns, bRows] : [bRows, bColumns];
  requireShapes(
    "matmul",
    inputs,
    k === depth,
    `the inner dimensions ${k} (transposeA ${attributes.transposeA}) and ${depth} (transposeB ${attributes.transposeB}) must be equal: transpose or reshape one of them`,
  );
  return [{ dtype: "float32", shape: [...a.shape.slice(0, -2), m, n] }];
}

function requireImage(operation: string, role: string, type: TensorType): ImageShape {
  requireDType(operation, role, type, ["float32"]);
  const [a, b, c, d] = type.shape;
  requireShapes(operation, [type], type.shape.length === 4, `${role} must have 4 dimensions: reshape it`);
  return [a ?? 0, b ?? 0, c ?? 0, d ?? 0];
}

function isPair(pair: Pair, low: number): boolean {
  return pair.length === 2 && pair.every((entry) => isIntegerIn(entry, low, DIMENSION_MAX));
}

function requireWindows(operation: string, attributes: Windows): void {
  const { strides, dilation, padding } = attributes;
  requireAttribute(
    operation,
    isPair(strides, 1),
    () => `strides ${showShape(strides)} must be two integers of at least 1`,
  );
  requireAttribute(
    operation,
    isPair(dilation, 1),
    () => `dilation ${showShape(dilation)} must be two integers of at least 1`,
  );
  requireAttribute(
    operation,
    padding.length === 2 && padding.every((sides) => isPair(sides, 0)),
    () => `padding ${JSON.stringify(padding)} must be two pairs of integers of at least 0`,
  );
}

/** Places of a window of `taps` along one axis (0: height, 1: width) of `size` elements; 0 when it fits nowhere. */
function windowCount(attributes: Windows, axis: 0 | 1, size: number, taps: number): number {
  const [low, high] = attributes.padding[axis];
  const reach = attributes.dilation[axis] * (taps - 1) + 1;
  return Math.max(Math.floor((size + low + high - reach) / attributes.strides[axis]) + 1, 0);
}

interface Convolved {
  readonly x: ImageShape;
  readonly kernel: ImageShape;
  readonly y: Pair;
}

/** Checks what holds between x, kernel and the attributes in all three convolutions, and gives y's size. */
function convolve(
  operation: string,
  attributes: ConvolutionAttributes,
  inputs: readonly TensorType[],
  x: ImageShape,
  kernel: ImageShape,
): Convolved {
  requireWindows(operation, attributes);
  const { groups } = attributes;
  requireAttribute(
    operation,
    isIntegerIn(groups, 1, DIMENSION_MAX),
    () => `groups ${groups} must be an integer of at least 1`,
  );
  requireShapes(
    operation,
    inputs,
    x[1] === kernel[1] * groups && kernel[0] % groups === 0,
    `with ${groups} groups x has ${x[1]} channels, the kernel takes ${kernel[1]} a group and makes ${kernel[0]}: channels must be groups times the kernel's, and groups must divide what it makes`,
  );
  const y: Pair = [windowCount(attributes, 0, x[2], kernel[2]), windowCount(attributes, 1, x[3], kernel[3])];
  requireShapes(
    operation,
    inputs,
    kernel[2] >= 1 && kernel[3] >= 1 && y[0] >= 1 && y[1] >= 1,
    `a kernel of ${kernel[2]} x ${kernel[3]} does not fit into ${x[2]} x ${x[3]} with this padding: use a smaller kernel or more padding`,
  );
  return { x, kernel, y };
}

function requireGradientSize(
  operation: string,
  inputs: readonly TensorType[],
  dy: ImageShape,
  shape: ImageShape,
): void {
  requireShapes(
    operation,
    inputs,
    shapesEqual(dy, shape),
    `dy must be ${showShape(shape)}, as the convolution with these attributes makes it: mend the sizes`,
  );
}

function inferConvolution(inputs: readonly TensorType[], attributes: ConvolutionAttributes): TensorType[] {
  const [x, kernel] = requireTwo("convolution", inputs);
  const image = requireImage("convolution", "x", x);
  const taps = requireImage("convolution", "the kernel", kernel);
  const { y } = convolve("convolution", attributes, inputs, image, taps);
  return [{ dtype: "float32", shape: [image[0], taps[0], ...y] }];
}

function inferInputGradient(
  inputs: readonly TensorType[],
  attributes: PrimitiveAttributes["convolutionInputGradient"],
): TensorType[] {
  const operation = "convolutionInputGradient";
  const [dyType, kernelType] = requireTwo(operation, inputs);
  const dy = requireImage(operation, "dy", dyType);
  const kernel = requireImage(operation, "the kernel", kernelType);
  const { inputSize, groups } = attributes;
  requireAttribute(
    operation,
    isPair(inputSize, 0),
    () => `inputSize ${showShape(inputSize)} must be two integers of at least 0`,
  );
  const x: ImageShape = [dy[0], kernel[1] * groups, inputSize[0], inputSize[1]];
  const { y } = convolve(operation, attributes, inputs, x, kernel);
  requireGradientSize(operation, inputs, dy, [dy[0], kernel[0], y[0], y[1]]);
  return [{ dtype: "float32", shape: x }];
}

function inferWeightGradient(
  inputs: readonly TensorType[],
  attributes: PrimitiveAttributes["convolutionWeightGradient"],
): TensorType[] {
  const operation = "convolutionWeightGradient";
  const [xType, dyType] = requireTwo(operation, inputs);
  const x = requireImage(operation, "x", xType);
  const dy = requireImage(operation, "dy", dyType);
  const { kernelSize, groups } = attributes;
  requireAttribute(
    operation,
    isPair(kernelSize, 1),
    () => `kernelSize ${showShape(kernelSize)} must be two integers of at least 1`,
  );
  requireAttribute(
    operation,
    isIntegerIn(groups, 1, DIMENSION_MAX) && x[1] % groups === 0,
    () => `groups ${groups} must divide the channels of ${showType(xType)}`,
  );
  const kernel: ImageShape = [dy[1], x[1] / groups, kernelSize[0], kernelSize[1]];
  const { y } = convolve(operation, attributes, inputs, x, kernel);
  requireGradientSize(operation, inputs, dy, [x[0], dy[1], y[0], y[1]]);
  return [{ dtype: "float32", shape: kernel }];
}

/** Whether every window along one axis holds an element that is not padding, so that each has a largest one. */
function windowsHoldElements(attributes: Windows, axis: 0 | 1, size: number, taps: number, count: number): boolean {
  const [low] = attributes.padding[axis];
  const dilation = attributes.dilation[axis];
  const lastStart = (count - 1) * attributes.strides[axis] - low;
  return lastStart < size && (low === 0 || (low <= dilation * (taps - 1) && dilation <= size));
}

function inferMaxPool(inputs: readonly TensorType[], attributes: PrimitiveAttributes["maxPool"]): TensorType[] {
  const x = requireOne("maxPool", inputs);
  const [batch, channels, height, width] = requireImage("maxPool", "x", x);
  const { window } = attributes;
  requireWindows("maxPool", attributes);
  requireAttribute(
    "maxPool",
    isPair(window, 1),
    () => `window ${showShape(window)} must be two integers of at least 1`,
  );
  const rows = windowCount(attributes, 0, height, window[0]);
  const columns = windowCount(attributes, 1, width, window[1]);
  requireShapes(
    "maxPool",
    inputs,
    rows >= 1 && columns >= 1,
    `a window of ${window[0]} x ${window[1]} does not fit into ${showTypes(inputs)} with this padding: use a smaller window`,
  );
  requireAttribute(
    "maxPool",
    windowsHoldElements(attributes, 0, height, window[0], rows) &&
      windowsHoldElements(attributes, 1, width, window[1], columns),
    () => `some window of ${window[0]} x ${window[1]} over ${showType(x)} would hold padding only: use less padding`,
  );
  const shape = [batch, channels, rows, columns];
  return [
    { dtype: "float32", shape },
    { dtype: "int32", shape },
  ];
}

/** Matrix products, convolutions and windows. */
export const CONTRACTION_INFERENCE = {
  matmul: inferMatmul,
  convolution: inferConvolution,
  convolutionInputGradient: inferInputGradient,
  convolutionWeightGradient: inferWeightGradient,
  maxPool: inferMaxPool,
};
