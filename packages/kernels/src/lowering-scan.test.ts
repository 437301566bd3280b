import { createProgram, GraphBuilder, type Program, type TensorType, type ValueId } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Kernel, ScanKernel } from "./ir.ts";
import { lowerProgram } from "./lowering.ts";

const float = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

interface ScanForm {
  readonly length: number;
  readonly carries: readonly TensorType[];
  readonly arrays: readonly TensorType[];
  readonly constants: readonly TensorType[];
  readonly body: (builder: GraphBuilder, inputs: readonly ValueId[]) => readonly ValueId[];
}

/** A program that is one scan; every carry and stack is an output. */
function scanProgram({ length, carries, arrays, constants, body }: ScanForm): Program {
  const inner = new GraphBuilder();
  const turn = [...carries, ...arrays, ...constants].map((type) => inner.input(type));
  const bodyGraph = inner.build(body(inner, turn));
  const builder = new GraphBuilder();
  const stacked = arrays.map(({ dtype, shape }) => ({ dtype, shape: [length, ...shape] }));
  const inputs = [...carries, ...stacked, ...constants].map((type) => builder.input(type));
  const attributes = {
    length,
    carries: carries.length,
    sliced: arrays.length,
    reverse: false,
    body: bodyGraph,
  };
  const first = builder.add("scan", attributes, inputs);
  const outputs = bodyGraph.outputs.map((_, index) => first + index);
  return createProgram({
    name: "test",
    graph: builder.build(outputs),
    inputs: inputs.map((_, index) => `i${index}`),
    outputs: outputs.map((_, index) => ({ name: `o${index}` })),
  });
}

const kinds = (kernels: readonly Kernel[]): string[] =>
  kernels.map((kernel) => (kernel.kind === "contract" ? kernel.contraction.operation : kernel.kind));

function theScan(kernels: readonly Kernel[]): ScanKernel {
  const scans = kernels.filter((kernel) => kernel.kind === "scan");
  expect(scans).toHaveLength(1);
  return scans[0];
}

/** Gates i, f, g, o side by side; a sigmoid is 1 / (1 + exp(-x)). */
function longShortTermMemory(batch: number, features: number, hidden: number, length: number): Program {
  return scanProgram({
    length,
    carries: [float(batch, hidden), float(batch, hidden)],
    arrays: [float(batch, features)],
    constants: [float(4 * hidden, features), float(4 * hidden, hidden), float(4 * hidden)],
    body: (builder, [h, c, x, wx, wh, bias]) => {
      const turned = { transposeA: false, transposeB: true };
      const products = builder.add("add", {}, [
        builder.add("matmul", turned, [x, wx]),
        builder.add("matmul", turned, [h, wh]),
      ]);
      const wide = builder.add("broadcast", { shape: [batch, 4 * hidden] }, [bias]);
      const gates = builder.add("add", {}, [products, wide]);
      const one = builder.add("constant", { ...float(batch, hidden), values: [1] }, []);
      const gate = (index: number): ValueId => {
        const [starts, ends] = [index, index + 1].map((at) => at * hidden);
        return builder.add("slice", { starts: [0, starts], ends: [batch, ends], strides: [1, 1] }, [gates]);
      };
      const sigmoid = (value: ValueId): ValueId => {
        const power = builder.add("exp", {}, [builder.add("neg", {}, [value])]);
        return builder.add("div", {}, [one, builder.add("add", {}, [one, power])]);
      };
      const kept = builder.add("mul", {}, [sigmoid(gate(1)), c]);
      const fresh = builder.add("mul", {}, [sigmoid(gate(0)), builder.add("tanh", {}, [gate(2)])]);
      const cell = builder.add("add", {}, [kept, fresh]);
      const state = builder.add("mul", {}, [sigmoid(gate(3)), builder.add("tanh", {}, [cell])]);
      return [state, cell, state];
    },
  });
}

describe("scan", () => {
  it("a turn of an LSTM is two products and one elementwise kernel; its weights are packed before the loop", () => {
    const { kernels } = lowerProgram(longShortTermMemory(8, 32, 64, 10));
    expect(kinds(kernels)).toEqual(["map", "map", "scan"]);
    const { kernels: inside } = theScan(kernels);
    expect(kinds(inside)).toEqual(["matmul", "matmul", "map"]);
    const weights = inside.flatMap((kernel) => (kernel.kind === "contract" ? [kernel.b.shape] : []));
    expect(weights).toEqual([
      [16, 32, 16],
      [16, 64, 16],
    ]);
  });

  it("for a GPU they are laid out row after row, so that neighbouring columns lie side by side", () => {
    const { kernels } = lowerProgram(longShortTermMemory(8, 32, 63, 10), { operands: "rows" });
    expect(kinds(kernels)).toEqual(["map", "map", "scan"]);
    const weights = theScan(kernels).kernels.flatMap((kernel) => (kernel.kind === "contract" ? [kernel.b] : []));
    expect(weights.map(({ shape, strides }) => [shape, strides])).toEqual([
      [
        [32, 252],
        [252, 1],
      ],
      [
        [63, 252],
        [252, 1],
      ],
    ]);
  });

  it("weights whose columns fill no panels are used as they lie", () => {
    const { kernels } = lowerProgram(longShortTermMemory(8, 32, 63, 10));
    expect(kinds(kernels)).toEqual(["scan"]);
  });

  it("nothing is packed for a few turns", () => {
    const { kernels } = lowerProgram(longShortTermMemory(8, 32, 64, 3));
    expect(kinds(kernels)).toEqual(["scan"]);
  });

  it("what is the same in every turn is computed once, before the loop", () => {
    const program = scanProgram({
      length: 5,
      carries: [float(4, 3)],
      arrays: [],
      constants: [float(3, 7), float(7, 3)],
      body: (builder, [h, left, right]) => {
        const plain = { transposeA: false, transposeB: false };
        return [builder.add("matmul", plain, [h, builder.add("matmul", plain, [left, right])])];
      },
    });
    const { kernels } = lowerProgram(program);
    expect(kinds(kernels)).toEqual(["matmul", "scan"]);
    expect(kinds(theScan(kernels).kernels)).toEqual(["matmul"]);
  });

  it("what depends on the carry through another kernel stays in the loop", () => {
    const program = scanProgram({
      length: 5,
      carries: [float(3, 3)],
      arrays: [],
      constants: [float(3, 3)],
      body: (builder, [h, weight]) => {
        const plain = { transposeA: false, transposeB: false };
        return [builder.add("matmul", plain, [weight, builder.add("matmul", plain, [h, weight])])];
      },
    });
    expect(kinds(theScan(lowerProgram(program).kernels).kernels)).toEqual(["matmul", "matmul"]);
  });
});
