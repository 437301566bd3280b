import type { Graph } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { tensor, zeros } from "./creation.ts";
import { customGradient } from "./custom-gradient.ts";
import { grad } from "./grad.ts";
import { scan } from "./scan.ts";
import type { Tensor } from "./tensor.ts";
import { traceProgram } from "./trace.ts";

describe("scan", () => {
  it("carries and stacks, forwards and in reverse", async () => {
    const sequence = tensor([1, 2, 3]);
    const sums = (reverse: boolean) =>
      scan({ initial: [tensor(0)], sequences: [sequence], reverse }, ([total], [x]) => {
        const next = total.add(x);
        return { carries: [next], outputs: [next] };
      });
    expect([...(await sums(false).stacks[0].data())]).toEqual([1, 3, 6]);
    expect([...(await sums(true).stacks[0].data())]).toEqual([6, 5, 3]);
    expect(await sums(true).carries[0].item()).toBe(6);
  });
  it("has PyTorch's first and second derivatives: a recurrent layer, unrolled there", async () => {
    const w = tensor([
      [0.5, -0.2],
      [0.1, 0.3],
    ]);
    const xs = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const h0 = tensor([0, 0]);
    const { carries, stacks } = scan({ initial: [h0], sequences: [xs] }, ([h], [x]) => {
      const next = h.matmul(w).add(x).tanh();
      return { carries: [next], outputs: [next.mul(2)] };
    });
    const loss = stacks[0].sum().add(carries[0].sum());
    const [dw, dxs, dh0] = grad(loss, [w, xs, h0]);
    const close = async (actual: ArrayLike<number>, expected: number[]) =>
      expected.forEach((value, index) => {
        expect(actual[index]).toBeCloseTo(value, 5);
      });
    await close(await dw.data(), [0.0059685, 0.0016139, 0.0075115, 0.002027]);
    await close(await dxs.data(), [0.8413777, 0.1413987, 0.0076212, 0.0020399, 0.0001645, 0.0000603]);
    await close(await dh0.data(), [0.3924091, 0.1265574]);
    const [second] = grad(dw.mul(dw).sum(), [w]);
    await close(await second.data(), [-0.000282, -0.0000206, -0.0003546, -0.0000259]);
  });
  it("is one operation of the program, and computes before the loop what does not change in it", () => {
    const program = traceProgram({ name: "loop", inputs: { x: { dtype: "float32", shape: [100] } } }, ({ x }) => {
      const { carries } = scan({ initial: [tensor(0)], sequences: [x] }, ([total], [slice]) => ({
        carries: [total.add(slice.mul(x.sum()))],
      }));
      return { total: carries[0] };
    });
    expect(program.graph.nodes.map(({ operation }) => operation).toSorted()).toEqual(["constant", "scan", "sum"]);
    const [loop] = program.graph.nodes.filter(({ operation }) => operation === "scan");
    // The carries kept for a gradient are not stacked when there is none.
    expect(loop.outputs.length).toBe(1);
  });
  it("loops may be nested, and differentiated", async () => {
    // y = ((x^2)^2)^2 ... : 2 turns of 2 squarings give x^16, whose derivative at 1.1 is 16 x^15 = 66.836
    const x = tensor(1.1);
    const outer = scan({ initial: [x], length: 2 }, ([a]) => {
      const inner = scan({ initial: [a], length: 2 }, ([b]) => ({ carries: [b.mul(b)] }));
      return { carries: inner.carries };
    });
    const [dx] = grad(outer.carries[0], [x]);
    expect(await dx.item()).toBeCloseTo(16 * 1.1 ** 15, 3);
  });
  it("adds up the gradient of a matrix in one product behind the loop, and reads what it needs from stacks", () => {
    const types = { w: [3, 3], xs: [5, 2, 3], bias: [3] };
    const inputs = Object.fromEntries(
      Object.entries(types).map(([name, shape]) => [name, { dtype: "float32" as const, shape }]),
    );
    const program = traceProgram({ name: "loop", inputs }, ({ w, xs, bias }) => {
      const { stacks } = scan({ initial: [zeros([2, 3])], sequences: [xs] }, ([h], [x]) => {
        const next = h.matmul(w.t()).add(bias).add(x).sigmoid();
        return { carries: [next], outputs: [next] };
      });
      const [dw, dxs, dBias] = grad(stacks[0].sum(), [w, xs, bias]);
      return { dw, dxs, dBias };
    });
    const names = (graph: Graph) => graph.nodes.map(({ operation }) => operation);
    const loops = program.graph.nodes.flatMap((node) => (node.operation === "scan" ? [node] : []));
    // Forwards: one product a turn. Backwards: the one that leads to the turn before, and no sigmoid again.
    expect(loops.map(({ attributes }) => names(attributes.body).filter((name) => name === "matmul").length)).toEqual([
      1, 1,
    ]);
    expect(names(loops[1].attributes.body)).not.toContain("exp");
    // The only carry backwards is the cotangent of h.
    expect(loops[1].attributes.carries).toBe(1);
    expect(names(program.graph).filter((name) => name === "matmul").length).toBe(1);
  });
  it("sums products of either side, of several turns and of transposed matrices", async () => {
    // loss = sum over t of sum(w x_t w^T x_t), so that dw = sum over t of (x_t w^T x_t)^T-like terms: checked by differences.
    const w = tensor([
      [0.5, -0.25],
      [1, 0.75],
    ]);
    const xs = tensor([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [-1, 0.5],
        [0.25, 2],
      ],
    ]);
    const loss = (matrix: Tensor) =>
      scan({ initial: [tensor(0)], sequences: [xs] }, ([total], [x]) => ({
        carries: [total.add(matrix.matmul(x).matmul(matrix.t()).matmul(x.t()).mul(x).sum())],
      })).carries[0];
    const derivative = await grad(loss(w), [w])[0].data();
    for (const [index, element] of [...(await w.data())].entries()) {
      const moved = async (by: number) => {
        const elements = Array.from(await w.data()).with(index, element + by);
        return loss(tensor(elements, { shape: [2, 2] })).item();
      };
      const difference = ((await moved(0.5)) - (await moved(-0.5))) / 1;
      // The loss is quadratic in w: a central difference is exact.
      expect(derivative[index]).toBeCloseTo(difference, 3);
    }
  });
  it("keeps stopped gradients and gradients of its own inside of the body", async () => {
    const w = tensor(3);
    const xs = tensor([1, 2]);
    // Each turn: total + 10 w detached + x w, whose own gradient is doubled: dw = 2 (1 + 2).
    const doubled = customGradient(
      (a: Tensor, b: Tensor) => a.mul(b),
      ({ inputs: [a, b], cotangent }) => [cotangent.mul(b).mul(2), cotangent.mul(a).mul(2)],
    );
    const { carries } = scan({ initial: [tensor(0)], sequences: [xs] }, ([total], [x]) => ({
      carries: [total.add(w.detach().mul(10)).add(doubled(x, w))],
    }));
    const [dw, dxs] = grad(carries[0], [w, xs]);
    expect(await carries[0].item()).toBe(69);
    expect(await dw.item()).toBe(6);
    expect([...(await dxs.data())]).toEqual([6, 6]);
  });
  it("who takes the last turn of a stack alone needs no stack of cotangents", async () => {
    const xs = { dtype: "float32", shape: [2, 5, 3] } as const;
    const trace = (reverse: boolean) =>
      traceProgram({ name: "last", inputs: { xs } }, (inputs) => {
        const { stacks } = scan(
          { initial: [zeros([2, 3])], sequences: [inputs.xs.transpose(0, 1)], reverse },
          ([h], [x]) => {
            const next = h.mul(0.5).add(x).tanh();
            return { carries: [next], outputs: [next] };
          },
        );
        const last = stacks[0].transpose(0, 1).select(1, reverse ? 0 : 4);
        return { dxs: grad(last.sum(), [inputs.xs])[0] };
      });
    for (const reverse of [false, true]) {
      const { nodes } = trace(reverse).graph;
      expect(nodes.map(({ operation }) => operation)).not.toContain("pad");
      // Of the arrays that the loop backwards reads, only the results of the turns are left.
      expect(nodes.flatMap((node) => (node.operation === "scan" ? [node.attributes.sliced] : []))).toEqual([1, 1]);
    }
    const x = tensor([0.1, 0.2, 0.3]);
    const { stacks } = scan({ initial: [tensor(0)], sequences: [x] }, ([h], [slice]) => {
      const next = h.add(slice).mul(2);
      return { carries: [next], outputs: [next] };
    });
    expect([...(await grad(stacks[0].select(0, 2), [x])[0].data())]).toEqual([8, 4, 2]);
    expect([...(await grad(stacks[0].select(0, 1), [x])[0].data())]).toEqual([4, 2, 0]);
  });
  it("says what does not fit", () => {
    const body = () => ({ carries: [] });
    expect(() => scan({ initial: [] }, body)).toThrow(/how many turns/);
    expect(() => scan({ initial: [tensor(0)], length: 1 }, body)).toThrow(/1 carries, but the body returned 0/);
  });
});
