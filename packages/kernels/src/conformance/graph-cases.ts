import type { GraphBuilder, Shape, ValueId } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, graphCase } from "./conformance-case.ts";
import { givenIndices, SeededRandom } from "./random.ts";

const SIZES = [1, 3, 7, 31, 33, 65] as const;
const PRODUCT = { transposeA: false, transposeB: false };

function fill(builder: GraphBuilder, shape: Shape, value: number): ValueId {
  return builder.add("constant", { dtype: "float32", shape, values: [value] }, []);
}

/** One chain that a backend would fuse, with outputs from its middle. */
function chain(random: SeededRandom, shape: Shape): ConformanceCase {
  const inputs = [random.tensor("float32", shape), random.tensor("float32", shape)];
  return graphCase({ name: `chain over [${shape}]`, inputs, tolerance: "composed" }, (builder, [a, b]) => {
    const product = builder.add("mul", {}, [a, b]);
    const curved = builder.add("tanh", {}, [builder.add("add", {}, [product, a])]);
    const grown = builder.add("exp", {}, [builder.add("neg", {}, [curved])]);
    const root = builder.add("sqrt", {}, [builder.add("add", {}, [grown, fill(builder, shape, 1)])]);
    const positive = builder.add("compare", { comparator: "greater" }, [a, b]);
    const chosen = builder.add("where", {}, [positive, root, curved]);
    return [chosen, product, positive, builder.add("div", {}, [chosen, root])];
  });
}

/** Moves of every kind between elementwise operations. */
function moves(random: SeededRandom, [m, n]: readonly [number, number]): ConformanceCase {
  const inputs = [random.tensor("float32", [m, n]), random.tensor("float32", [n])];
  return graphCase({ name: `moves over ${m} x ${n}`, inputs, tolerance: "composed" }, (builder, [x, row]) => {
    const transposed = builder.add("permute", { permutation: [1, 0] }, [x]);
    const column = builder.add("reshape", { shape: [n, 1] }, [row]);
    const wide = builder.add("broadcast", { shape: [n, m] }, [builder.add("neg", {}, [column])]);
    const mixed = builder.add("mul", {}, [transposed, wide]);
    const flat = builder.add("reshape", { shape: [m * n] }, [mixed]);
    const flipped = builder.add("flip", { axes: [0] }, [builder.add("sin", {}, [flat])]);
    const padded = builder.add("pad", { low: [2], high: [1], interior: [1], value: 0.5 }, [flipped]);
    const halves = builder.add("slice", { starts: [1], ends: [2 * m * n], strides: [2] }, [padded]);
    const joined = builder.add("concat", { axis: 0 }, [flat, halves, row]);
    return [joined, builder.add("add", {}, [joined, joined]), wide];
  });
}

/** One value that many need, some of which need each other. */
function fanOut(random: SeededRandom, size: number): ConformanceCase {
  const inputs = [random.tensor("float32", [size, 7])];
  return graphCase({ name: `fan-out over ${size} x 7`, inputs, tolerance: "composed" }, (builder, [x]) => {
    const base = builder.add("tanh", {}, [x]);
    const total = builder.add("sum", { axes: [0] }, [base]);
    const largest = builder.add("max", { axes: [1] }, [base]);
    const square = builder.add("matmul", { transposeA: true, transposeB: false }, [base, base]);
    const product = builder.add("matmul", PRODUCT, [base, square]);
    const back = builder.add("broadcast", { shape: [size, 7] }, [total]);
    const sum = builder.add("add", {}, [product, builder.add("mul", {}, [base, back])]);
    return [sum, largest, total, base, builder.add("sum", { axes: [0, 1] }, [sum])];
  });
}

/** mean and variance over rows, then a normalised x: reductions that feed what they came from. */
function normalisation(random: SeededRandom, [rows, width]: readonly [number, number]): ConformanceCase {
  const shape = [rows, width];
  const inputs = [
    random.tensor("float32", shape),
    random.tensor("float32", [width]),
    random.tensor("float32", [width]),
  ];
  const name = `normalisation of ${rows} x ${width}`;
  return graphCase({ name, inputs, tolerance: "composed" }, (builder, [x, gain, bias]) => {
    const meanOf = (value: ValueId): ValueId => {
      const total = builder.add("reshape", { shape: [rows, 1] }, [builder.add("sum", { axes: [1] }, [value])]);
      const mean = builder.add("div", {}, [total, fill(builder, [rows, 1], width)]);
      return builder.add("broadcast", { shape }, [mean]);
    };
    const centred = builder.add("sub", {}, [x, meanOf(x)]);
    const variance = meanOf(builder.add("mul", {}, [centred, centred]));
    const spread = builder.add("sqrt", {}, [builder.add("add", {}, [variance, fill(builder, shape, 0.1)])]);
    const normal = builder.add("div", {}, [centred, spread]);
    const scaled = builder.add("mul", {}, [normal, builder.add("broadcast", { shape }, [gain])]);
    return [builder.add("add", {}, [scaled, builder.add("broadcast", { shape }, [bias])])];
  });
}

/** x W + b, then an activation: what a backend writes in one pass behind the product. */
function linearLayer(random: SeededRandom, [rows, inner, columns]: readonly [number, number, number]): ConformanceCase {
  const shape = [rows, columns];
  const inputs = [
    random.tensor("float32", [rows, inner]),
    random.tensor("float32", [columns, inner]),
    random.tensor("float32", [columns]),
  ];
  const name = `linear layer ${rows} x ${inner} x ${columns}`;
  return graphCase({ name, inputs, tolerance: "composed" }, (builder, [x, weight, bias]) => {
    const product = builder.add("matmul", { transposeA: false, transposeB: true }, [x, weight]);
    const sum = builder.add("add", {}, [product, builder.add("broadcast", { shape }, [bias])]);
    const rectified = builder.add("maximum", {}, [sum, fill(builder, shape, 0)]);
    return [rectified, builder.add("sum", { axes: [0] }, [rectified])];
  });
}

/** Outputs that are inputs, or each other, or moves of them: nothing may share memory. */
function edgesOfTheGraph(random: SeededRandom): ConformanceCase[] {
  const inputs = [random.tensor("float32", [33]), random.tensor("float32", [33])];
  const exact = { inputs, tolerance: "exact" } as const;
  const one = { inputs: inputs.slice(0, 1), tolerance: "exact" } as const;
  return [
    graphCase({ name: "an input that is an output", ...one }, (_, [a]) => [a]),
    graphCase({ name: "one value as two outputs", ...one }, (builder, [a]) => {
      const negative = builder.add("neg", {}, [a]);
      return [negative, negative, a, a];
    }),
    graphCase({ name: "outputs that are reshapes of one value", ...one }, (builder, [a]) => {
      const negative = builder.add("neg", {}, [a]);
      const column = builder.add("reshape", { shape: [33, 1] }, [negative]);
      return [
        column,
        builder.add("reshape", { shape: [1, 33] }, [column]),
        builder.add("reshape", { shape: [3, 11] }, [a]),
      ];
    }),
    graphCase({ name: "no inputs", inputs: [], tolerance: "exact" }, (builder) => [
      builder.add("iota", { dtype: "int32", shape: [7], axis: 0 }, []),
      fill(builder, [3], 2),
    ]),
    graphCase({ name: "an input that nothing needs", ...exact }, (builder, [a]) => [builder.add("abs", {}, [a])]),
    graphCase({ name: "a constant computation", inputs: [], tolerance: "exact" }, (builder) => [
      builder.add("add", {}, [fill(builder, [7], 2), fill(builder, [7], 3)]),
    ]),
  ];
}

/** Outputs that overwrite inputs: written when everything that reads them is done. */
function replacements(random: SeededRandom): ConformanceCase[] {
  const inputs = [random.tensor("float32", [65]), random.tensor("float32", [65])];
  const options = { inputs, tolerance: "elementwise" } as const;
  const square = [random.tensor("float32", [7, 7])];
  return [
    graphCase({ name: "two inputs change places", ...options, replaces: [1, 0] }, (_, [a, b]) => [a, b]),
    graphCase({ name: "sums in place", ...options, replaces: [0] }, (builder, [a, b]) => [
      builder.add("add", {}, [a, b]),
    ]),
    graphCase(
      { name: "a replaced input that a later operation still needs", ...options, replaces: [0, null] },
      (builder, [a, b]) => {
        const sum = builder.add("add", {}, [a, b]);
        const flipped = builder.add("flip", { axes: [0] }, [a]);
        return [sum, builder.add("mul", {}, [flipped, sum])];
      },
    ),
    graphCase(
      { name: "a flip in place", inputs: inputs.slice(0, 1), tolerance: "exact", replaces: [0] },
      (builder, [a]) => [builder.add("flip", { axes: [0] }, [a])],
    ),
    graphCase({ name: "a transpose in place", inputs: square, tolerance: "exact", replaces: [0] }, (builder, [a]) => [
      builder.add("permute", { permutation: [1, 0] }, [a]),
    ]),
    graphCase(
      { name: "a matrix product in place", inputs: square, tolerance: "contraction", replaces: [0] },
      (builder, [a]) => [builder.add("matmul", PRODUCT, [a, a])],
    ),
    graphCase(
      { name: "each input replaced by the other's negative", ...options, replaces: [1, 0] },
      (builder, [a, b]) => [builder.add("neg", {}, [a]), builder.add("neg", {}, [b])],
    ),
    graphCase({ name: "an input replaced by itself", ...options, replaces: [0, null] }, (builder, [a, b]) => [
      a,
      builder.add("sub", {}, [a, b]),
    ]),
  ];
}

/** Parameters sliced from one flat vector, gradients put back into one, as every traced run does it. */
function flatParameters(random: SeededRandom): ConformanceCase {
  const inputs = [random.tensor("float32", [64]), random.tensor("float32", [5, 7]), random.tensor("float32", [64])];
  return graphCase(
    { name: "flat parameters and gradients", inputs, tolerance: "composed", replaces: [2] },
    (builder, [flat, x, sums]) => {
      const part = (start: number, end: number, shape: Shape): ValueId =>
        builder.add("reshape", { shape }, [
          builder.add("slice", { starts: [start], ends: [end], strides: [1] }, [flat]),
        ]);
      const weight = part(0, 49, [7, 7]);
      const bias = part(52, 59, [7]);
      const wide = builder.add("broadcast", { shape: [5, 7] }, [bias]);
      const y = builder.add("add", {}, [builder.add("matmul", PRODUCT, [x, weight]), wide]);
      const slope = builder.add("mul", {}, [y, fill(builder, [5, 7], 2)]);
      const forWeight = builder.add("matmul", { transposeA: true, transposeB: false }, [x, slope]);
      const gradient = builder.add("concat", { axis: 0 }, [
        builder.add("reshape", { shape: [49] }, [forWeight]),
        fill(builder, [3], 0),
        builder.add("sum", { axes: [0] }, [slope]),
        fill(builder, [5], 0),
      ]);
      return [builder.add("add", {}, [sums, gradient])];
    },
  );
}

/** Indices computed on the way, and what they choose. */
function computedIndices(random: SeededRandom): ConformanceCase {
  const inputs = [random.tensor("float32", [7, 33]), givenIndices(random, [7, 3], 40), random.tensor("float32", [7])];
  return graphCase({ name: "computed indices", inputs, tolerance: "composed" }, (builder, [x, index, scale]) => {
    const best = builder.add("argmax", { axis: 1 }, [x]);
    const column = builder.add("reshape", { shape: [7, 1] }, [best]);
    const all = builder.add("concat", { axis: 1 }, [index, column]);
    const picked = builder.add("gather", {}, [x, all]);
    const wide = builder.add("broadcast", { shape: [7, 4] }, [builder.add("reshape", { shape: [7, 1] }, [scale])]);
    const scaled = builder.add("mul", {}, [picked, wide]);
    const spread = builder.add("scatterAdd", { length: 33 }, [scaled, all]);
    return [spread, builder.add("take", {}, [x, best]), best];
  });
}

/** Graphs of several operations. */
export function graphGroups(): ConformanceGroup[] {
  const random = new SeededRandom(71);
  const chains = [...SIZES.map((size) => [size]), [], [0], [31, 33]].map((shape) => chain(random, shape));
  const pairs = [
    [1, 1],
    [3, 7],
    [31, 33],
    [65, 3],
  ] as const;
  return [
    { name: "elementwise chains", cases: chains },
    { name: "moves", cases: pairs.map((pair) => moves(random, pair)) },
    { name: "fan-out", cases: SIZES.map((size) => fanOut(random, size)) },
    { name: "normalisations", cases: pairs.map((pair) => normalisation(random, pair)) },
    {
      name: "linear layers",
      cases: SIZES.flatMap(
        (rows) =>
          [
            [rows, 33, 7],
            [7, rows, 31],
            [3, 7, rows],
          ] as const,
      ).map((sizes) => linearLayer(random, sizes)),
    },
    { name: "edges of the graph", cases: edgesOfTheGraph(random) },
    { name: "replacements", cases: replacements(random) },
    { name: "flat parameters", cases: [flatParameters(random)] },
    { name: "computed indices", cases: [computedIndices(random)] },
  ];
}
