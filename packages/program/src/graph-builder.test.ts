import { describe, expect, it } from "vitest";
import { GraphBuilder, type TensorType, valueTypes } from "./index.ts";
import { codeOf } from "./testing/code-of.ts";

const f = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

describe("GraphBuilder", () => {
  it("numbers inputs first, then outputs of operations; maxPool takes two numbers", () => {
    const builder = new GraphBuilder();
    expect(builder.input(f(1, 1, 4, 4))).toBe(0);
    const windows = {
      window: [2, 2],
      strides: [2, 2],
      dilation: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
    } as const;
    expect(builder.add("maxPool", windows, [0])).toBe(1);
    expect(builder.typeOf(2)).toEqual({ dtype: "int32", shape: [1, 1, 2, 2] });
    expect(builder.add("neg", {}, [1])).toBe(3);
    const graph = builder.build([3, 2]);
    expect(graph.outputs).toEqual([3, 2]);
    expect(valueTypes(graph).map(({ dtype }) => dtype)).toEqual(["float32", "float32", "int32", "float32"]);
  });

  it("refuses an input after an operation", () => {
    const builder = new GraphBuilder();
    builder.add("neg", {}, [builder.input(f())]);
    expect(codeOf(() => builder.input(f()))).toBe("INPUT_AFTER_NODE");
  });

  it("refuses values that it did not hand out", () => {
    const builder = new GraphBuilder();
    builder.input(f());
    for (const id of [1, -1, 0.5, Number.NaN]) expect(codeOf(() => builder.add("neg", {}, [id]))).toBe("VALUE_UNKNOWN");
    expect(codeOf(() => builder.build([1]))).toBe("VALUE_UNKNOWN");
  });

  it("builds graphs that later additions do not change", () => {
    const builder = new GraphBuilder();
    const graph = builder.build([builder.add("neg", {}, [builder.input(f())])]);
    builder.add("exp", {}, [1]);
    expect(graph.nodes).toHaveLength(1);
  });
});
