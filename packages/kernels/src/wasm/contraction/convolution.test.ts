import type { ConvolutionAttributes } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Contraction, ContractKernel, View } from "../../ir.ts";
import { dense, farthest, noise, plain, plus, run, Sums, size, view } from "./contraction-harness.ts";
import { NARROW_GEOMETRY } from "./geometry.ts";
import { prefersScatter } from "./scatter-gradient.ts";

function expectClose(found: Float32Array, sums: Sums): void {
  expect(farthest(found, sums)).toBeLessThanOrEqual(1e-6);
}

interface Shapes extends ConvolutionAttributes {
  /** [N, C, H, W]. */
  readonly x: readonly [number, number, number, number];
  /** [O, KH, KW]. */
  readonly kernel: readonly [number, number, number];
}

const square: ConvolutionAttributes = {
  strides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  dilation: [1, 1],
  groups: 1,
};

const shapes: Readonly<Record<string, Shapes>> = {
  "LeNet's first": {
    ...square,
    x: [3, 1, 28, 28],
    kernel: [6, 5, 5],
    padding: [
      [2, 2],
      [2, 2],
    ],
  },
  "LeNet's second": { ...square, x: [5, 6, 14, 14], kernel: [16, 5, 5] },
  "a single place": { ...square, x: [1, 1, 1, 1], kernel: [1, 1, 1] },
  "a kernel as large as the image": { ...square, x: [7, 3, 3, 3], kernel: [33, 3, 3] },
  "1 x 1 over a plane of odd size": { ...square, x: [2, 65, 7, 9], kernel: [31, 1, 1] },
  "1 x 1 with stride 2": { ...square, x: [2, 7, 9, 7], kernel: [3, 1, 1], strides: [2, 2] },
  "stride 2, padding 1": {
    ...square,
    x: [3, 3, 33, 31],
    kernel: [7, 3, 3],
    strides: [2, 2],
    padding: [
      [1, 1],
      [1, 1],
    ],
  },
  "unequal strides, padding, dilation": {
    ...square,
    x: [2, 4, 17, 23],
    kernel: [6, 3, 2],
    strides: [3, 2],
    padding: [
      [0, 3],
      [2, 1],
    ],
    dilation: [2, 3],
    groups: 2,
  },
  depthwise: {
    ...square,
    x: [3, 7, 12, 11],
    kernel: [7, 3, 3],
    padding: [
      [1, 1],
      [1, 1],
    ],
    groups: 7,
  },
  "depthwise, 5 x 5, stride 2, rows of odd length": {
    ...square,
    x: [3, 5, 14, 27],
    kernel: [5, 5, 5],
    strides: [2, 2],
    padding: [
      [2, 2],
      [2, 1],
    ],
    groups: 5,
  },
  "depthwise without padding": { ...square, x: [2, 3, 9, 19], kernel: [3, 3, 3], groups: 3 },
  "depthwise, every second column": { ...square, x: [2, 3, 9, 19], kernel: [3, 1, 2], strides: [1, 2], groups: 3 },
  "depthwise with two outputs a channel, stride 2": {
    ...square,
    x: [2, 5, 9, 8],
    kernel: [10, 3, 3],
    strides: [2, 2],
    padding: [
      [1, 0],
      [1, 0],
    ],
    groups: 5,
  },
  "more terms than a block of K": {
    ...square,
    x: [1, 65, 6, 7],
    kernel: [9, 3, 3],
    padding: [
      [1, 1],
      [1, 1],
    ],
  },
  "padding wider than the kernel": {
    ...square,
    x: [2, 2, 3, 4],
    kernel: [3, 2, 2],
    padding: [
      [4, 1],
      [0, 5],
    ],
  },
  "one row that is long": { ...square, x: [1, 2, 1, 1300], kernel: [3, 1, 5] },
};

function outputSize({ x, kernel, strides, padding, dilation }: Shapes): readonly [number, number] {
  const along = (index: 0 | 1): number => {
    const padded = x[2 + index] + padding[index][0] + padding[index][1];
    return Math.floor((padded - dilation[index] * (kernel[1 + index] - 1) - 1) / strides[index]) + 1;
  };
  return [along(0), along(1)];
}

/** Calls `term` with the places in x, kernel and y of every product of the convolution. */
function eachTerm(shape: Shapes, term: (x: number, kernel: number, y: number) => void): void {
  const { x, kernel, groups, strides, padding, dilation } = shape;
  const [images, channels, height, width] = x;
  const [outputs, high, wide] = kernel;
  const [rows, columns] = outputSize(shape);
  const perGroup = channels / groups;
  for (let n = 0; n < images; n++)
    for (let o = 0; o < outputs; o++)
      for (let c = 0; c < perGroup; c++)
        for (let ky = 0; ky < high; ky++)
          for (let kx = 0; kx < wide; kx++)
            for (let oy = 0; oy < rows; oy++)
              for (let ox = 0; ox < columns; ox++) {
                const iy = oy * strides[0] + ky * dilation[0] - padding[0][0];
                const ix = ox * strides[1] + kx * dilation[1] - padding[1][0];
                if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
                const channel = Math.floor(o / (outputs / groups)) * perGroup + c;
                term(
                  ((n * channels + channel) * height + iy) * width + ix,
                  ((o * perGroup + c) * high + ky) * wide + kx,
                  ((n * outputs + o) * rows + oy) * columns + ox,
                );
              }
}

function typesOf(shape: Shapes) {
  const { x, kernel, groups } = shape;
  const [rows, columns] = outputSize(shape);
  return { x, w: [kernel[0], x[1] / groups, kernel[1], kernel[2]], y: [x[0], kernel[0], rows, columns] };
}

const attributesOf = ({ strides, padding, dilation, groups }: Shapes): ConvolutionAttributes => {
  return { strides, padding, dilation, groups };
};

/** The same values with rows turned around and a gap between elements: a view that is far from dense. */
function scattered(
  values: Float32Array,
  shape: readonly number[],
  storage: number,
): { view: View; array: Float32Array } {
  const strides = dense(shape).map((stride) => stride * 2);
  const offset = (shape[2] - 1) * strides[2];
  const array = new Float32Array(values.length * 2);
  const found = view(storage, shape, [strides[0], strides[1], -strides[2], strides[3]], offset);
  values.forEach((value, index) => {
    const place = dense(shape).map((stride, axis) => Math.floor(index / stride) % shape[axis]);
    array[place.reduce((sum, at, axis) => sum + at * found.strides[axis], offset)] = value;
  });
  return { view: found, array };
}

for (const [name, shape] of Object.entries(shapes)) {
  const { x, w, y } = typesOf(shape);
  const attributes = attributesOf(shape);
  const contractions: readonly {
    contraction: Contraction;
    a: readonly number[];
    b: readonly number[];
    c: readonly number[];
  }[] = [
    { contraction: { operation: "convolution", attributes }, a: x, b: w, c: y },
    {
      contraction: { operation: "convolutionInputGradient", attributes: { ...attributes, inputSize: [x[2], x[3]] } },
      a: y,
      b: w,
      c: x,
    },
    {
      contraction: { operation: "convolutionWeightGradient", attributes: { ...attributes, kernelSize: [w[2], w[3]] } },
      a: x,
      b: y,
      c: w,
    },
  ];
  describe(name, () => {
    for (const { contraction, a, b, c } of contractions) {
      const arrays = [noise(size(a), 1), noise(size(b), 2), new Float32Array(size(c)), noise(size(c), 3)];
      const sums = new Sums(size(c));
      eachTerm(shape, (atX, atW, atY) => {
        if (contraction.operation === "convolution") sums.add(atY, arrays[0][atX] * arrays[1][atW]);
        else if (contraction.operation === "convolutionInputGradient") sums.add(atX, arrays[0][atY] * arrays[1][atW]);
        else sums.add(atW, arrays[0][atX] * arrays[1][atY]);
      });
      const kernel: ContractKernel = {
        kind: "contract",
        contraction,
        a: view(0, a),
        b: view(1, b),
        epilogue: plain(c),
      };

      it(`${contraction.operation} equals the sum of its terms, with the same bits for every geometry`, () => {
        const found = run(kernel, arrays);
        expectClose(found, sums);
        expect(run(kernel, arrays, NARROW_GEOMETRY)).toEqual(found);
      });

      it(`${contraction.operation} reads operands through any strides and adds a bias for each channel`, () => {
        const [left, right] = [scattered(arrays[0], a, 0), scattered(arrays[1], b, 1)];
        const biased = { ...kernel, a: left.view, b: right.view, epilogue: plus(c, [0, 1, 0, 0]) };
        const withBias = new Sums(size(c));
        sums.values.forEach((value, index) => {
          const channel = Math.floor(index / (c[2] * c[3])) % c[1];
          withBias.values[index] = value + arrays[3][channel];
          withBias.magnitudes[index] = sums.magnitudes[index] + Math.abs(arrays[3][channel]);
        });
        expectClose(run(biased, [left.array, right.array, arrays[2], arrays[3]]), withBias);
      });
    }
  });
}

it("a weight gradient over no images is zero", () => {
  const attributes = { ...square, kernelSize: [3, 3] as const };
  const kernel: ContractKernel = {
    kind: "contract",
    contraction: { operation: "convolutionWeightGradient", attributes },
    a: view(0, [0, 2, 5, 5]),
    b: view(1, [0, 3, 3, 3]),
    epilogue: plain([3, 2, 3, 3]),
  };
  expect(run(kernel, [new Float32Array(0), new Float32Array(0), noise(54, 1)])).toEqual(new Float32Array(54));
});

it("the cases above take both ways to the gradient for the input", () => {
  const ways = Object.values(shapes).map((shape) => {
    const { x, w, y } = typesOf(shape);
    const attributes = { ...attributesOf(shape), inputSize: [x[2], x[3]] as const };
    const contraction: Contraction = { operation: "convolutionInputGradient", attributes };
    return prefersScatter(
      { kind: "contract", contraction, a: view(0, y), b: view(1, w), epilogue: plain(x) },
      attributes,
    );
  });
  expect(ways.filter((scatters) => scatters).length).toBeGreaterThanOrEqual(3);
  expect(ways.filter((scatters) => !scatters).length).toBeGreaterThanOrEqual(3);
});
