import type { Shape } from "@tributary/program";
import { type ConformanceGroup, operationCase } from "./conformance-case.ts";
import { given, givenIndices, SeededRandom } from "./random.ts";

const SHAPES: readonly Shape[] = [
  [1],
  [3],
  [7],
  [31],
  [33],
  [65],
  [1, 1],
  [3, 7],
  [31, 33],
  [65, 10],
  [2, 3, 7],
  [0, 3],
];
const SIZES = [1, 3, 7, 31, 33, 65] as const;

/** Rows at which exp alone would overflow or lose everything, and one with a logit that is ruled out. */
const STEEP = [1000, 1000, -1000, -1000, -1000, -999, 88, 89, 90, 0, Number.NEGATIVE_INFINITY, 1, 0, 0, 0];

function rowwiseGroup(name: "softmax" | "logSoftmax"): ConformanceGroup {
  const random = new SeededRandom(51);
  const cases = SHAPES.flatMap((shape) =>
    [AROUND, FAR].map((bounds) => operationCase(name, {}, [random.tensor("float32", shape, bounds)], "elementwise")),
  );
  cases.push(operationCase(name, {}, [given("float32", [5, 3], STEEP)], "elementwise"));
  return { name, cases };
}

const AROUND = { low: -3, high: 3 };
const FAR = { low: -60, high: 60 };

function crossEntropyGroups(): ConformanceGroup[] {
  const random = new SeededRandom(52);
  const losses = [];
  const gradients = [];
  for (const rows of [0, ...SIZES]) {
    for (const classes of SIZES) {
      const logits = random.tensor("float32", [rows, classes], random.chance(0.3) ? FAR : AROUND);
      const targets = givenIndices(random, [rows], classes);
      const dloss = random.tensor("float32", [rows]);
      losses.push(operationCase("softmaxCrossEntropy", {}, [logits, targets], "elementwise"));
      gradients.push(operationCase("softmaxCrossEntropyGradient", {}, [logits, targets, dloss], "elementwise"));
    }
  }
  return [
    { name: "softmaxCrossEntropy", cases: losses },
    { name: "softmaxCrossEntropyGradient", cases: gradients },
  ];
}

/** Composites, whole or expanded as the backend likes. */
export function compositeGroups(): ConformanceGroup[] {
  return [rowwiseGroup("softmax"), rowwiseGroup("logSoftmax"), ...crossEntropyGroups()];
}
