import { type DType, elementCount, type NodeOf, type Shape } from "@tributary/program";
import { BodyBuilder, type Expression } from "./expression.ts";
import type { Body, Contraction, View } from "./ir.ts";
import type { LoweringScope } from "./lowering-scope.ts";
import { denseWindow, reshapeWindow } from "./window.ts";

/** The product of views: transposition is a matter of strides. */
export function lowerMatmul(scope: LoweringScope, node: NodeOf<"matmul">): readonly Expression[] {
  const [output] = node.outputs;
  const { transposeA, transposeB } = node.attributes;
  const a = asMatrix(scope.view(node.inputs[0]), transposeA);
  const b = asMatrix(scope.view(node.inputs[1]), transposeB);
  return [contract(scope, { operation: "matmul" }, ...foldBatch(a, b), output.shape)];
}

function asMatrix(view: View, transpose: boolean): View {
  if (!transpose) return view;
  const swap = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), list[list.length - 1], list[list.length - 2]];
  return { ...view, shape: swap(view.shape), strides: swap(view.strides) };
}

/** A batch of products with one right side is one product with more rows. */
function foldBatch(a: View, b: View): [View, View] {
  const rank = a.shape.length;
  const batch = a.shape.slice(0, -2);
  const alike = batch.every((size, axis) => size === 1 || b.strides[axis] === 0);
  if (rank === 2 || !alike) return [a, b];
  const shape = [elementCount(a.shape.slice(0, -1)), a.shape[rank - 1]];
  const folded = reshapeWindow(a.shape, a, shape);
  if (folded === null) return [a, b];
  const right = { storage: b.storage, offset: b.offset, shape: b.shape.slice(-2), strides: b.strides.slice(-2) };
  return [{ storage: a.storage, shape, ...folded }, right];
}

type ConvolutionName = "convolution" | "convolutionInputGradient" | "convolutionWeightGradient";

/** A convolution or one of its gradients. */
export function lowerContraction(scope: LoweringScope, node: NodeOf<ConvolutionName>): readonly Expression[] {
  const [a, b] = node.inputs.map((id) => scope.view(id));
  // The node's operation and attributes belong together, as the contraction's do.
  const { operation, attributes } = node;
  return [contract(scope, { operation, attributes } as Contraction, a, b, node.outputs[0].shape)];
}

function contract(scope: LoweringScope, contraction: Contraction, a: View, b: View, shape: Shape): Expression {
  const target = scope.storages.dense("float32", shape);
  if (elementCount(shape) > 0) {
    const rows = a.shape.length === 2 && contraction.operation === "matmul" ? [a.shape[0], b.shape[1]] : shape;
    scope.list.add({ kind: "contract", contraction, a, b, epilogue: resultBody(rows, target, "float32") });
  }
  return scope.load(target);
}

/** The epilogue that only writes the result. */
export function resultBody(shape: Shape, target: View, dtype: DType): Body {
  const builder = new BodyBuilder(shape);
  builder.store(builder.step({ kind: "result", dtype, number: 0 }), target.storage, denseWindow(shape));
  return builder.build();
}
