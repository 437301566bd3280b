import { arange, randomKey, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { type Augmentation, augmentAll, randomFlip, randomNoise, randomRotation, randomShift } from "./augmentation.ts";

function apply(augmentation: Augmentation, x: Tensor, { seed = 1, step = 0, from = 0 } = {}): Tensor {
  const indices = arange(x.size(0), "int32").add(from).to("uint32");
  return augmentation(x, { seed: randomKey(seed), step: tensor(Uint32Array.of(step)), indices });
}

/** Images of 1 ... n, each the same. */
function images(count: number, height: number, width: number): Tensor {
  const one = Array.from({ length: height * width }, (_, index) => index + 1);
  return tensor(Array.from({ length: count }, () => one).flat(), { shape: [count, 1, height, width] });
}

async function rowsOf(x: Tensor): Promise<number[][]> {
  const data = Array.from(await x.data());
  const size = data.length / x.size(0);
  return Array.from({ length: x.size(0) }, (_, index) => data.slice(index * size, (index + 1) * size));
}

describe("randomFlip", () => {
  it("mirrors left and right, or top and bottom", async () => {
    expect(await rowsOf(apply(randomFlip({ p: 1 }), images(1, 2, 3)))).toEqual([[3, 2, 1, 6, 5, 4]]);
    expect(await rowsOf(apply(randomFlip({ p: 1, direction: "vertical" }), images(1, 2, 3)))).toEqual([
      [4, 5, 6, 1, 2, 3],
    ]);
    expect(await rowsOf(apply(randomFlip({ p: 0 }), images(1, 1, 3)))).toEqual([[1, 2, 3]]);
  });
  it("mirrors about its share of the images", async () => {
    const rows = await rowsOf(apply(randomFlip(), images(1_000, 1, 2)));
    const share = rows.filter(([first]) => first === 2).length / 1_000;
    // Five standard deviations of a binomial share.
    expect(Math.abs(share - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 1_000));
  });
});

describe("randomShift", () => {
  it("moves the whole image within its padding, and zeros come in", async () => {
    const rows = await rowsOf(apply(randomShift(1), images(300, 3, 3)));
    const shifted = (down: number, right: number) =>
      Array.from({ length: 9 }, (_, index) => {
        const [row, column] = [Math.floor(index / 3) + down, (index % 3) + right];
        return row < 0 || row > 2 || column < 0 || column > 2 ? 0 : row * 3 + column + 1;
      }).join();
    const possible = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => shifted(down, right)));
    expect(new Set(rows.map((row) => row.join()))).toEqual(new Set(possible));
  });
});

describe("randomRotation", () => {
  it("turns counter-clockwise by a quarter exactly", async () => {
    // numpy: np.rot90(np.arange(1, 10).reshape(3, 3))
    const [row = []] = await rowsOf(apply(randomRotation([90, 90]), images(1, 3, 3)));
    for (const [index, want] of [3, 6, 9, 2, 5, 8, 1, 4, 7].entries()) expect(row[index]).toBeCloseTo(want, 5);
  });
  it("mixes neighbours in between, and zeros come in", async () => {
    // By hand: at 45 degrees the middle stays; the middle of an edge comes from (1, 1) +- sqrt(1/2): half of the way
    // sqrt(1/2) along both axes between four pixels. For the top: 0.0858 x 5 + 0.2071 x 6 + 0.2071 x 2 + 0.5 x 3.
    const [row = []] = await rowsOf(apply(randomRotation([45, 45]), images(1, 3, 3)));
    const near = 1 - Math.SQRT1_2;
    const top = near * near * 5 + near * Math.SQRT1_2 * (6 + 2) + 0.5 * 3;
    expect(row[4]).toBeCloseTo(5, 5);
    expect(row[1]).toBeCloseTo(top, 4);
    // The corner comes from (1, 1 - sqrt 2), 0.4142 outside of the first column, whose pixel there is 2.
    expect(row[0]).toBeCloseTo((2 - Math.SQRT2) * 2, 4);
  });
  it("by nothing leaves the image", async () => {
    expect(await rowsOf(apply(randomRotation(0), images(2, 2, 3)))).toEqual(await rowsOf(images(2, 2, 3)));
  });
});

describe("randomNoise", () => {
  it("has mean 0 and its deviation", async () => {
    const noise = Array.from(
      await apply(randomNoise(0.5), tensor(new Float32Array(10_000), { shape: [100, 100] })).data(),
    );
    const mean = noise.reduce((sum, each) => sum + each, 0) / noise.length;
    const deviation = Math.sqrt(noise.reduce((sum, each) => sum + (each - mean) ** 2, 0) / noise.length);
    // Five standard errors.
    expect(Math.abs(mean)).toBeLessThan(5 * (0.5 / 100));
    expect(Math.abs(deviation / 0.5 - 1)).toBeLessThan(5 / Math.sqrt(20_000));
  });
});

describe("every augmentation", () => {
  const all = augmentAll(randomFlip(), randomShift(2), randomRotation(20), randomNoise(0.1));
  it("does the same to a sample, whoever computes it and with which others", async () => {
    const whole = await rowsOf(apply(all, images(6, 5, 4)));
    const parts = [
      ...(await rowsOf(apply(all, images(2, 5, 4)))),
      ...(await rowsOf(apply(all, images(4, 5, 4), { from: 2 }))),
    ];
    expect(parts).toEqual(whole);
  });
  it("does something else in another step, and for another seed", async () => {
    const text = async (options: object) => (await rowsOf(apply(all, images(3, 5, 4), options))).join();
    expect(new Set([await text({}), await text({ step: 1 }), await text({ seed: 2 })]).size).toBe(3);
  });
  it("draws for each place in the order: two flips of one half are not one", async () => {
    const twice = await rowsOf(apply(augmentAll(randomFlip(), randomFlip()), images(200, 1, 2)));
    expect(new Set(twice.map(([first]) => first))).toEqual(new Set([1, 2]));
  });
  it("says what it takes", () => {
    expect(() => apply(randomFlip(), tensor([[1, 2]]))).toThrow(/takes images \[1, channels, height, width\]/);
    expect(() => randomShift(0.5)).toThrow(/padding is 0.5, but must be a whole number/);
    expect(() => randomRotation([20, 10])).toThrow(/degrees is \[20, 10\]/);
  });
});
