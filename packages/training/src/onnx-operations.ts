import type { GraphNode, NodeOf, OperationName, Shape } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import { type AttributeValue, elementType } from "./onnx-format.ts";

/** What a row may write while its node is converted. */
export interface OnnxWriter {
  /** Names of the node's inputs. */
  readonly inputs: readonly string[];
  /** Shapes of the node's inputs. */
  readonly inputShapes: readonly Shape[];
  /** Names of the node's outputs. */
  readonly outputs: readonly string[];
  /** Whether anything uses an output of the node. */
  isUsed(output: number): boolean;
  /** Writes an operator whose result gets this name, or a new one. @returns the name */
  emit(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    output?: string,
  ): string;
  /** A list of whole numbers as a tensor. @returns its name */
  integers(values: readonly number[]): string;
  /** A float32 scalar. @returns its name */
  scalar(value: number): string;
}

type Row<Name extends OperationName> = (writer: OnnxWriter, node: NodeOf<Name>) => void;

/** End of a slice that runs backwards to the first element: ONNX clamps it. */
const BEFORE_ALL = -(2 ** 31);

function plain<Name extends OperationName>(operator: string): Row<Name> {
  return ({ inputs, outputs, emit }) => {
    emit(operator, inputs, {}, outputs[0]);
  };
}

function unsupported<Name extends OperationName>(_: OnnxWriter, node: NodeOf<Name>): void {
  throw new TrainingError(
    "ONNX_UNSUPPORTED",
    `The operation ${node.operation} has no form in the ONNX export: leave it out of the model, or run the model here`,
  );
}

const convolutionAttributes = ({
  strides,
  padding,
  dilation,
  groups,
}: NodeOf<"convolution">["attributes"] | NodeOf<"convolutionInputGradient">["attributes"]) => {
  const [[top, bottom], [left, right]] = padding;
  return { strides, pads: [top, left, bottom, right], dilations: dilation, group: groups };
};

function transposed(writer: OnnxWriter, input: number, flag: boolean): string {
  const name = writer.inputs[input] ?? "";
  if (!flag) return name;
  const rank = writer.inputShapes[input]?.length ?? 0;
  const perm = Array.from({ length: rank }, (_, axis) =>
    axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis,
  );
  return writer.emit("Transpose", [name], { perm });
}

/** How each operation is written; those that only training needs are not. */
const ROWS: { readonly [Name in OperationName]: Row<Name> } = {
  neg: plain("Neg"),
  exp: plain("Exp"),
  log: plain("Log"),
  sqrt: plain("Sqrt"),
  tanh: plain("Tanh"),
  erf: plain("Erf"),
  sin: plain("Sin"),
  cos: plain("Cos"),
  abs: plain("Abs"),
  sign: plain("Sign"),
  floor: plain("Floor"),
  add: plain("Add"),
  sub: plain("Sub"),
  mul: plain("Mul"),
  div: plain("Div"),
  pow: plain("Pow"),
  maximum: plain("Max"),
  minimum: plain("Min"),
  compare: ({ inputs, outputs, emit }, { attributes }) => {
    const operators = {
      equal: "Equal",
      less: "Less",
      lessEqual: "LessOrEqual",
      greater: "Greater",
      greaterEqual: "GreaterOrEqual",
    };
    if (attributes.comparator === "notEqual") emit("Not", [emit("Equal", inputs)], {}, outputs[0]);
    else emit(operators[attributes.comparator], inputs, {}, outputs[0]);
  },
  where: plain("Where"),
  cast: ({ inputs, outputs, emit }, { attributes }) =>
    void emit("Cast", inputs, { to: elementType(attributes.dtype) }, outputs[0]),
  sum: ({ inputs, outputs, emit, integers }, { attributes }) =>
    void emit(
      "ReduceSum",
      [...inputs, integers(attributes.axes)],
      { keepdims: 0, noop_with_empty_axes: 1 },
      outputs[0],
    ),
  max: ({ inputs, outputs, emit }, { attributes }) =>
    void emit("ReduceMax", inputs, { axes: attributes.axes, keepdims: 0 }, outputs[0]),
  argmax: ({ inputs, outputs, emit }, { attributes }) => {
    const index = emit("ArgMax", inputs, { axis: attributes.axis, keepdims: 0 });
    emit("Cast", [index], { to: elementType("int32") }, outputs[0]);
  },
  reshape: ({ inputs, outputs, emit, integers }, { attributes }) =>
    void emit("Reshape", [...inputs, integers(attributes.shape)], { allowzero: 1 }, outputs[0]),
  permute: ({ inputs, outputs, emit }, { attributes }) =>
    void emit("Transpose", inputs, { perm: attributes.permutation }, outputs[0]),
  broadcast: ({ inputs, outputs, emit, integers }, { attributes }) =>
    void emit("Expand", [...inputs, integers(attributes.shape)], {}, outputs[0]),
  slice: ({ inputs, outputs, emit, integers }, { attributes: { starts, ends, strides } }) => {
    const axes = starts.map((_, axis) => axis);
    emit("Slice", [...inputs, integers(starts), integers(ends), integers(axes), integers(strides)], {}, outputs[0]);
  },
  pad: (writer, node) => {
    const { low, high, interior, value } = node.attributes;
    if (interior.some((between) => between > 0)) unsupported(writer, node);
    writer.emit(
      "Pad",
      [...writer.inputs, writer.integers([...low, ...high]), writer.scalar(value)],
      {},
      writer.outputs[0],
    );
  },
  concat: ({ inputs, outputs, emit }, { attributes }) =>
    void emit("Concat", inputs, { axis: attributes.axis }, outputs[0]),
  flip: ({ inputs, outputs, emit, integers }, { attributes: { axes } }) => {
    const all = (value: number) => integers(axes.map(() => value));
    emit("Slice", [...inputs, all(-1), all(BEFORE_ALL), integers(axes), all(-1)], {}, outputs[0]);
  },
  matmul: (writer, { attributes }) => {
    const operands = [transposed(writer, 0, attributes.transposeA), transposed(writer, 1, attributes.transposeB)];
    writer.emit("MatMul", operands, {}, writer.outputs[0]);
  },
  convolution: ({ inputs, inputShapes, outputs, emit }, { attributes }) => {
    emit(
      "Conv",
      inputs,
      { ...convolutionAttributes(attributes), kernel_shape: inputShapes[1]?.slice(2) ?? [] },
      outputs[0],
    );
  },
  convolutionInputGradient: ({ inputs, inputShapes, outputs, emit }, { attributes }) => {
    const { inputSize, strides, padding, dilation } = attributes;
    const gradient = inputShapes[0]?.slice(2) ?? [];
    const kernel = inputShapes[1]?.slice(2) ?? [];
    const extra = inputSize.map((size, axis) => {
      const [before, after] = padding[axis === 0 ? 0 : 1];
      const taps = (dilation[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
      return size - (((gradient[axis] ?? 1) - 1) * (strides[axis] ?? 1) - before - after + taps);
    });
    const written = { ...convolutionAttributes(attributes), kernel_shape: kernel, output_padding: extra };
    emit("ConvTranspose", inputs, written, outputs[0]);
  },
  maxPool: (writer, node) => {
    if (writer.isUsed(1)) unsupported(writer, node);
    const { window, strides, padding, dilation } = node.attributes;
    const [[top, bottom], [left, right]] = padding;
    const attributes = { kernel_shape: window, strides, pads: [top, left, bottom, right], dilations: dilation };
    writer.emit("MaxPool", writer.inputs, attributes, writer.outputs[0]);
  },
  gather: ({ inputs, outputs, emit }) => void emit("GatherElements", inputs, { axis: -1 }, outputs[0]),
  take: ({ inputs, outputs, emit }) => void emit("Gather", inputs, { axis: 0 }, outputs[0]),
  softmax: ({ inputs, outputs, emit }) => void emit("Softmax", inputs, { axis: -1 }, outputs[0]),
  logSoftmax: ({ inputs, outputs, emit }) => void emit("LogSoftmax", inputs, { axis: -1 }, outputs[0]),
  convolutionWeightGradient: unsupported,
  scatterAdd: unsupported,
  scatterAddRows: unsupported,
  threefry: unsupported,
  constant: unsupported,
  iota: unsupported,
  scan: unsupported,
  softmaxCrossEntropy: unsupported,
  softmaxCrossEntropyGradient: unsupported,
};

/** Writes one node. @throws TrainingError ONNX_UNSUPPORTED */
export function writeOnnxNode(writer: OnnxWriter, node: GraphNode): void {
  // A union of nodes against a table of rows: the row of a name takes the node of that name.
  const row = ROWS[node.operation] as Row<OperationName>;
  row(writer, node);
}
