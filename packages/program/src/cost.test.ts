import { describe, expect, it } from "vitest";
import { createProgram, type Graph, GraphBuilder, type Program, programCost, type TensorType } from "./index.ts";
import { runningSum } from "./testing/every-operation.ts";

const f = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

function program(inputs: TensorType[], build: (builder: GraphBuilder, ids: number[]) => number[]): Program {
  const builder = new GraphBuilder();
  const ids = inputs.map((type) => builder.input(type));
  const graph: Graph = builder.build(build(builder, ids));
  return createProgram({
    name: "cost",
    graph,
    inputs: ids.map((id) => `input${id}`),
    outputs: graph.outputs.map((_, place) => ({ name: `output${place}` })),
  });
}

const PLAIN = {
  strides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  dilation: [1, 1],
  groups: 1,
} as const;

describe("the cost of a program", () => {
  it("counts 2 FLOPs a multiply-add of a matrix product", () => {
    const flops = (transposeA: boolean, a: TensorType) =>
      programCost(
        program([a, f(5, 3, 4)], (builder, [x = 0, y = 0]) => [
          builder.add("matmul", { transposeA, transposeB: false }, [x, y]),
        ]),
      ).flops;
    // 5 batches of 2 x 3 times 3 x 4.
    expect(flops(false, f(5, 2, 3))).toBe(2 * 5 * 2 * 3 * 4);
    expect(flops(true, f(5, 3, 2))).toBe(2 * 5 * 2 * 3 * 4);
  });

  it("counts the same multiply-adds for a convolution and both its gradients", () => {
    // LeNet's second layer, batch 8: 16 x 10 x 10 outputs of 6 x 5 x 5 taps.
    const expected = 2 * 8 * 16 * 10 * 10 * 6 * 5 * 5;
    const [x, kernel, y] = [f(8, 6, 14, 14), f(16, 6, 5, 5), f(8, 16, 10, 10)];
    const forward = program([x, kernel], (builder, ids) => [builder.add("convolution", PLAIN, ids)]);
    const forInput = program([y, kernel], (builder, ids) => [
      builder.add("convolutionInputGradient", { ...PLAIN, inputSize: [14, 14] }, ids),
    ]);
    const forKernel = program([x, y], (builder, ids) => [
      builder.add("convolutionWeightGradient", { ...PLAIN, kernelSize: [5, 5] }, ids),
    ]);
    expect([forward, forInput, forKernel].map((each) => programCost(each).flops)).toEqual([
      expected,
      expected,
      expected,
    ]);
  });

  it("counts elementwise operations by output, reductions by input, movements not at all", () => {
    const cost = programCost(
      program([f(4, 5)], (builder, [x = 0]) => {
        const flat = builder.add("reshape", { shape: [20] }, [builder.add("exp", {}, [x])]);
        return [builder.add("sum", { axes: [0] }, [flat])];
      }),
    );
    expect(cost).toEqual({ nodes: 3, elements: 20 + 20 + 1, flops: 20 + 20, bytes: 80 + 80 + 80 });
  });

  it("counts the bytes alive at once: each value leaves after its last use", () => {
    // x (400 bytes, stays) -> a -> b -> c (output): at most x and two of the others at once.
    const chain = program([f(100)], (builder, [x = 0]) => {
      const a = builder.add("exp", {}, [x]);
      return [builder.add("neg", {}, [builder.add("sin", {}, [a])])];
    });
    expect(programCost(chain).bytes).toBe(1200);
    // A value that nothing uses leaves at once.
    const unused = program([f(100)], (builder, [x = 0]) => {
      builder.add("exp", {}, [x]);
      builder.add("exp", {}, [x]);
      return [builder.add("sum", { axes: [0] }, [x])];
    });
    expect(programCost(unused).bytes).toBe(800);
  });

  it("multiplies a scan's body by its length, but counts its memory and operations once", () => {
    const scan = { length: 5, carries: 1, sliced: 1, reverse: false, body: runningSum() };
    const cost = programCost(program([f(2), f(5, 2), f(2)], (builder, ids) => [builder.add("scan", scan, ids)]));
    // A turn: mul 2, add 2, sum of 2. It writes 2 + 2 + 1 elements; the scan itself 2 + 5.
    expect(cost.flops).toBe(5 * 6);
    expect(cost.elements).toBe(5 * 5 + 7);
    expect(cost.nodes).toBe(4);
    // Outside: 8 + 40 + 8 in, 8 + 20 out. Inside: 3 inputs of 8, then product and sum (16), or sum and total (12).
    expect(cost.bytes).toBe(84 + 40);
  });
});
