import { createProgram, GraphBuilder, type Program, type TensorType, type ValueId } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Kernel, KernelProgram } from "./ir.ts";
import { lowerProgram } from "./lowering.ts";

const float = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

interface Edges {
  readonly inputs: readonly TensorType[];
  /** For each output the number of the input that it replaces, or null. */
  readonly replaces?: readonly (number | null)[];
}

/** A program with inputs i0, i1, ... and outputs o0, o1, ... */
function program(edges: Edges, build: (builder: GraphBuilder, inputs: ValueId[]) => ValueId[]): Program {
  const builder = new GraphBuilder();
  const outputs = build(
    builder,
    edges.inputs.map((type) => builder.input(type)),
  );
  return createProgram({
    name: "test",
    graph: builder.build(outputs),
    inputs: edges.inputs.map((_, index) => `i${index}`),
    outputs: outputs.map((_, index) => {
      const replaced = edges.replaces?.[index] ?? null;
      return replaced === null ? { name: `o${index}` } : { name: `o${index}`, replaces: `i${replaced}` };
    }),
  });
}

const kinds = (lowered: { readonly kernels: readonly Kernel[] }): string[] =>
  lowered.kernels.map((kernel) => (kernel.kind === "contract" ? kernel.contraction.operation : kernel.kind));

/** Storages that stayed in scratch memory and are used by a kernel. */
function scratchStorages(lowered: KernelProgram): number {
  const used = new Set<number>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === "storage" && typeof inner === "number") used.add(inner);
        else visit(inner);
      }
    }
  };
  visit(lowered.kernels);
  return [...used].filter((storage) => lowered.storages[storage]?.place.kind === "arena").length;
}

const relu = (builder: GraphBuilder, x: ValueId): ValueId => {
  const zero = builder.add("constant", { ...builder.typeOf(x), values: [0] }, []);
  return builder.add("where", {}, [builder.add("compare", { comparator: "lessEqual" }, [x, zero]), zero, x]);
};

describe("fusion", () => {
  it("a chain of elementwise operations is one kernel that stores its result alone", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(8), float(8)] }, (builder, [x, y]) => {
        const sum = builder.add("add", {}, [builder.add("exp", {}, [x]), y]);
        return [builder.add("tanh", {}, [builder.add("mul", {}, [sum, sum])])];
      }),
    );
    expect(kinds(lowered)).toEqual(["map"]);
    expect(scratchStorages(lowered)).toBe(0);
  });

  it("reshape, permute, slice, flip and broadcast of something in memory cost nothing", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(24), float(3)] }, (builder, [x, row]) => {
        const matrix = builder.add("reshape", { shape: [4, 6] }, [x]);
        const turned = builder.add("permute", { permutation: [1, 0] }, [matrix]);
        const part = builder.add("slice", { starts: [0, 1], ends: [6, 4], strides: [2, 1] }, [turned]);
        const wide = builder.add("broadcast", { shape: [3, 3] }, [row]);
        return [builder.add("add", {}, [builder.add("flip", { axes: [1] }, [part]), wide])];
      }),
    );
    expect(kinds(lowered)).toEqual(["map"]);
    expect(scratchStorages(lowered)).toBe(0);
  });

  it("bias and activation go into the product's epilogue", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(4, 8), float(8, 5), float(5)] }, (builder, [x, weight, bias]) => {
        const product = builder.add("matmul", { transposeA: false, transposeB: false }, [x, weight]);
        const wide = builder.add("broadcast", { shape: [4, 5] }, [bias]);
        return [relu(builder, builder.add("add", {}, [product, wide]))];
      }),
    );
    expect(kinds(lowered)).toEqual(["matmul"]);
    expect(scratchStorages(lowered)).toBe(0);
  });

  it("a reduction computes what it reduces, and what is made of its result", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(16, 8)] }, (builder, [x]) => {
        const squares = builder.add("mul", {}, [x, x]);
        return [builder.add("sqrt", {}, [builder.add("sum", { axes: [1] }, [squares])])];
      }),
    );
    expect(kinds(lowered)).toEqual(["reduce"]);
    expect(scratchStorages(lowered)).toBe(0);
  });

  it("reductions of the same tensor over the same axes are one kernel", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(16, 8)] }, (builder, [x]) => [
        builder.add("sum", { axes: [0] }, [x]),
        builder.add("sum", { axes: [0] }, [builder.add("mul", {}, [x, x])]),
      ]),
    );
    expect(kinds(lowered)).toEqual(["reduce"]);
  });

  it("equal operations are done once, and what no output needs is not done", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(4, 8), float(8, 5)] }, (builder, [x, weight]) => {
        const product = (): ValueId => builder.add("matmul", { transposeA: false, transposeB: false }, [x, weight]);
        product();
        builder.add("sum", { axes: [0] }, [x]);
        return [builder.add("add", {}, [product(), product()])];
      }),
    );
    expect(kinds(lowered)).toEqual(["matmul"]);
  });

  it("whoever needs all of a padded tensor comes after its border and its inside", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(2, 3)] }, (builder, [x]) => {
        const padded = builder.add("pad", { low: [1, 1], high: [0, 2], interior: [0, 1], value: 1 }, [x]);
        return [padded, builder.add("neg", {}, [padded])];
      }),
    );
    // Fill, inside, neg: nothing may be merged into the fill.
    expect(kinds(lowered)).toEqual(["map", "map", "map"]);
  });

  it("pieces of a concatenation are written to their places by what makes them", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(4, 8), float(8, 5)] }, (builder, [x, weight]) => {
        const product = builder.add("matmul", { transposeA: false, transposeB: false }, [x, weight]);
        const flat = builder.add("reshape", { shape: [20] }, [product]);
        const sums = builder.add("sum", { axes: [0] }, [x]);
        return [builder.add("concat", { axis: 0 }, [flat, sums])];
      }),
    );
    expect(kinds(lowered)).toEqual(["matmul", "reduce"]);
    expect(scratchStorages(lowered)).toBe(0);
  });
});

describe("replacement", () => {
  it("an accumulated gradient is added in place by the product that makes it", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(4, 8), float(4, 5), float(45)], replaces: [2] }, (builder, [x, dy, sums]) => {
        const gradient = builder.add("matmul", { transposeA: true, transposeB: false }, [x, dy]);
        const bias = builder.add("sum", { axes: [0] }, [dy]);
        const all = builder.add("concat", { axis: 0 }, [builder.add("reshape", { shape: [40] }, [gradient]), bias]);
        return [builder.add("add", {}, [sums, all])];
      }),
    );
    expect(kinds(lowered)).toEqual(["matmul", "reduce"]);
    expect(scratchStorages(lowered)).toBe(0);
    expect(lowered.storages[lowered.outputs[0] ?? -1]?.place).toEqual({ kind: "input", index: 2 });
  });

  it("an input whose old elements are needed later is copied at the end", () => {
    // o0 = i0 + 1 replaces i0; o1 = sum of the rows of i0, which no elementwise kernel can do.
    const lowered = lowerProgram(
      program({ inputs: [float(4, 4)], replaces: [0, null] }, (builder, [x]) => {
        const one = builder.add("constant", { ...float(4, 4), values: [1] }, []);
        const turned = builder.add("permute", { permutation: [1, 0] }, [x]);
        return [builder.add("add", {}, [turned, one]), builder.add("sum", { axes: [0] }, [x])];
      }),
    );
    expect(kinds(lowered)).toEqual(["reduce", "map", "map"]);
    expect(scratchStorages(lowered)).toBe(1);
  });

  it("elements that stay as they are are not touched", () => {
    const lowered = lowerProgram(
      program({ inputs: [float(8)], replaces: [0] }, (builder, [x]) => {
        const part = (from: number, to: number): ValueId =>
          builder.add("slice", { starts: [from], ends: [to], strides: [1] }, [x]);
        return [builder.add("concat", { axis: 0 }, [builder.add("neg", {}, [part(0, 6)]), part(6, 8)])];
      }),
    );
    expect(kinds(lowered)).toEqual(["map"]);
    const [kernel] = lowered.kernels;
    expect(kernel?.kind === "map" ? kernel.body.shape : null).toEqual([6]);
  });
});

describe("a training step", () => {
  /** Forward and backward of two layers with weights and biases apart, plain gradient descent in place. */
  function perceptronStep(): Program {
    const inputs = [float(32, 20), float(20, 16), float(16), float(16, 4), float(4), { dtype: "int32", shape: [32] }];
    return program({ inputs: inputs as TensorType[], replaces: [1, 2, 3, 4, null] }, (builder, values) => {
      const [x, w1, b1, w2, b2, targets] = values as [ValueId, ValueId, ValueId, ValueId, ValueId, ValueId];
      const product = (a: ValueId, b: ValueId, transposeA = false, transposeB = false): ValueId =>
        builder.add("matmul", { transposeA, transposeB }, [a, b]);
      const layer = (input: ValueId, weight: ValueId, bias: ValueId): ValueId => {
        const sums = product(input, weight);
        return builder.add("add", {}, [sums, builder.add("broadcast", { shape: builder.typeOf(sums).shape }, [bias])]);
      };
      const hidden = relu(builder, layer(x, w1, b1));
      const logits = layer(hidden, w2, b2);
      const loss = builder.add("sum", { axes: [0] }, [builder.add("softmaxCrossEntropy", {}, [logits, targets])]);
      const one = builder.add("constant", { ...float(32), values: [1 / 32] }, []);
      const dlogits = builder.add("softmaxCrossEntropyGradient", {}, [logits, targets, one]);
      const zero = builder.add("constant", { ...float(32, 16), values: [0] }, []);
      const off = builder.add("compare", { comparator: "lessEqual" }, [hidden, zero]);
      const dhidden = builder.add("where", {}, [off, zero, product(dlogits, w2, false, true)]);
      const descend = (parameter: ValueId, gradient: ValueId): ValueId => {
        const rate = builder.add("constant", { ...builder.typeOf(parameter), values: [0.1] }, []);
        return builder.add("sub", {}, [parameter, builder.add("mul", {}, [rate, gradient])]);
      };
      return [
        descend(w1, product(x, dhidden, true)),
        descend(b1, builder.add("sum", { axes: [0] }, [dhidden])),
        descend(w2, product(hidden, dlogits, true)),
        descend(b2, builder.add("sum", { axes: [0] }, [dlogits])),
        loss,
      ];
    });
  }

  it("of a perceptron is ten kernels, none of which only moves or only updates", () => {
    const lowered = lowerProgram(perceptronStep());
    const counts = new Map<string, number>();
    for (const kind of kinds(lowered)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    // Products: two forward, one data gradient, two weight gradients. Sums: two bias gradients, the loss. Rows: loss and its gradient.
    expect(Object.fromEntries(counts)).toEqual({ matmul: 5, reduce: 3, rows: 2 });
  });
});
