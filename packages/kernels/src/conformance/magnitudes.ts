import {
  type Graph,
  GraphBuilder,
  type GraphNode,
  type None,
  type PrimitiveName,
  type TensorType,
  type ValueId,
} from "@tributary/program";

/** Emits one node of the graph on magnitudes. */
interface Emission {
  readonly builder: GraphBuilder;
  readonly node: GraphNode;
  /** The true values of the node's inputs and first output. */
  readonly real: readonly ValueId[];
  readonly output: ValueId;
  /** Magnitudes of the node's inputs. */
  readonly magnitudes: readonly ValueId[];
}

const NONE: None = {};

/** The operation itself on magnitudes: right for what is linear in each input with factors of 0 and 1, for products and for maxima. */
function itself({ builder, node, magnitudes }: Emission): ValueId {
  return builder.add(node.operation, node.attributes, magnitudes);
}

/** |x| passes on: for functions that stretch no distance. */
function passedOn({ magnitudes }: Emission): ValueId {
  return magnitudes[0];
}

/** The value's own size: for what is exact, or made from values that are. */
function ownSize({ builder, output }: Emission): ValueId {
  return builder.add("abs", NONE, [output]);
}

function constantLike(builder: GraphBuilder, like: ValueId, value: number): ValueId {
  const { shape } = builder.typeOf(like);
  return builder.add("constant", { dtype: "float32", shape, values: [value] }, []);
}

/** exp(x) (1 + |x|'s magnitude): the slope of exp is exp. */
function ofExp({ builder, output, magnitudes }: Emission): ValueId {
  const one = constantLike(builder, output, 1);
  return builder.add("mul", NONE, [output, builder.add("add", NONE, [one, magnitudes[0]])]);
}

/** |log x| + magnitude / x: the slope of log is 1 / x. */
function ofLog({ builder, real, output, magnitudes }: Emission): ValueId {
  const slope = builder.add("div", NONE, [magnitudes[0], real[0]]);
  return builder.add("add", NONE, [builder.add("abs", NONE, [output]), slope]);
}

/** sqrt x + magnitude / sqrt x: twice the slope, which is close enough. */
function ofSqrt({ builder, output, magnitudes }: Emission): ValueId {
  return builder.add("add", NONE, [output, builder.add("div", NONE, [magnitudes[0], output])]);
}

/** magnitude of x / |y| + |x / y| magnitude of y / |y|. */
function ofQuotient({ builder, real, output, magnitudes }: Emission): ValueId {
  const divisor = builder.add("abs", NONE, [real[1]]);
  const ofNumerator = builder.add("div", NONE, [magnitudes[0], divisor]);
  const relative = builder.add("div", NONE, [magnitudes[1], divisor]);
  const ofDivisor = builder.add("mul", NONE, [builder.add("abs", NONE, [output]), relative]);
  return builder.add("add", NONE, [ofNumerator, ofDivisor]);
}

/** cos stretches nothing, but is 1 where its argument is 0. */
function ofCos({ builder, output, magnitudes }: Emission): ValueId {
  return builder.add("add", NONE, [magnitudes[0], constantLike(builder, output, 1)]);
}

function ofSum({ builder, magnitudes }: Emission): ValueId {
  return builder.add("add", NONE, magnitudes);
}

function ofLarger({ builder, magnitudes }: Emission): ValueId {
  return builder.add("maximum", NONE, magnitudes);
}

function ofPad({ builder, node, magnitudes }: Emission): ValueId {
  if (node.operation !== "pad") return magnitudes[0];
  return builder.add("pad", { ...node.attributes, value: Math.abs(node.attributes.value) }, magnitudes);
}

function unknown({ node }: Emission): ValueId {
  throw new RangeError(`There is no rule for the magnitude of ${node.operation}: give the case another tolerance`);
}

const MAGNITUDES: Readonly<Record<PrimitiveName, (emission: Emission) => ValueId>> = {
  neg: passedOn,
  exp: ofExp,
  log: ofLog,
  sqrt: ofSqrt,
  tanh: passedOn,
  erf: passedOn,
  sin: passedOn,
  cos: ofCos,
  abs: passedOn,
  sign: ownSize,
  floor: ownSize,
  add: ofSum,
  sub: ofSum,
  mul: itself,
  div: ofQuotient,
  pow: unknown,
  maximum: ofLarger,
  minimum: ofLarger,
  compare: ownSize,
  where: itself,
  cast: ownSize,
  sum: itself,
  max: itself,
  argmax: ownSize,
  reshape: itself,
  permute: itself,
  broadcast: itself,
  slice: itself,
  pad: ofPad,
  concat: itself,
  flip: itself,
  matmul: itself,
  convolution: itself,
  convolutionInputGradient: itself,
  convolutionWeightGradient: itself,
  maxPool: itself,
  gather: itself,
  scatterAdd: itself,
  take: itself,
  scatterAddRows: itself,
  threefry: ownSize,
  constant: ownSize,
  iota: ownSize,
  scan: unknown,
};

function isPrimitiveName(name: string): name is PrimitiveName {
  return Object.hasOwn(MAGNITUDES, name);
}

/**
 * A graph with the same inputs and outputs as `graph`, a graph of primitives, whose float32 outputs are what rounding
 * errors are measured against: sums of absolute values, carried through every operation. The other outputs stay.
 */
export function magnitudeGraph(graph: Graph): Graph {
  const builder = new GraphBuilder();
  const real: ValueId[] = graph.inputs.map((type) => builder.input(type));
  const magnitudes = graph.inputs.map((type, id) => magnitudeOfInput(builder, type, id));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => real[id]);
    const output = builder.add(node.operation, node.attributes, inputs);
    node.outputs.forEach((_, i) => {
      real.push(output + i);
    });
    const emission = { builder, node, real: inputs, output, magnitudes: node.inputs.map((id) => magnitudes[id]) };
    node.outputs.forEach((type, i) => {
      magnitudes.push(i === 0 && type.dtype === "float32" ? magnitudeOfNode(emission) : output + i);
    });
  }
  return builder.build(graph.outputs.map((id) => magnitudes[id]));
}

function magnitudeOfInput(builder: GraphBuilder, type: TensorType, id: ValueId): ValueId {
  return type.dtype === "float32" ? builder.add("abs", NONE, [id]) : id;
}

function magnitudeOfNode(emission: Emission): ValueId {
  const { operation } = emission.node;
  return isPrimitiveName(operation) ? MAGNITUDES[operation](emission) : unknown(emission);
}
