import { encodeProgram, validateProgram } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { full, tensor, zeros } from "./creation.ts";
import { grad } from "./grad.ts";
import type { Tensor } from "./tensor.ts";
import { traceProgram } from "./trace.ts";

const x3 = { x: { dtype: "float32", shape: [3] } } as const;

describe("traceProgram", () => {
  it("names inputs and outputs in the order given, and says what replaces what", () => {
    const program = traceProgram({ name: "scale", inputs: x3, replaces: { x: "x" } }, ({ x }) => ({
      x: x.mul(2),
      total: x.sum(),
    }));
    expect(program.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(program.outputs.map(({ name, replaces }) => [name, replaces])).toEqual([
      ["x", "x"],
      ["total", null],
    ]);
    expect(validateProgram(program)).toEqual(program);
  });
  it("merges equal operations and leaves out what no output needs", () => {
    const program = traceProgram({ name: "merge", inputs: x3 }, ({ x }) => {
      x.exp().log();
      return { y: x.exp().add(x.exp()) };
    });
    expect(program.graph.nodes.map(({ operation }) => operation)).toEqual(["exp", "add"]);
  });
  it("gives the same bytes each time", () => {
    const loss = ({ x }: Readonly<Record<string, Tensor>>) => ({
      d: grad(x.tanh().mul(x).softmax(0).square().sum(), [x])[0],
    });
    const bytes = () => encodeProgram(traceProgram({ name: "loss", inputs: x3 }, loss));
    expect(bytes()).toEqual(bytes());
  });
  it("makes literals of small captured arrays and refuses large ones", () => {
    const scale = tensor([1, 2, 3]);
    const program = traceProgram({ name: "captured", inputs: x3 }, ({ x }) => ({ y: x.mul(scale) }));
    expect(program.graph.nodes[0]).toMatchObject({ operation: "constant", attributes: { values: [1, 2, 3] } });
    const large = tensor(new Float32Array(4097));
    expect(() => traceProgram({ name: "large", inputs: {} }, () => ({ y: large }))).toThrow(/input of the program/);
  });
  it("throws VALUE_IN_TRACE where traced code asks for a value, and says what to do", () => {
    const ask = () =>
      traceProgram({ name: "ask", inputs: x3 }, ({ x }) => {
        void x.data();
        return { x };
      });
    expect(ask).toThrow(expect.objectContaining({ code: "VALUE_IN_TRACE" }));
    expect(ask).toThrow(/where\(\)/);
  });
  it("throws VALUE_IN_TRACE also when an input of a trace is kept and asked later", () => {
    const kept: Tensor[] = [];
    traceProgram({ name: "keep", inputs: x3 }, ({ x }) => {
      kept.push(x);
      return { y: x.neg() };
    });
    expect(() => kept[0].data()).toThrow(expect.objectContaining({ code: "VALUE_IN_TRACE" }));
    expect(() => traceProgram({ name: "other", inputs: x3 }, () => ({ y: kept[0] }))).toThrow(/another trace/);
  });
  it("refuses what is no tensor", () => {
    const wrong = (async ({ x }: Record<string, Tensor>) => ({ x })) as never;
    expect(() => traceProgram({ name: "wrong", inputs: x3 }, wrong)).toThrow(/async/);
  });
  it("a graph deeper than the engine's call stack is no problem", () => {
    const program = traceProgram({ name: "deep", inputs: x3 }, ({ x }) => {
      let y = x;
      for (let turn = 0; turn < 20_000; turn += 1) y = y.add(x);
      return { y };
    });
    expect(program.graph.nodes.length).toBe(20_000);
  });
  it("the backward pass of relu asks its output, not its input", () => {
    const program = traceProgram({ name: "relu", inputs: x3 }, ({ x }) => {
      const y = x.mul(x).relu();
      return { y, dx: grad(y.sum(), [x])[0] };
    });
    // Value 0 is x; the condition of the gradient compares the output of the first where.
    const [forward] = program.graph.nodes.filter(({ operation }) => operation === "where");
    const compares = program.graph.nodes.filter(({ operation }) => operation === "compare");
    expect(compares.map(({ inputs }) => inputs[0])).toContain(forward.firstOutput);
  });
});

describe("literals", () => {
  it("are one node, whatever their shape, and a factor of 1 is none", () => {
    const program = traceProgram({ name: "literals", inputs: x3 }, ({ x }) => ({
      y: full([1], 2)
        .expand([3])
        .mul(x)
        .mul(1)
        .add(zeros([1])),
    }));
    expect(program.graph.nodes.map(({ operation }) => operation).toSorted()).toEqual([
      "add",
      "constant",
      "constant",
      "mul",
    ]);
  });
});
