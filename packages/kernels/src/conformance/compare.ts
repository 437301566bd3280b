import { expandComposites, type Graph, valueTypes } from "@tributary/program";
import type { TensorData } from "../device.ts";
import { fromFloat16Bits } from "../reference/float16.ts";
import { evaluateGraph } from "../reference/interpreter.ts";
import { allocateValue, type Value } from "../reference/value.ts";
import type { ConformanceCase, Tolerance } from "./conformance-case.ts";
import { magnitudeGraph } from "./magnitudes.ts";

const ABSOLUTE = 1e-6;
const RELATIVE = 1e-5;
/** Of the sum of |a b|. */
const CONTRACTION = 1e-6;
/** Of the norm of the reference. */
const NORM = 1e-5;

/** Evaluates a graph in float64 on a case's inputs. */
function evaluateInFloat64(graph: Graph, testCase: ConformanceCase): Value[] {
  const inputs = testCase.inputs.map((input) => {
    const value = allocateValue(input, "float64");
    value.data.set(input.data);
    return value;
  });
  return evaluateGraph(graph, inputs, "float64");
}

/** What is wrong with a case's outputs, in words; none when they conform. */
export function differences(testCase: ConformanceCase, outputs: readonly TensorData[]): string[] {
  const graph = expandComposites(testCase.program.graph);
  const expected = evaluateInFloat64(graph, testCase);
  const needsMagnitudes = testCase.tolerance === "contraction" || testCase.tolerance === "composed";
  const magnitudes = needsMagnitudes ? evaluateInFloat64(magnitudeGraph(graph), testCase) : expected;
  const types = valueTypes(graph);
  return expected.flatMap((value, i) => {
    const { shape } = types[graph.outputs[i]];
    const found = differenceOf(value, outputs[i], magnitudes[i], testCase.tolerance);
    return found === null ? [] : [`output${i} ${value.dtype}[${shape}]: ${found}`];
  });
}

function differenceOf(expected: Value, actual: TensorData, magnitude: Value, tolerance: Tolerance): string | null {
  if (actual.length !== expected.data.length) return `${actual.length} elements instead of ${expected.data.length}`;
  if (expected.dtype !== "float32") return firstBeyond(expected, actual, () => 0);
  switch (tolerance) {
    case "exact":
      return firstBeyond(expected, actual, () => 0);
    case "elementwise":
      return firstBeyond(expected, actual, (i) => ABSOLUTE + RELATIVE * Math.abs(expected.data[i]));
    case "contraction":
      return firstBeyond(expected, actual, (i) => CONTRACTION * magnitude.data[i]);
    case "composed":
      return firstBeyond(expected, actual, (i) => ABSOLUTE + RELATIVE * magnitude.data[i]);
    case "norm":
      return normBeyond(expected.data, actual);
  }
}

/** Bits of float16 are compared as they are, but that any NaN equals any other. */
function same(value: Value, expected: number, actual: number): boolean {
  if (Object.is(expected, actual) || expected === actual) return true;
  return value.dtype === "float16" && Number.isNaN(fromFloat16Bits(expected)) && Number.isNaN(fromFloat16Bits(actual));
}

function firstBeyond(value: Value, actual: TensorData, bound: (index: number) => number): string | null {
  let count = 0;
  let first = -1;
  for (let i = 0; i < actual.length; i += 1) {
    // Beyond the range of float32 the truth in float32 is an infinity.
    const expected = value.dtype === "float32" ? Math.fround(value.data[i]) : value.data[i];
    if (same(value, expected, actual[i])) continue;
    if (Number.isFinite(expected) && Math.abs(value.data[i] - actual[i]) <= bound(i)) continue;
    if (first < 0) first = i;
    count += 1;
  }
  if (first < 0) return null;
  return `${count} of ${actual.length} differ, first [${first}]: ${actual[first]} instead of ${value.data[first]}, allowed ${bound(first)}`;
}

function normBeyond(expected: TensorData, actual: TensorData): string | null {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i += 1) {
    difference += (expected[i] - actual[i]) ** 2;
    norm += expected[i] ** 2;
  }
  if (Math.sqrt(difference) <= NORM * Math.sqrt(norm)) return null;
  return `norm of the difference ${Math.sqrt(difference)}, norm ${Math.sqrt(norm)}, allowed ${NORM * Math.sqrt(norm)}`;
}
