import { describe, expect, it } from "vitest";
import {
  COMPOSITES,
  type CompositeName,
  expandComposites,
  type Graph,
  GraphBuilder,
  inferOutputs,
  isCompositeName,
  type TensorType,
} from "./index.ts";
import { everyOperation } from "./testing/every-operation.ts";

const logits: TensorType = { dtype: "float32", shape: [3, 3] };
const targets: TensorType = { dtype: "int32", shape: [3] };
const dloss: TensorType = { dtype: "float32", shape: [3] };
const INPUTS: Readonly<Record<CompositeName, TensorType[]>> = {
  softmax: [logits],
  logSoftmax: [logits],
  softmaxCrossEntropy: [logits, targets],
  softmaxCrossEntropyGradient: [logits, targets, dloss],
};
const NAMES = Object.keys(COMPOSITES).filter(isCompositeName);

function whole(name: CompositeName): Graph {
  const builder = new GraphBuilder();
  const ids = INPUTS[name].map((type) => builder.input(type));
  return builder.build([builder.add(name, {}, ids)]);
}

/** Runs the few primitives that these expansions use on a matrix [3, 3] or a column of it, straight from operations.ts. */
function run(graph: Graph, inputs: number[][]): number[] {
  const values: number[][] = [...inputs];
  for (const node of graph.nodes) {
    const [a = [], b = [], c = []] = node.inputs.map((id) => values[id] ?? []);
    const size = (node.outputs[0]?.shape ?? []).reduce((product, dimension) => product * dimension, 1);
    const make = (element: (at: number) => number): number =>
      values.push(Array.from({ length: size }, (_, at) => element(at)));
    switch (node.operation) {
      case "max":
        make((row) => Math.max(...a.slice(3 * row, 3 * row + 3)));
        break;
      case "sum":
        make((row) => a.slice(3 * row, 3 * row + 3).reduce((sum, each) => sum + each, 0));
        break;
      case "reshape":
        make((at) => a[at] ?? 0);
        break;
      case "broadcast":
        make((at) => a[Math.floor(at / 3)] ?? 0);
        break;
      case "sub":
        make((at) => (a[at] ?? 0) - (b[at] ?? 0));
        break;
      case "mul":
        make((at) => (a[at] ?? 0) * (b[at] ?? 0));
        break;
      case "div":
        make((at) => (a[at] ?? 0) / (b[at] ?? 0));
        break;
      case "exp":
        make((at) => Math.exp(a[at] ?? 0));
        break;
      case "log":
        make((at) => Math.log(a[at] ?? 0));
        break;
      case "neg":
        make((at) => -(a[at] ?? 0));
        break;
      case "cast":
        make((at) => a[at] ?? 0);
        break;
      case "gather":
        make((row) => a.slice(3 * row, 3 * row + 3)[b[row] ?? -1] ?? 0);
        break;
      case "iota":
        make((at) => at % 3);
        break;
      case "constant": {
        const [value = 0] = node.attributes.values;
        make(() => value);
        break;
      }
      case "where":
        make((at) => (a[at] === 1 ? (b[at] ?? 0) : (c[at] ?? 0)));
        break;
      case "compare": {
        const { comparator } = node.attributes;
        make((at) => {
          const [left, right] = [a[at] ?? 0, b[at] ?? 0];
          return Number(comparator === "equal" ? left === right : comparator === "less" ? left < right : left >= right);
        });
        break;
      }
      default:
        throw new Error(`The expansions do not use ${node.operation}`);
    }
  }
  return values[graph.outputs[0] ?? -1] ?? [];
}

describe.each(NAMES)("the expansion of %s", (name) => {
  it("has the type of the composite and holds primitives only", () => {
    const graph = expandComposites(whole(name));
    expect(graph.nodes.some((node) => isCompositeName(node.operation))).toBe(false);
    const builder = new GraphBuilder();
    const ids = INPUTS[name].map((type) => builder.input(type));
    expect(builder.typeOf(COMPOSITES[name](builder, ids, {}))).toEqual(inferOutputs(name, {}, INPUTS[name])[0]);
  });

  it("is left out where the composite is kept", () => {
    expect(expandComposites(whole(name), new Set([name]))).toEqual(whole(name));
  });

  it("refuses inputs of other types, as the composite does", () => {
    const builder = new GraphBuilder();
    const wrong = builder.input({ dtype: "int32", shape: [3, 3] });
    expect(() => COMPOSITES[name](builder, [wrong], {})).toThrow(name);
  });
});

describe("values", () => {
  // Rows [1, 2, 3], [1000, 1000, 1000] (exp would overflow) and [0, 0, log 2].
  const rows = [1, 2, 3, 1000, 1000, 1000, 0, 0, Math.log(2)];
  // torch.softmax(tensor([1., 2., 3.]), 0).
  const first = [0.09003057, 0.24472847, 0.66524096];
  const close = (actual: number[], expected: number[]): void => {
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 7);
    });
  };

  it("softmax", () => {
    close(run(expandComposites(whole("softmax")), [rows]), [...first, 1 / 3, 1 / 3, 1 / 3, 0.25, 0.25, 0.5]);
  });

  it("logSoftmax", () => {
    const logarithms = [-2.40760596, -1.40760596, -0.40760596];
    const third = -Math.log(3);
    close(run(expandComposites(whole("logSoftmax")), [rows]), [
      ...logarithms,
      ...[third, third, third],
      ...[-2 * Math.LN2, -2 * Math.LN2, -Math.LN2],
    ]);
  });

  it("softmaxCrossEntropy, where a target out of range costs nothing", () => {
    close(run(expandComposites(whole("softmaxCrossEntropy")), [rows, [2, 0, 1]]), [
      0.40760596,
      Math.log(3),
      2 * Math.LN2,
    ]);
    close(run(expandComposites(whole("softmaxCrossEntropy")), [rows, [-1, 3, 1]]), [0, 0, 2 * Math.LN2]);
  });

  it("softmaxCrossEntropyGradient, where a target out of range gives a row of zeros, even beside NaN", () => {
    const graph = expandComposites(whole("softmaxCrossEntropyGradient"));
    close(run(graph, [rows, [2, 0, 1], [1, 3, 2]]), [
      ...[0.09003057, 0.24472847, -0.33475904],
      ...[-2, 1, 1],
      ...[0.5, -1.5, 1],
    ]);
    const withNaN = [Number.NaN, 2, 3, ...rows.slice(3)];
    close(run(graph, [withNaN, [-1, 3, 1], [1, 1, 1]]), [0, 0, 0, 0, 0, 0, 0.25, -0.75, 0.5]);
  });
});

describe("expandComposites", () => {
  it("keeps types and outputs of a graph with every operation, and leaves no composite", () => {
    const { graph } = everyOperation();
    const expanded = expandComposites(graph);
    expect(expanded.nodes.some((node) => isCompositeName(node.operation))).toBe(false);
    expect(expanded.inputs).toEqual(graph.inputs);
    expect(expanded.outputs).toHaveLength(graph.outputs.length);
  });

  it("reaches into the bodies of scans", () => {
    const inner = new GraphBuilder();
    const body = inner.build([inner.add("softmax", {}, [inner.input({ dtype: "float32", shape: [3] })])]);
    const builder = new GraphBuilder();
    const x = builder.input({ dtype: "float32", shape: [3] });
    const scan = { length: 2, carries: 1, sliced: 0, reverse: false, body };
    const [node] = expandComposites(builder.build([builder.add("scan", scan, [x])])).nodes;
    if (node?.operation !== "scan") throw new Error("The scan is gone");
    expect(node.attributes.body.nodes.map(({ operation }) => operation)).toContain("exp");
    expect(node.attributes.body.nodes.some(({ operation }) => isCompositeName(operation))).toBe(false);
  });
});
