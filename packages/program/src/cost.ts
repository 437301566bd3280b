import { byteLength, elementCount, type TensorType } from "./dtype.ts";
import { type Graph, type GraphNode, valueTypes } from "./graph.ts";
import type { OperationName } from "./operations.ts";
import type { Program } from "./program.ts";

/** What one run of a program needs, computed exactly from its shapes. */
export interface ProgramCost {
  /** Operations, those of scan bodies included once. */
  readonly nodes: number;
  /** Elements written by all operations, scan bodies as often as they run; each operation counts at least 1. */
  readonly elements: number;
  /** Most bytes of values alive at once, when operations run in order, each value leaves after its last use, and inputs and outputs stay. */
  readonly bytes: number;
  /** Arithmetic operations: a multiply-add is 2, a movement 0, scan bodies as often as they run. */
  readonly flops: number;
}

/** 20 rounds of addition, rotation (3) and exclusive or; 5 key injections of 3 additions (Salmon et al., 2011). */
const THREEFRY_OPERATIONS = 20 * 5 + 5 * 3;

type FlopRule = (node: GraphNode, inputs: readonly TensorType[]) => number;

function count(type: TensorType | undefined): number {
  return type === undefined ? 0 : elementCount(type.shape);
}

function perOutput(operations: number): FlopRule {
  return (node) => operations * count(node.outputs[0]);
}

const none: FlopRule = () => 0;
const eachInput: FlopRule = (_, [input]) => count(input);

const matmul: FlopRule = (node, [a]) => {
  const depth = node.operation === "matmul" ? (a?.shape.at(node.attributes.transposeA ? -2 : -1) ?? 0) : 0;
  return 2 * count(node.outputs[0]) * depth;
};

/** The three convolutions do the same multiply-adds: one for each element of y and each tap of its filter. */
function convolution(
  pick: (node: GraphNode, inputs: readonly TensorType[]) => readonly (TensorType | undefined)[],
): FlopRule {
  return (node, inputs) => {
    const [y, kernel] = pick(node, inputs);
    const [, channels = 0, height = 0, width = 0] = kernel?.shape ?? [];
    return 2 * count(y) * channels * height * width;
  };
}

const maxPool: FlopRule = (node) =>
  node.operation === "maxPool" ? count(node.outputs[0]) * node.attributes.window[0] * node.attributes.window[1] : 0;

const FLOPS: { readonly [Name in OperationName]: FlopRule } = {
  neg: perOutput(1),
  exp: perOutput(1),
  log: perOutput(1),
  sqrt: perOutput(1),
  tanh: perOutput(1),
  erf: perOutput(1),
  sin: perOutput(1),
  cos: perOutput(1),
  abs: perOutput(1),
  sign: perOutput(1),
  floor: perOutput(1),
  add: perOutput(1),
  sub: perOutput(1),
  mul: perOutput(1),
  div: perOutput(1),
  pow: perOutput(1),
  maximum: perOutput(1),
  minimum: perOutput(1),
  compare: perOutput(1),
  where: perOutput(1),
  cast: perOutput(1),
  sum: eachInput,
  max: eachInput,
  argmax: eachInput,
  reshape: none,
  permute: none,
  broadcast: none,
  slice: none,
  pad: none,
  concat: none,
  flip: none,
  matmul,
  convolution: convolution((node, [, kernel]) => [node.outputs[0], kernel]),
  convolutionInputGradient: convolution((_, [dy, kernel]) => [dy, kernel]),
  convolutionWeightGradient: convolution((node, [, dy]) => [dy, node.outputs[0]]),
  maxPool,
  gather: none,
  scatterAdd: eachInput,
  take: none,
  scatterAddRows: eachInput,
  threefry: perOutput(THREEFRY_OPERATIONS),
  constant: none,
  iota: none,
  // Its body is counted where it is walked.
  scan: none,
  // max, sub, exp, sum and a division or subtraction for each element; logarithms, one a row, are not counted.
  softmax: perOutput(5),
  logSoftmax: perOutput(5),
  softmaxCrossEntropy: (_, [logits]) => 5 * count(logits),
  softmaxCrossEntropyGradient: perOutput(7),
};

interface BodyCost {
  /** What all turns of a loop take together. */
  readonly elements: number;
  readonly flops: number;
  /** What one turn takes. */
  readonly nodes: number;
  readonly bytes: number;
}

const NO_BODY: BodyCost = { elements: 0, flops: 0, nodes: 0, bytes: 0 };

function bodyCost(node: GraphNode): BodyCost {
  if (node.operation !== "scan") return NO_BODY;
  const { length, body } = node.attributes;
  const { nodes, bytes, elements, flops } = graphCost(body);
  // A turn that writes nothing still takes time.
  return { nodes, bytes, elements: length * Math.max(elements, 1), flops: length * flops };
}

/** For each value the number of the node that uses it last; Infinity for inputs and outputs of the graph, which stay. */
function lastUses(graph: Graph, valueCount: number): number[] {
  const last = new Array<number>(valueCount).fill(-1);
  graph.nodes.forEach((node, place) => {
    for (const id of node.inputs) last[id] = place;
  });
  for (let id = 0; id < graph.inputs.length; id += 1) last[id] = Number.POSITIVE_INFINITY;
  for (const id of graph.outputs) last[id] = Number.POSITIVE_INFINITY;
  return last;
}

/** The cost of one run of a valid graph. */
export function graphCost(graph: Graph): ProgramCost {
  const types = valueTypes(graph);
  const last = lastUses(graph, types.length);
  const bytesOf = (id: number): number => {
    const type = types[id];
    return type === undefined ? 0 : byteLength(type);
  };
  let alive = graph.inputs.reduce((sum, type) => sum + byteLength(type), 0);
  let [nodes, elements, bytes, flops] = [0, 0, alive, 0];
  graph.nodes.forEach((node, place) => {
    const body = bodyCost(node);
    const inputs = node.inputs.flatMap((id) => types[id] ?? []);
    nodes += 1 + body.nodes;
    flops += FLOPS[node.operation](node, inputs) + body.flops;
    const written = node.outputs.reduce((sum, type) => sum + elementCount(type.shape), 0);
    elements += Math.max(written, 1) + body.elements;
    const made = node.outputs.reduce((sum, type) => sum + byteLength(type), 0);
    alive += made;
    bytes = Math.max(bytes, alive + body.bytes);
    for (const id of new Set(node.inputs)) if (last[id] === place) alive -= bytesOf(id);
    node.outputs.forEach((_, output) => {
      const id = node.firstOutput + output;
      if (last[id] === -1) alive -= bytesOf(id);
    });
  });
  return { nodes, elements, bytes, flops };
}

/** What one run of a valid program needs. Nothing is allocated; numbers are floats, so that they cannot overflow. */
export function programCost(program: Program): ProgramCost {
  return graphCost(program.graph);
}
