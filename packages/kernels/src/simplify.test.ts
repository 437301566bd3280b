import { type Graph, GraphBuilder, type ValueId } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { simplify } from "./simplify.ts";

function graph(
  shapes: readonly (readonly number[])[],
  build: (b: GraphBuilder, inputs: ValueId[]) => ValueId[],
): Graph {
  const builder = new GraphBuilder();
  const inputs = shapes.map((shape) => builder.input({ dtype: "float32", shape }));
  return builder.build(build(builder, inputs));
}

const operations = ({ nodes }: Graph): string[] => nodes.map((node) => node.operation);

/** A row of zeros with a piece in it. */
const padded = (builder: GraphBuilder, piece: ValueId, low: number, high: number, value = 0): ValueId =>
  builder.add("pad", { low: [low], high: [high], interior: [0], value }, [piece]);

describe("simplification", () => {
  it("leaves out what no output needs", () => {
    const simplified = simplify(
      graph([[4]], (builder, [x = 0]) => {
        builder.add("exp", {}, [builder.add("neg", {}, [x])]);
        return [builder.add("sqrt", {}, [x])];
      }),
    );
    expect(operations(simplified)).toEqual(["sqrt"]);
    expect(simplified.outputs).toEqual([1]);
  });

  it("computes equal operations once, but not those that differ in an attribute", () => {
    const simplified = simplify(
      graph([[4]], (builder, [x = 0]) => {
        const constant = (value: number): ValueId =>
          builder.add("constant", { dtype: "float32", shape: [4], values: [value] }, []);
        const plusZero = builder.add("div", {}, [x, constant(0)]);
        const minusZero = builder.add("div", {}, [x, constant(-0)]);
        return [builder.add("add", {}, [plusZero, minusZero]), builder.add("div", {}, [x, constant(0)])];
      }),
    );
    expect(operations(simplified)).toEqual(["constant", "div", "constant", "div", "add"]);
  });

  it("gradients of a tensor's slices are put side by side", () => {
    const simplified = simplify(
      graph([[2], [3], [4]], (builder, [a = 0, b = 0, c = 0]) => {
        const sum = builder.add("add", {}, [padded(builder, c, 5, 0), padded(builder, a, 0, 7)]);
        return [builder.add("add", {}, [sum, padded(builder, b, 2, 4)])];
      }),
    );
    expect(operations(simplified)).toEqual(["concat"]);
    expect(simplified.nodes[0]?.inputs).toEqual([0, 1, 2]);
  });

  it("what no slice covers is filled with zeros", () => {
    const simplified = simplify(
      graph([[2], [3]], (builder, [a = 0, b = 0]) => [
        builder.add("add", {}, [padded(builder, a, 1, 7), padded(builder, b, 5, 2)]),
      ]),
    );
    // [0, a, a, 0, 0, b, b, b, 0, 0]: the zeros at both ends differ in length, and 2 zeros occur twice.
    expect(operations(simplified)).toEqual(["constant", "constant", "concat"]);
    expect(simplified.nodes.at(-1)?.inputs).toEqual([2, 0, 3, 1, 3]);
  });

  it("slices that overlap, or are padded with something else, are added", () => {
    const overlapping = graph([[2], [3]], (builder, [a = 0, b = 0]) => [
      builder.add("add", {}, [padded(builder, a, 0, 2), padded(builder, b, 1, 0)]),
    ]);
    expect(operations(simplify(overlapping))).toEqual(["pad", "pad", "add"]);
    const ones = graph([[2], [2]], (builder, [a = 0, b = 0]) => [
      builder.add("add", {}, [padded(builder, a, 0, 2, 1), padded(builder, b, 2, 0, 1)]),
    ]);
    expect(operations(simplify(ones))).toEqual(["pad", "pad", "add"]);
  });

  it("elementwise work on a concatenation is done on its pieces, of nested ones too", () => {
    const simplified = simplify(
      graph([[2], [3], [4], [9]], (builder, [a = 0, b = 0, c = 0, x = 0]) => {
        const inner = builder.add("concat", { axis: 0 }, [a, b]);
        return [builder.add("add", {}, [x, builder.add("concat", { axis: 0 }, [inner, c])])];
      }),
    );
    expect(operations(simplified)).toEqual(["slice", "add", "slice", "add", "slice", "add", "concat"]);
  });

  it("a concatenation that somebody else needs too stays whole", () => {
    const simplified = simplify(
      graph([[2], [3], [5]], (builder, [a = 0, b = 0, x = 0]) => {
        const joined = builder.add("concat", { axis: 0 }, [a, b]);
        return [builder.add("add", {}, [x, joined]), joined];
      }),
    );
    expect(operations(simplified)).toEqual(["concat", "add"]);
  });

  /** x [1, 1, 4, 4], pooled 2 x 2; du is spread over x, and masked by comparing `compared` with 0. */
  function pooledMask(compared: "x" | "other", shared = false): Graph {
    const image = [1, 1, 4, 4];
    return graph([image, [1, 1, 4], image], (builder, [x = 0, du = 0, other = 0]) => {
      const attributes = {
        window: [2, 2],
        strides: [2, 2],
        padding: [
          [0, 0],
          [0, 0],
        ],
        dilation: [1, 1],
      } as const;
      const values = builder.add("maxPool", attributes, [x]);
      const index = builder.add("reshape", { shape: [1, 1, 4] }, [values + 1]);
      const spread = builder.add("reshape", { shape: image }, [builder.add("scatterAdd", { length: 16 }, [du, index])]);
      const zero = builder.add("constant", { dtype: "float32", shape: image, values: [0] }, []);
      const off = builder.add("compare", { comparator: "lessEqual" }, [compared === "x" ? x : other, zero]);
      const masked = builder.add("where", {}, [off, zero, spread]);
      return shared ? [values, masked, spread] : [values, masked];
    });
  }

  it("the mask of a ReLU goes before the scattering of a pooling's gradient", () => {
    const { nodes } = simplify(pooledMask("x"));
    const masks = nodes.filter(({ operation }) => operation === "where");
    expect(masks.map(({ outputs }) => outputs[0]?.shape)).toEqual([[1, 1, 4]]);
    expect(operations({ inputs: [], nodes, outputs: [] }).slice(-3)).toEqual(["where", "scatterAdd", "reshape"]);
  });

  it("the mask stays where it is if it asks something else, or the gradient is needed without it", () => {
    for (const kept of [pooledMask("other"), pooledMask("x", true)]) {
      const masks = simplify(kept).nodes.filter(({ operation }) => operation === "where");
      expect(masks.map(({ outputs }) => outputs[0]?.shape)).toEqual([[1, 1, 4, 4]]);
    }
  });
});
