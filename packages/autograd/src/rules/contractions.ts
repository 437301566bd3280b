import type { ConvolutionAttributes, Shape } from "@tributary/program";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { at, type Row, type Rows, twoInputs } from "./rule.ts";

/** Height and width of an image or a kernel. */
function plane(shape: Shape): readonly [number, number] {
  return [shape[2] ?? 0, shape[3] ?? 0];
}

/** The geometry without what one of the three forms adds to it. */
function geometry({ strides, padding, dilation, groups }: ConvolutionAttributes): ConvolutionAttributes {
  return { strides, padding, dilation, groups };
}

function inputGradient(dy: Value, kernel: Value, x: Value, attributes: ConvolutionAttributes): Value {
  return op.convolutionInputGradient(dy, kernel, { ...geometry(attributes), inputSize: plane(x.shape) });
}

function weightGradient(x: Value, dy: Value, kernel: Value, attributes: ConvolutionAttributes): Value {
  return op.convolutionWeightGradient(x, dy, { ...geometry(attributes), kernelSize: plane(kernel.shape) });
}

const maxPool: Row<"maxPool"> = {
  forward: ([x], attributes) => (x === undefined ? [] : op.maxPool(x, attributes)),
  // Each window's cotangent goes to the element that won it.
  gradient: ({ inputs, outputs, cotangents }) => {
    const dy = cotangents[0] ?? null;
    if (dy === null) return [null];
    const x = at(inputs, 0);
    const [batch, channels] = [x.shape[0] ?? 0, x.shape[1] ?? 0];
    const [height, width] = plane(x.shape);
    const [rows, columns] = plane(dy.shape);
    const windows = [batch, channels, rows * columns];
    const index = op.reshape(at(outputs, 1), windows);
    return [op.reshape(op.scatterAdd(op.reshape(dy, windows), index, height * width), x.shape)];
  },
};

/** Products summed over something, and pooling. All but pooling are linear in each input, so each names the others. */
export const CONTRACTIONS: Rows<
  "matmul" | "convolution" | "convolutionInputGradient" | "convolutionWeightGradient" | "maxPool"
> = {
  // Y = A B: dA = dY B^T, dB = A^T dY; for an input that was transposed, the transpose of that.
  matmul: twoInputs(op.matmul, ({ dy, a, b, attributes: { transposeA, transposeB } }) => [
    transposeA
      ? op.matmul(b, dy, { transposeA: transposeB, transposeB: true })
      : op.matmul(dy, b, { transposeA: false, transposeB: !transposeB }),
    transposeB
      ? op.matmul(dy, a, { transposeA: true, transposeB: transposeA })
      : op.matmul(a, dy, { transposeA: !transposeA, transposeB: false }),
  ]),
  // y = x * k: dx = inputGradient(dy, k), dk = weightGradient(x, dy)
  convolution: twoInputs(op.convolution, ({ dy, a: x, b: kernel, attributes }) => [
    inputGradient(dy, kernel, x, attributes),
    weightGradient(x, dy, kernel, attributes),
  ]),
  // dx = inputGradient(g, k): its adjoint in g is the convolution; in k, with d(dx) in the place of x, the weight gradient.
  convolutionInputGradient: twoInputs(op.convolutionInputGradient, ({ dy, a: g, b: kernel, attributes }) => [
    op.convolution(dy, kernel, geometry(attributes)),
    weightGradient(dy, g, kernel, attributes),
  ]),
  // dk = weightGradient(x, g): its adjoints are the two others, with d(dk) in the place of the kernel.
  convolutionWeightGradient: twoInputs(op.convolutionWeightGradient, ({ dy, a: x, b: g, attributes }) => [
    inputGradient(g, dy, x, attributes),
    op.convolution(x, dy, geometry(attributes)),
  ]),
  maxPool,
};
