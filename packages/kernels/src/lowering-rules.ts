import {
  type BinaryName,
  BYTES_PER_ELEMENT,
  type CompositeName,
  elementCount,
  type GraphNode,
  type NodeOf,
  type OperationName,
  type Shape,
  type TensorType,
  type UnaryName,
} from "@tributary/program";
import { BodyBuilder, type Expression } from "./expression.ts";
import type { IndexKernel, PoolGeometry, ScalarOperation, Window } from "./ir.ts";
import { storedFloat, storedLiteral } from "./literal.ts";
import { lowerContraction, lowerMatmul, resultBody } from "./lowering-contraction.ts";
import { lowerScan } from "./lowering-scan.ts";
import type { LazyValue, LoweringScope } from "./lowering-scope.ts";
import { broadcastWindow, flipWindow, permuteWindow, reshapeWindow, sliceWindow } from "./window.ts";

type Rule<Name extends OperationName> = (scope: LoweringScope, node: NodeOf<Name>) => readonly Expression[];
type Rules = { readonly [Name in OperationName]: Rule<Name> };

/** One rule an operation, so that an operation that no rule lowers does not compile. */
const RULES: Rules = {
  ...elementwiseRules(),
  compare: (scope, node) => elementwise(scope, node, node.attributes.comparator),
  where: (scope, node) => elementwise(scope, node, "where"),
  cast: lowerCast,
  sum: (scope, node) => lowerReduction(scope, node, node.attributes.axes, "sum"),
  max: (scope, node) => lowerReduction(scope, node, node.attributes.axes, "max"),
  argmax: (scope, node) => lowerReduction(scope, node, [node.attributes.axis], "argmax"),
  reshape: (scope, node) =>
    rearranged(scope, node, (shape, window) => reshapeWindow(shape, window, node.attributes.shape)),
  permute: (scope, node) => rearranged(scope, node, (_, window) => permuteWindow(window, node.attributes.permutation)),
  broadcast: lowerBroadcast,
  slice: (scope, node) =>
    rearranged(scope, node, (_, window) => sliceWindow(window, node.attributes.starts, node.attributes.strides)),
  flip: (scope, node) => rearranged(scope, node, (shape, window) => flipWindow(shape, window, node.attributes.axes)),
  pad: lowerPad,
  concat: lowerConcat,
  matmul: lowerMatmul,
  convolution: (scope, node) => lowerContraction(scope, node),
  convolutionInputGradient: (scope, node) => lowerContraction(scope, node),
  convolutionWeightGradient: (scope, node) => lowerContraction(scope, node),
  maxPool: lowerMaxPool,
  gather: (scope, node) => lowerIndexed(scope, node, "gather"),
  scatterAdd: (scope, node) => lowerIndexed(scope, node, "scatterAdd"),
  take: (scope, node) => lowerIndexed(scope, node, "take"),
  scatterAddRows: (scope, node) => lowerIndexed(scope, node, "scatterAddRows"),
  threefry: lowerThreefry,
  constant: lowerConstant,
  iota: lowerIota,
  scan: (scope, node) => lowerScan(scope, node, lowerNode),
  softmax: (scope, node) => lowerRows(scope, node),
  logSoftmax: (scope, node) => lowerRows(scope, node),
  softmaxCrossEntropy: (scope, node) => lowerRows(scope, node),
  softmaxCrossEntropyGradient: (scope, node) => lowerRows(scope, node),
};

/** Adds a node's kernels to the scope and defines its outputs there. */
export function lowerNode(scope: LoweringScope, node: GraphNode): void {
  // The table pairs each name with the rule for nodes of that name; the compiler cannot follow an index by a union.
  const rule = RULES[node.operation] as Rule<OperationName>;
  scope.define(node, rule(scope, node));
}

function elementwiseRules(): Pick<Rules, UnaryName | BinaryName> {
  const scalar = (operation: ScalarOperation) => (scope: LoweringScope, node: GraphNode) =>
    elementwise(scope, node, operation);
  return {
    neg: scalar("neg"),
    exp: scalar("exp"),
    log: scalar("log"),
    sqrt: scalar("sqrt"),
    tanh: scalar("tanh"),
    erf: scalar("erf"),
    sin: scalar("sin"),
    cos: scalar("cos"),
    abs: scalar("abs"),
    sign: scalar("sign"),
    floor: scalar("floor"),
    add: scalar("add"),
    sub: scalar("sub"),
    mul: scalar("mul"),
    div: scalar("div"),
    pow: scalar("pow"),
    maximum: scalar("maximum"),
    minimum: scalar("minimum"),
  };
}

function elementwise(scope: LoweringScope, node: GraphNode, operation: ScalarOperation): readonly Expression[] {
  const inputs = node.inputs.map((id) => scope.value(id).expression);
  return [{ kind: "apply", dtype: node.outputs[0].dtype, operation, arguments: inputs }];
}

function lowerCast(scope: LoweringScope, node: NodeOf<"cast">): readonly Expression[] {
  const input = scope.value(node.inputs[0]);
  return input.dtype === node.attributes.dtype ? [input.expression] : elementwise(scope, node, "cast");
}

function lowerThreefry(scope: LoweringScope, node: NodeOf<"threefry">): readonly Expression[] {
  const key = scope.view(node.inputs[0]);
  const shape = node.outputs[0].shape;
  const word = (index: number): Expression =>
    scope.load({
      storage: key.storage,
      shape,
      offset: key.offset + index * key.strides[0],
      strides: shape.map(() => 0),
    });
  const [high, low] = node.inputs.slice(1).map((id) => scope.value(id).expression);
  return [{ kind: "apply", dtype: "uint32", operation: "threefry", arguments: [word(0), word(1), high, low] }];
}

function lowerConstant(scope: LoweringScope, node: NodeOf<"constant">): readonly Expression[] {
  const { dtype, shape, values } = node.attributes;
  const first = values[0] ?? 0;
  if (values.every((value) => Object.is(value, first))) {
    return [{ kind: "constant", dtype, value: storedLiteral(dtype, first) }];
  }
  const stored = values.map((value) => storedLiteral(dtype, value));
  return [scope.load(scope.storages.dense(dtype, shape, { kind: "constant", values: stored }))];
}

function lowerIota(_: LoweringScope, node: NodeOf<"iota">): readonly Expression[] {
  const { dtype, shape, axis } = node.attributes;
  const index: Expression = {
    kind: "index",
    dtype: "int32",
    window: { offset: 0, strides: shape.map((_size, position) => (position === axis ? 1 : 0)) },
  };
  return [dtype === "int32" ? index : { kind: "apply", dtype, operation: "cast", arguments: [index] }];
}

function rearranged(
  scope: LoweringScope,
  node: GraphNode,
  transform: (shape: Shape, window: Window) => Window | null,
): readonly Expression[] {
  const { shape } = scope.value(node.inputs[0]);
  return [scope.rearrange(node.inputs[0], (window) => transform(shape, window))];
}

/** What is stretched is computed once, not once a copy. */
function lowerBroadcast(scope: LoweringScope, node: NodeOf<"broadcast">): readonly Expression[] {
  const input = scope.value(node.inputs[0]);
  const stretched = elementCount(node.attributes.shape) > elementCount(input.shape);
  if (stretched && input.expression.kind === "apply") scope.view(node.inputs[0]);
  return rearranged(scope, node, (shape, window) => broadcastWindow(shape, window, node.attributes.shape));
}

function lowerPad(scope: LoweringScope, node: NodeOf<"pad">): readonly Expression[] {
  const { low, high, interior, value } = node.attributes;
  const input = scope.value(node.inputs[0]);
  if ([...low, ...high].every((count) => count === 0) && interior.every((n, i) => n === 0 || input.shape[i] <= 1)) {
    return [input.expression];
  }
  const padded = [...low.keys()].filter((axis) => low[axis] + high[axis] + interior[axis] > 0);
  const fill: Expression = { kind: "constant", dtype: input.dtype, value: storedFloat(input.dtype, value) };
  if (padded.length === 1 && interior[padded[0]] === 0) return [lowerPadAxis(scope, node, padded[0], fill)];
  const target = scope.storages.dense(input.dtype, node.outputs[0].shape);
  scope.storeInto({ dtype: input.dtype, shape: target.shape, expression: fill }, target, target, { ordered: true });
  const steps = interior.map((count) => count + 1);
  scope.storeInto(input, target, sliceWindow(target, low, steps), { ordered: true });
  return [scope.load(target)];
}

/** Padding along one axis is a concatenation: no element is written twice. */
function lowerPadAxis(scope: LoweringScope, node: NodeOf<"pad">, axis: number, fill: Expression): Expression {
  const input = scope.value(node.inputs[0]);
  const border = (size: number): LazyValue => ({
    dtype: input.dtype,
    shape: input.shape.map((length, position) => (position === axis ? size : length)),
    expression: fill,
  });
  const pieces = [border(node.attributes.low[axis]), input, border(node.attributes.high[axis])];
  return joinPieces(scope, node.outputs[0], axis, pieces);
}

function lowerConcat(scope: LoweringScope, node: NodeOf<"concat">): readonly Expression[] {
  if (node.inputs.length === 1) return [scope.value(node.inputs[0]).expression];
  const pieces = node.inputs.map((id) => scope.value(id));
  return [joinPieces(scope, node.outputs[0], node.attributes.axis, pieces)];
}

/** Every piece is written straight to its place. */
function joinPieces(scope: LoweringScope, type: TensorType, axis: number, pieces: readonly LazyValue[]): Expression {
  const target = scope.storages.dense(type.dtype, type.shape);
  let start = 0;
  for (const piece of pieces) {
    scope.storeInto(piece, target, {
      offset: target.offset + start * target.strides[axis],
      strides: target.strides,
    });
    start += piece.shape[axis];
  }
  return scope.load(target);
}

function lowerReduction(
  scope: LoweringScope,
  node: GraphNode,
  axes: readonly number[],
  reducer: "sum" | "max" | "argmax",
): readonly Expression[] {
  const input = scope.value(node.inputs[0]);
  const [output] = node.outputs;
  const kept = reducer !== "argmax" && axes.every((axis) => input.shape[axis] === 1);
  if (kept) return rearranged(scope, node, (shape, window) => reshapeWindow(shape, window, output.shape));
  const prologue = new BodyBuilder(input.shape);
  const step = prologue.expression(input.expression);
  const target = scope.storages.dense(output.dtype, output.shape);
  const epilogue = resultBody(output.shape, target, output.dtype);
  scope.list.addReduce({
    kind: "reduce",
    prologue: prologue.build(),
    axes,
    reductions: [{ reducer, step, dtype: output.dtype }],
    epilogue,
  });
  return [scope.load(target)];
}

function lowerMaxPool(scope: LoweringScope, node: NodeOf<"maxPool">): readonly Expression[] {
  const x = scope.denseView(node.inputs[0]);
  const outputs = node.outputs.map((output) => scope.storages.dense(output.dtype, output.shape));
  const [values, indices] = outputs.map((view, index) => (scope.uses(node.firstOutput + index) > 0 ? view : null));
  if (elementCount(node.outputs[0].shape) > 0) {
    scope.list.add({ kind: "pool", attributes: node.attributes, x, values, indices });
  }
  return outputs.map((view) => scope.load(view));
}

function lowerIndexed(
  scope: LoweringScope,
  node: GraphNode,
  operation: IndexKernel["operation"],
): readonly Expression[] {
  const source = scope.denseView(node.inputs[0]);
  const index = scope.denseView(node.inputs[1]);
  const output = scope.storages.dense(node.outputs[0].dtype, node.outputs[0].shape);
  const elementBytes = BYTES_PER_ELEMENT[node.outputs[0].dtype];
  if (elementCount(output.shape) > 0) {
    const pool = operation === "scatterAdd" ? poolOf(scope, node) : null;
    const known = pool === null ? {} : { pool };
    scope.list.add({ kind: "index", operation, elementBytes, source, index, output, ...known });
  }
  return [scope.load(output)];
}

/** The pooling that chose a scatter's indices, plane by plane; null when they come from elsewhere. */
function poolOf(scope: LoweringScope, node: GraphNode): PoolGeometry | null {
  const index = scope.makers.unshaped(node.inputs[1]);
  const pool = scope.makers.find(index, "maxPool");
  if (pool === null || index !== pool.firstOutput + 1) return null;
  const [height, width] = scope.value(pool.inputs[0]).shape.slice(2);
  const [rows, columns] = pool.outputs[1].shape.slice(2);
  const sameRows = scope.value(node.inputs[1]).shape.at(-1) === rows * columns;
  if (!sameRows || node.outputs[0].shape.at(-1) !== height * width) return null;
  return { attributes: pool.attributes, input: [height, width], output: [rows, columns] };
}

function lowerRows(scope: LoweringScope, node: NodeOf<CompositeName>): readonly Expression[] {
  const inputs = node.inputs.map((id) => scope.denseView(id));
  const output = scope.storages.dense(node.outputs[0].dtype, node.outputs[0].shape);
  if (elementCount(output.shape) > 0) {
    scope.list.add({ kind: "rows", operation: node.operation, inputs, output });
  }
  return [scope.load(output)];
}
