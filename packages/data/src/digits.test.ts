import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DIGIT_PIXELS, DIGIT_SIDE, drawPieceInto } from "./digit-canvas.ts";
import { DIGIT_SKELETONS } from "./digit-skeletons.ts";
import { generateDigits } from "./digits.ts";
import { digits } from "./digits-dataset.ts";
import { DataError } from "./errors.ts";

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("generated digits", () => {
  it("are the same on every machine: these hashes are pinned", () => {
    const train = generateDigits({ seed: 0, stream: 0, first: 0, count: 100 });
    const test = generateDigits({ seed: 0, stream: 1, first: 0, count: 100 });
    const far = generateDigits({ seed: 2 ** 40 + 3, stream: 0, first: 4_000_000_000, count: 10 });
    expect([...train.targets.subarray(0, 10)]).toEqual([1, 3, 0, 2, 6, 8, 9, 4, 5, 7]);
    expect(hashOf(train.inputs)).toBe("fb1efa24ff662cc74cd5e9655a4304fa70a1cd27beb0bb70b7cba0e459455e54");
    expect(hashOf(test.inputs)).toBe("6e55bc33bfd309c6e9b8ed5861e65365ed89cf05443e4397efd72f1c76ab5821");
    expect(hashOf(far.inputs)).toBe("c9a13e9927672d5fa50a989871fe39b4cc608ff6ebb1ee8e6e99c84e16d3ac39");
  });

  it("depend on seed, stream and index alone: ranges generated apart are those generated together", () => {
    const all = generateDigits({ seed: 5, stream: 0, first: 0, count: 40 });
    const part = generateDigits({ seed: 5, stream: 0, first: 13, count: 20 });
    expect(part.inputs).toEqual(all.inputs.subarray(13 * DIGIT_PIXELS, 33 * DIGIT_PIXELS));
    expect(part.targets).toEqual(all.targets.subarray(13, 33));
  });

  it("differ with the seed, the stream and the index", () => {
    const first = (seed: number, stream: number, index: number) =>
      hashOf(generateDigits({ seed, stream, first: index, count: 1 }).inputs);
    expect(new Set([first(0, 0, 0), first(1, 0, 0), first(2 ** 32, 0, 0), first(0, 1, 0), first(0, 0, 1)]).size).toBe(
      5,
    );
  });

  it("have each class once in every ten, in a random order", () => {
    const { targets } = generateDigits({ seed: 1, stream: 0, first: 0, count: 200 });
    const orders = new Set<string>();
    for (let i = 0; i < 200; i += 10) {
      const ten = [...targets.subarray(i, i + 10)];
      expect(ten.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      orders.add(ten.join());
    }
    expect(orders.size).toBe(20);
  });

  it("have dark paper and bright ink that rarely touches the edge", () => {
    const count = 500;
    const { inputs } = generateDigits({ seed: 2, stream: 0, first: 0, count });
    let edge = 0;
    for (let i = 0; i < count; i += 1) {
      const image = inputs.subarray(i * DIGIT_PIXELS, (i + 1) * DIGIT_PIXELS);
      const bright = image.filter((value) => value > 100).length;
      expect(bright).toBeGreaterThan(12);
      expect(bright).toBeLessThan(DIGIT_PIXELS / 2);
      if (image.some((value, pixel) => value > 100 && (pixel % DIGIT_SIDE === 0 || pixel < DIGIT_SIDE))) edge += 1;
    }
    expect(edge / count).toBeLessThan(0.15);
  });

  it("are refused for indices and seeds that are no whole numbers in range", () => {
    const good = { seed: 0, stream: 0, first: 0, count: 1 };
    for (const bad of [{ seed: -1 }, { first: 0.5 }, { count: -1 }, { stream: -1 }, { first: 2 ** 32 - 1 }]) {
      expect(() => generateDigits({ ...good, ...bad })).toThrow(DataError);
    }
  });
});

describe("the skeletons", () => {
  it("are at least two for each digit, within their box", () => {
    expect(DIGIT_SKELETONS).toHaveLength(10);
    for (const skeletons of DIGIT_SKELETONS) {
      expect(skeletons.length).toBeGreaterThanOrEqual(2);
      for (const stroke of skeletons.flat()) {
        expect(stroke.length % 2).toBe(0);
        expect(stroke.length).toBeGreaterThanOrEqual(4);
        for (const coordinate of stroke) expect(coordinate >= 0 && coordinate <= 1).toBe(true);
      }
    }
  });
});

describe("drawing a piece of a line", () => {
  it("inks pixels within the pen's half width fully, and falls to nothing over the edge", () => {
    const ink = new Float64Array(DIGIT_PIXELS);
    drawPieceInto(ink, { x0: 4.5, y0: 10.5, radius0: 1.5, x1: 20.5, y1: 10.5, radius1: 1.5 });
    const at = (column: number, row: number) => ink[row * DIGIT_SIDE + column];
    // Cover is (radius + 0.6 - distance) / 1.2: 1.75 on the line, 0.917 one pixel off, 0.083 two off.
    expect(at(12, 10)).toBe(1);
    expect(at(12, 11)).toBeCloseTo(1.1 / 1.2, 12);
    expect(at(12, 12)).toBeCloseTo(0.1 / 1.2, 12);
    expect(at(12, 13)).toBe(0);
    // The end is round: two pixels past it, as two pixels beside.
    expect(at(22, 10)).toBeCloseTo(0.1 / 1.2, 12);
    expect(at(23, 10)).toBe(0);
  });

  it("leaves what lies outside the image out", () => {
    const ink = new Float64Array(DIGIT_PIXELS);
    drawPieceInto(ink, { x0: -30, y0: -30, radius0: 2, x1: -20, y1: -25, radius1: 2 });
    expect(ink.every((value) => value === 0)).toBe(true);
  });
});

describe("the dataset of digits", () => {
  it("has 10,000 training and 2,000 test digits of 1 x 28 x 28 bytes, unless asked otherwise", async () => {
    const data = await digits().load();
    expect([data.train.samples, data.test.samples]).toEqual([10_000, 2_000]);
    expect(data.fields).toEqual([
      { name: "inputs", dtype: "uint8", shape: [1, 28, 28] },
      { name: "targets", dtype: "int32", shape: [] },
    ]);
    const small = digits({ train: 20, test: 10 });
    expect((await small.test.take(10)).inputs.data).toEqual(data.test.columns.inputs.subarray(0, 10 * DIGIT_PIXELS));
    expect((await small.train.take(3)).targets).toEqual({
      dtype: "int32",
      shape: [3],
      data: data.train.columns.targets.slice(0, 3),
    });
  });

  it("is too hard for a linear model: softmax regression stays below 93% on unseen digits", async () => {
    const { train, test } = await digits().load();
    const accuracies = trainSoftmaxRegression(train.columns, test.columns, 4);
    for (const accuracy of accuracies) expect(accuracy).toBeLessThan(0.93);
    expect(Math.max(...accuracies)).toBeGreaterThan(0.7);
  });
});

type Columns = Readonly<Record<string, ArrayLike<number>>>;

// A constant of this module: the test runner turns imported ones into property reads, slow in the loops below.
const PIXELS = 784;

/** Test accuracy after each epoch of stochastic gradient descent on one linear layer, pixels scaled to 0 ... 1. */
function trainSoftmaxRegression(train: Columns, test: Columns, epochs: number): readonly number[] {
  const weights = new Float64Array(10 * PIXELS);
  const biases = new Float64Array(10);
  const scores = new Float64Array(10);
  const [trainInputs, testInputs] = [train, test].map(({ inputs }) =>
    Float64Array.from(inputs, (value) => value / 255),
  );
  const scoreImage = (inputs: Float64Array, image: number) => {
    for (let c = 0; c < 10; c += 1) scores[c] = biases[c] + dot(weights, c, inputs, image);
  };
  return Array.from({ length: epochs }, (_, epoch) => {
    const rate = 0.02 / (1 + epoch);
    for (let i = 0; i < train.targets.length; i += 1) {
      scoreImage(trainInputs, i);
      const largest = Math.max(...scores);
      const total = scores.reduce((sum, value) => sum + Math.exp(value - largest), 0);
      for (let c = 0; c < 10; c += 1) {
        const slope = Math.exp(scores[c] - largest) / total - (train.targets[i] === c ? 1 : 0);
        addScaled(weights, c, trainInputs, i, -rate * slope);
        biases[c] -= rate * slope;
      }
    }
    let right = 0;
    for (let i = 0; i < test.targets.length; i += 1) {
      scoreImage(testInputs, i);
      if (scores.indexOf(Math.max(...scores)) === test.targets[i]) right += 1;
    }
    return right / test.targets.length;
  });
}

function dot(weights: Float64Array, row: number, inputs: Float64Array, image: number): number {
  let sum = 0;
  for (let k = 0; k < PIXELS; k += 1) sum += weights[row * PIXELS + k] * inputs[image * PIXELS + k];
  return sum;
}

function addScaled(weights: Float64Array, row: number, inputs: Float64Array, image: number, scale: number): void {
  for (let k = 0; k < PIXELS; k += 1) weights[row * PIXELS + k] += scale * inputs[image * PIXELS + k];
}
