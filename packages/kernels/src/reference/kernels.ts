import type { PrimitiveAttributes, PrimitiveName } from "@tributary/program";
import { convolution, convolutionInputGradient, convolutionWeightGradient, matmul } from "./contractions.ts";
import { binary, cast, compare, unary, where } from "./elementwise.ts";
import { gather, scatterAdd, scatterAddRows, take } from "./indexing.ts";
import { broadcast, concat, flip, pad, permute, reshape, slice } from "./movement.ts";
import { maxPool } from "./pooling.ts";
import { argmax, max, sum } from "./reductions.ts";
import { scan } from "./scan.ts";
import { constant, iota } from "./sources.ts";
import { threefry } from "./threefry.ts";
import type { Kernel } from "./value.ts";

/** How every primitive is computed. A primitive without a kernel does not compile. */
export const KERNELS: { readonly [Name in PrimitiveName]: Kernel<PrimitiveAttributes[Name]> } = {
  neg: unary("neg"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  sin: unary("sin"),
  cos: unary("cos"),
  abs: unary("abs"),
  sign: unary("sign"),
  floor: unary("floor"),
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  pow: binary("pow"),
  maximum: binary("maximum"),
  minimum: binary("minimum"),
  compare,
  where,
  cast,
  sum,
  max,
  argmax,
  reshape,
  permute,
  broadcast,
  slice,
  pad,
  concat,
  flip,
  matmul,
  convolution,
  convolutionInputGradient,
  convolutionWeightGradient,
  maxPool,
  gather,
  scatterAdd,
  take,
  scatterAddRows,
  threefry,
  constant,
  iota,
  scan,
};
