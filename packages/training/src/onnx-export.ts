import {
  BYTES_PER_ELEMENT,
  elementCount,
  type GraphNode,
  type NodeOf,
  type ParameterLayout,
  type Shape,
  type TensorType,
  type ValueId,
  valueTypes,
} from "@tributary/program";
import type { FlatModel } from "./model-tensors.ts";
import { encodeOnnx, type OnnxNode, type OnnxTensor } from "./onnx-format.ts";
import { type OnnxWriter, writeOnnxNode } from "./onnx-operations.ts";
import type { TracedRun } from "./traced-run.ts";

/** A value whose elements are known when the file is written: a part of the parameters, or a literal. */
interface KnownValue {
  readonly type: TensorType;
  /** In the dtype of `type`. */
  readonly data: Float32Array | Int32Array | Uint32Array | Uint8Array;
}

/**
 * The program `predict` with its parameters as an ONNX model of opset 17: input `inputs`, output `outputs`, for as many samples at once as the
 * run's microbatch has. Parameters are initializers under their own names.
 * @throws TrainingError ONNX_UNSUPPORTED naming the operation
 */
export function exportOnnx(traced: TracedRun, model: FlatModel): Uint8Array {
  return new OnnxExport(traced, model).write();
}

class OnnxExport {
  readonly #traced: TracedRun;
  readonly #types: TensorType[];
  readonly #names: string[];
  readonly #known = new Map<ValueId, KnownValue>();
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #used: Set<ValueId>;

  constructor(traced: TracedRun, model: FlatModel) {
    const { graph, inputs, outputs } = traced.programs.predict;
    this.#traced = traced;
    this.#types = valueTypes(graph);
    this.#names = this.#types.map((_, id) => inputs[id]?.name ?? `value${id}`);
    graph.outputs.forEach((id, index) => {
      // An output that is an input keeps the input's name; predict always computes something.
      if (id >= inputs.length) this.#names[id] = outputs[index]?.name ?? `output${index}`;
    });
    this.#used = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs]);
    inputs.forEach(({ name, dtype, shape }, id) => {
      if (name === "parameters") this.#known.set(id, { type: { dtype, shape }, data: model.parameters });
      if (name === "buffers") this.#known.set(id, { type: { dtype, shape }, data: model.buffers });
    });
  }

  write(): Uint8Array {
    const { name, graph, inputs, outputs } = this.#traced.programs.predict;
    for (const node of graph.nodes) this.#convert(node);
    return encodeOnnx({
      name,
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()],
      inputs: inputs.filter((_, id) => !this.#known.has(id)),
      outputs,
    });
  }

  #convert(node: GraphNode): void {
    const known = this.#fold(node);
    if (known !== null) {
      this.#known.set(node.firstOutput, known);
      return;
    }
    const outputs = node.outputs.map((_, index) => this.#names[node.firstOutput + index] ?? "");
    const writer: OnnxWriter = {
      inputs: node.inputs.map((id) => this.#nameOf(id)),
      inputShapes: node.inputs.map((id) => this.#types[id]?.shape ?? []),
      outputs,
      isUsed: (output) => this.#used.has(node.firstOutput + output),
      emit: (operator, inputs, attributes = {}, output = `${outputs[0]}.${this.#nodes.length}`) => {
        this.#nodes.push({ operator, inputs, outputs: [output], attributes });
        return output;
      },
      integers: (values) => this.#integers(values),
      scalar: (value) => this.#initializer(`float32_${value}`, "float32", [], Float32Array.of(value)),
    };
    if (node.operation === "constant") this.#writeFill(writer, node);
    else writeOnnxNode(writer, node);
  }

  /** One literal for all elements stays one in the file. */
  #writeFill(writer: OnnxWriter, { attributes }: NodeOf<"constant">): void {
    const { dtype, shape, values } = attributes;
    const data = arrayOf({ dtype, shape: [] }, values);
    const literal = this.#initializer(`${dtype}_${values[0]}`, dtype, [], data);
    writer.emit("Expand", [literal, writer.integers(shape)], {}, writer.outputs[0]);
  }

  /** The value of a node that only cuts parameters up or is a literal; null for one that computes. */
  #fold(node: GraphNode): KnownValue | null {
    const [type] = node.outputs;
    if (type === undefined) return null;
    if (node.operation === "constant") {
      const { values } = node.attributes;
      return values.length === elementCount(type.shape) ? { type, data: arrayOf(type, values) } : null;
    }
    if (node.operation === "iota") return { type, data: arrayOf(type, iota(type.shape, node.attributes.axis)) };
    const source = this.#known.get(node.inputs[0] ?? -1);
    if (source === undefined) return null;
    if (node.operation === "reshape") return { type, data: source.data };
    if (node.operation !== "slice" || source.type.shape.length !== 1) return null;
    const { starts, ends, strides } = node.attributes;
    return strides[0] === 1 ? { type, data: source.data.subarray(starts[0], ends[0]) } : null;
  }

  #nameOf(id: ValueId): string {
    const known = this.#known.get(id);
    if (known === undefined) return this.#names[id] ?? "";
    const { dtype, shape } = known.type;
    return this.#initializer(parameterName(this.#traced.layout, known) ?? `constant${id}`, dtype, shape, known.data);
  }

  #integers(values: readonly number[]): string {
    return this.#initializer(`int64_${values.join("_")}`, "int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  #initializer(
    name: string,
    dtype: OnnxTensor["dtype"],
    shape: Shape,
    data: KnownValue["data"] | BigInt64Array,
  ): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (!this.#initializers.has(name)) this.#initializers.set(name, { name, dtype, shape, bytes });
    return name;
  }
}

/** The name of the parameter or buffer that a known value is, if it is a whole one. */
function parameterName(layout: ParameterLayout, { type, data }: KnownValue): string | null {
  const start = data.byteOffset / BYTES_PER_ELEMENT.float32;
  const entries = data.buffer.byteLength === 4 * layout.parameterLength ? layout.parameters : layout.buffers;
  const entry = entries.find(({ offset, shape }) => offset === start && shape.join() === type.shape.join());
  return entry?.name ?? null;
}

function arrayOf({ dtype }: TensorType, values: readonly number[]): KnownValue["data"] {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "uint32":
      return Uint32Array.from(values);
    default:
      return Uint8Array.from(values);
  }
}

function iota(shape: Shape, axis: number): number[] {
  const inner = elementCount(shape.slice(axis + 1));
  return Array.from({ length: elementCount(shape) }, (_, index) => Math.floor(index / inner) % (shape[axis] ?? 1));
}
