import { describe, expect, it } from "vitest";
import {
  createProgram,
  type Graph,
  GraphBuilder,
  PROGRAM_LIMITS,
  type Program,
  type ProgramErrorCode,
  type ProgramLimits,
  type TensorType,
  validateProgram,
} from "./index.ts";
import { codeOf } from "./testing/code-of.ts";
import { everyOperation } from "./testing/every-operation.ts";

const vector: TensorType = { dtype: "float32", shape: [3] };

/** y = x + x, z = -x. */
function sample(): Program {
  const builder = new GraphBuilder();
  const x = builder.input(vector);
  const graph = builder.build([builder.add("add", {}, [x, x]), builder.add("neg", {}, [x])]);
  return createProgram({ name: "sample", graph, inputs: ["x"], outputs: [{ name: "y" }, { name: "z" }] });
}

function forged(
  change: (graph: { inputs: TensorType[]; nodes: Record<string, unknown>[]; outputs: number[] }) => void,
): ProgramErrorCode | "none" {
  const program = structuredClone(sample());
  change(program.graph as never);
  return codeOf(() => validateProgram(program));
}

describe("a graph from a stranger", () => {
  it("is taken when it is valid", () => {
    const program = everyOperation();
    expect(validateProgram(program)).toBe(program);
  });

  it("with an unknown operation is refused", () => {
    expect(forged((graph) => Object.assign(graph.nodes[0] ?? {}, { operation: "eval" }))).toBe("OPERATION_UNKNOWN");
    expect(forged((graph) => Object.assign(graph.nodes[0] ?? {}, { operation: "constructor" }))).toBe(
      "OPERATION_UNKNOWN",
    );
    expect(forged((graph) => graph.nodes.splice(0, 1, null as never))).toBe("OPERATION_UNKNOWN");
  });

  it("with a cycle, or a value that is not there, is refused", () => {
    // Node 0 makes value 1, node 1 makes value 2.
    for (const id of [1, 2, 3, -1, 0.5, "0", null]) {
      expect(forged((graph) => Object.assign(graph.nodes[0] ?? {}, { inputs: [0, id] }))).toBe("VALUE_UNKNOWN");
    }
    expect(forged((graph) => graph.outputs.splice(0, 1, 9))).toBe("VALUE_UNKNOWN");
  });

  it("with forged types is refused, and the message shows both", () => {
    expect(
      forged((graph) => Object.assign(graph.nodes[0] ?? {}, { outputs: [{ dtype: "float32", shape: [4] }] })),
    ).toBe("TYPE_FORGED");
    expect(forged((graph) => Object.assign(graph.nodes[0] ?? {}, { outputs: [{ dtype: "int32", shape: [3] }] }))).toBe(
      "TYPE_FORGED",
    );
    expect(forged((graph) => Object.assign(graph.nodes[0] ?? {}, { outputs: [] }))).toBe("TYPE_FORGED");
    const program = structuredClone(sample());
    Object.assign(program.graph.nodes[0] ?? {}, { outputs: [{ dtype: "float32", shape: [4] }] });
    expect(() => validateProgram(program)).toThrow(/float32\[4\].*float32\[3\]/);
  });

  it("with misnumbered outputs or malformed parts is refused", () => {
    expect(forged((graph) => Object.assign(graph.nodes[1] ?? {}, { firstOutput: 1 }))).toBe("GRAPH_MALFORMED");
    expect(forged((graph) => Object.assign(graph.nodes[1] ?? {}, { inputs: "0" }))).toBe("GRAPH_MALFORMED");
    expect(forged((graph) => Object.assign(graph, { nodes: null }))).toBe("GRAPH_MALFORMED");
    expect(forged((graph) => graph.inputs.splice(0, 1, { dtype: "text", shape: [] } as never))).toBe("GRAPH_MALFORMED");
  });

  it("with attributes of another form, or surplus ones, is refused", () => {
    const setAttributes = (attributes: unknown) =>
      forged((graph) => Object.assign(graph.nodes[1] ?? {}, { attributes }));
    expect(setAttributes({ axis: 0 })).toBe("ATTRIBUTE_INVALID");
    expect(setAttributes(null)).toBe("ATTRIBUTE_INVALID");
    const sum = (attributes: unknown) =>
      forged((graph) => Object.assign(graph.nodes[1] ?? {}, { operation: "sum", attributes }));
    expect(sum({})).toBe("ATTRIBUTE_INVALID");
    expect(sum({ axes: "0" })).toBe("ATTRIBUTE_INVALID");
    expect(sum({ axes: ["0"] })).toBe("ATTRIBUTE_INVALID");
    expect(sum({ axes: [1] })).toBe("ATTRIBUTE_INVALID");
  });

  it("with a body that lies about its types is refused", () => {
    const program = structuredClone(everyOperation());
    const scan = program.graph.nodes.find((node) => node.operation === "scan");
    if (scan?.operation !== "scan") throw new Error("The sample has no scan");
    Object.assign(scan.attributes.body.nodes[0] ?? {}, { outputs: [{ dtype: "float32", shape: [7] }] });
    expect(codeOf(() => validateProgram(program))).toBe("TYPE_FORGED");
  });
});

describe("the edges of a program", () => {
  const create = (inputs: string[], outputs: { name: string; replaces?: string | null }[], name = "sample") =>
    codeOf(() => createProgram({ name, graph: sample().graph, inputs, outputs }));

  it("are named once each, in order", () => {
    expect(create(["x"], [{ name: "y" }, { name: "z" }])).toBe("none");
    expect(create([], [{ name: "y" }, { name: "z" }])).toBe("EDGE_MISMATCH");
    expect(create(["x"], [{ name: "y" }])).toBe("EDGE_MISMATCH");
    expect(create(["x"], [{ name: "y" }, { name: "y" }])).toBe("NAME_REPEATED");
  });

  it.each([
    "",
    "1st",
    "a b",
    "a/b",
    "_x",
    "é",
    "x".repeat(65),
    "constructor",
    "toString",
    "__proto__",
    "hasOwnProperty",
  ])("cannot be named %j", (name) => {
    expect(create([name], [{ name: "y" }, { name: "z" }])).toBe("NAME_INVALID");
    expect(create(["x"], [{ name }, { name: "z" }])).toBe("NAME_INVALID");
    expect(create(["x"], [{ name: "y" }, { name: "z" }], name)).toBe("NAME_INVALID");
  });

  it("can be named with 64 letters, digits, _ . and -", () => {
    expect(create(["A".repeat(64)], [{ name: "y.0_weight-a" }, { name: "z" }])).toBe("none");
  });

  it("replace an input of equal type, once", () => {
    expect(create(["x"], [{ name: "y", replaces: "x" }, { name: "z" }])).toBe("none");
    expect(create(["x"], [{ name: "x", replaces: "x" }, { name: "z" }])).toBe("none");
    expect(create(["x"], [{ name: "y", replaces: "w" }, { name: "z" }])).toBe("REPLACES_INVALID");
    expect(
      create(
        ["x"],
        [
          { name: "y", replaces: "x" },
          { name: "z", replaces: "x" },
        ],
      ),
    ).toBe("REPLACES_INVALID");
    const builder = new GraphBuilder();
    const x = builder.input(vector);
    const graph = builder.build([builder.add("sum", { axes: [0] }, [x])]);
    expect(
      codeOf(() => createProgram({ name: "s", graph, inputs: ["x"], outputs: [{ name: "y", replaces: "x" }] })),
    ).toBe("REPLACES_INVALID");
  });

  it("do not share a name without sharing a buffer", () => {
    expect(create(["x"], [{ name: "x" }, { name: "z" }])).toBe("REPLACES_INVALID");
  });

  it("have the graph's types", () => {
    const program = sample();
    const wrong = { ...program, inputs: [{ name: "x", dtype: "float32" as const, shape: [4] }] };
    expect(codeOf(() => validateProgram(wrong))).toBe("EDGE_MISMATCH");
    expect(codeOf(() => validateProgram({ ...program, outputs: program.outputs.slice(1) }))).toBe("EDGE_MISMATCH");
  });
});

describe("limits", () => {
  const check = (program: Program, limits: Partial<ProgramLimits>) =>
    codeOf(() => validateProgram(program, { ...PROGRAM_LIMITS, ...limits }));

  it("are exact: a program at the limit is taken, one above is refused", () => {
    // 2 operations, 3 values of 3 elements: 6 written, 6 FLOPs, 36 bytes alive at once.
    expect(check(sample(), { nodes: 2, values: 3, tensorElements: 3, elements: 6, bytes: 36, flops: 6 })).toBe("none");
    expect(check(sample(), { nodes: 1 })).toBe("LIMIT_NODES");
    expect(check(sample(), { values: 2 })).toBe("LIMIT_NODES");
    expect(check(sample(), { tensorElements: 2 })).toBe("LIMIT_ELEMENTS");
    expect(check(sample(), { elements: 5 })).toBe("LIMIT_ELEMENTS");
    expect(check(sample(), { bytes: 35 })).toBe("LIMIT_BYTES");
    expect(check(sample(), { flops: 5 })).toBe("LIMIT_FLOPS");
  });

  /** A loop of 2^31 - 1 turns around `body`, or around a negation. */
  function loop(body: Graph | null): Graph {
    const builder = new GraphBuilder();
    const x = builder.input({ dtype: "float32", shape: [] });
    if (body === null) return builder.build([builder.add("neg", {}, [x])]);
    return builder.build([
      builder.add("scan", { length: 2 ** 31 - 1, carries: 1, sliced: 0, reverse: false, body }, [x]),
    ]);
  }

  it("count scan bodies as often as they run, without overflow", () => {
    const build = (graph: Graph) => createProgram({ name: "loop", graph, inputs: ["x"], outputs: [{ name: "y" }] });
    const once = build(loop(loop(null)));
    expect(check(once, { flops: 2 ** 31 - 1 })).toBe("none");
    expect(check(once, { flops: 2 ** 31 - 2 })).toBe("LIMIT_FLOPS");
    expect(codeOf(() => build(loop(loop(loop(loop(null))))))).toBe("LIMIT_ELEMENTS");
  });

  it("count a loop that computes nothing", () => {
    const builder = new GraphBuilder();
    const nothing = builder.build([builder.input({ dtype: "float32", shape: [] })]);
    const build = () =>
      createProgram({ name: "loop", graph: loop(loop(nothing)), inputs: ["x"], outputs: [{ name: "y" }] });
    expect(codeOf(build)).toBe("LIMIT_ELEMENTS");
  });

  it("bound how deep scans nest", () => {
    let graph = loop(null);
    const single = (body: Graph): Graph => {
      const builder = new GraphBuilder();
      const x = builder.input({ dtype: "float32", shape: [] });
      return builder.build([builder.add("scan", { length: 1, carries: 1, sliced: 0, reverse: false, body }, [x])]);
    };
    for (let depth = 0; depth < 4; depth += 1) graph = single(graph);
    const build = (nested: Graph) =>
      codeOf(() => createProgram({ name: "deep", graph: nested, inputs: ["x"], outputs: [{ name: "y" }] }));
    expect(build(graph)).toBe("none");
    expect(build(single(graph))).toBe("LIMIT_DEPTH");
  });
});
