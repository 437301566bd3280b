import type { DType } from "./dtype.ts";
import type { Graph } from "./graph.ts";
import type { Comparator, OperationAttributes, OperationName } from "./operations.ts";

type Pair = readonly [number, number];

/** The forms that attributes take in encoded programs. */
interface AttributeFormTypes {
  /** From 0 to 2^53 - 1. */
  integer: number;
  /** Any float64. */
  number: number;
  boolean: boolean;
  dtype: DType;
  comparator: Comparator;
  /** At most RANK_MAX integers: dimensions, axes, places. */
  integers: readonly number[];
  /** float64s; as many as there are bytes for. */
  numbers: readonly number[];
  pair: Pair;
  pairs: readonly [Pair, Pair];
  graph: Graph;
}

/** How one attribute is written, read and checked. */
export type AttributeForm = keyof AttributeFormTypes;

type FormOf<Type> = { [Form in AttributeForm]: Type extends AttributeFormTypes[Form] ? Form : never }[AttributeForm];

const NONE = {};

const CONVOLUTION = { strides: "pair", padding: "pairs", dilation: "pair", groups: "integer" } as const;

/**
 * The attributes of each operation, in the order in which they are encoded: reordering them changes the format version.
 * An attribute without a form, or with that of another type, does not compile.
 */
const ATTRIBUTE_FORMS: {
  readonly [Name in OperationName]: {
    readonly [Field in keyof OperationAttributes[Name]]: FormOf<OperationAttributes[Name][Field]>;
  };
} = {
  neg: NONE,
  exp: NONE,
  log: NONE,
  sqrt: NONE,
  tanh: NONE,
  erf: NONE,
  sin: NONE,
  cos: NONE,
  abs: NONE,
  sign: NONE,
  floor: NONE,
  add: NONE,
  sub: NONE,
  mul: NONE,
  div: NONE,
  pow: NONE,
  maximum: NONE,
  minimum: NONE,
  compare: { comparator: "comparator" },
  where: NONE,
  cast: { dtype: "dtype" },
  sum: { axes: "integers" },
  max: { axes: "integers" },
  argmax: { axis: "integer" },
  reshape: { shape: "integers" },
  permute: { permutation: "integers" },
  broadcast: { shape: "integers" },
  slice: { starts: "integers", ends: "integers", strides: "integers" },
  pad: { low: "integers", high: "integers", interior: "integers", value: "number" },
  concat: { axis: "integer" },
  flip: { axes: "integers" },
  matmul: { transposeA: "boolean", transposeB: "boolean" },
  convolution: CONVOLUTION,
  convolutionInputGradient: { ...CONVOLUTION, inputSize: "pair" },
  convolutionWeightGradient: { ...CONVOLUTION, kernelSize: "pair" },
  maxPool: { window: "pair", strides: "pair", padding: "pairs", dilation: "pair" },
  gather: NONE,
  scatterAdd: { length: "integer" },
  take: NONE,
  scatterAddRows: { rows: "integer" },
  threefry: NONE,
  constant: { dtype: "dtype", shape: "integers", values: "numbers" },
  iota: { dtype: "dtype", shape: "integers", axis: "integer" },
  scan: { length: "integer", carries: "integer", sliced: "integer", reverse: "boolean", body: "graph" },
  softmax: NONE,
  logSoftmax: NONE,
  softmaxCrossEntropy: NONE,
  softmaxCrossEntropyGradient: NONE,
};

/** Fields and forms of one operation's attributes, in the order of encoding. */
export function attributeForms(operation: OperationName): readonly (readonly [string, AttributeForm])[] {
  const forms: Readonly<Record<string, AttributeForm>> = ATTRIBUTE_FORMS[operation];
  return Object.entries(forms);
}
