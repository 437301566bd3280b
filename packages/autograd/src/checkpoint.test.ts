import type { Graph } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { checkpoint } from "./checkpoint.ts";
import { tensor } from "./creation.ts";
import { grad } from "./grad.ts";
import { scan } from "./scan.ts";
import type { Tensor } from "./tensor.ts";
import { traceProgram } from "./trace.ts";

const float = (...shape: number[]) => ({ dtype: "float32" as const, shape });

/** Operations of a graph, those inside of loops apart. */
function names(graph: Graph): string[] {
  return graph.nodes.map(({ operation }) => operation);
}

describe("checkpoint", () => {
  const x = tensor([0.3, -0.6]);
  const w = tensor([1.5, 0.5]);
  const layer = (input: Tensor): Tensor => input.mul(w).tanh().mul(input.exp());
  it("changes neither values nor gradients, those of captured values included", async () => {
    const differentiate = async (f: (input: Tensor) => Tensor) => {
      const y = f(f(x));
      const [dx, dw] = grad(y.sum(), [x, w]);
      const [dxx] = grad(dx.square().sum(), [x]);
      return Promise.all([y, dx, dw, dxx].map(async (each) => Array.from(await each.data())));
    };
    const plain = await differentiate(layer);
    const again = await differentiate(checkpoint(layer));
    for (const [position, values] of plain.entries()) {
      for (const [index, value] of values.entries()) expect(again[position][index]).toBeCloseTo(value, 5);
    }
  });
  it("computes the function again for the gradient, after the cotangent is there", () => {
    const trace = (f: (input: Tensor, weight: Tensor) => Tensor) =>
      traceProgram({ name: "deep", inputs: { a: float(4), b: float(4) } }, ({ a, b }) => {
        const y = f(f(a, b), b).sum();
        const [db] = grad(y, [b]);
        return { y, db };
      }).graph;
    const f = (input: Tensor, weight: Tensor) => input.mul(weight).tanh().tanh();
    expect(names(trace(f)).filter((name) => name === "tanh").length).toBe(4);
    const graph = trace(checkpoint(f));
    const loops = graph.nodes.flatMap((node) => (node.operation === "scan" ? [node] : []));
    expect(names(graph).filter((name) => name === "tanh").length).toBe(4);
    // The gradient needs both results of each call, and computes them again.
    expect(loops.map(({ attributes }) => names(attributes.body).filter((name) => name === "tanh").length)).toEqual([
      2, 2,
    ]);
    // Beside the weight, what a loop takes from before are the argument of the call and a cotangent.
    expect(loops.map(({ inputs }) => inputs.length)).toEqual([3, 3]);
    const made = new Map(graph.nodes.map((node) => [node.firstOutput, node.operation]));
    expect(loops[1].inputs.map((id) => made.get(id)).includes("scan")).toBe(false);
  });
  it("works in the body of a loop", async () => {
    const { carries } = scan({ initial: [x], length: 3 }, ([a]) => ({ carries: [checkpoint(layer)(a)] }));
    const plain = layer(layer(layer(x)));
    const [expected, actual] = await Promise.all(
      [plain, carries[0]].map((y) => Promise.all(grad(y.sum(), [x, w]).map(async (each) => [...(await each.data())]))),
    );
    for (const [position, values] of expected.entries()) {
      for (const [index, value] of values.entries()) expect(actual[position][index]).toBeCloseTo(value, 5);
    }
  });
});
