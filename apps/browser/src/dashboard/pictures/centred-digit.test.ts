import { describe, expect, it } from "vitest";
import { centredDigit, type GreyPicture } from "./centred-digit.ts";

/** A drawing with full ink where `isInk` says so. */
function drawn(width: number, height: number, isInk: (x: number, y: number) => boolean): GreyPicture {
  const ink = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) ink[y * width + x] = isInk(x, y) ? 255 : 0;
  return { width, height, ink };
}

const FRAME = { width: 28, height: 28 };

/** First and last column and row with ink. */
function extent({ width, height, ink }: GreyPicture) {
  const columns: number[] = [];
  const rows: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((ink[y * width + x] ?? 0) === 0) continue;
      columns.push(x);
      rows.push(y);
    }
  }
  return [Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)];
}

describe("a drawing for the network", () => {
  it("is nothing while nothing is drawn", () => {
    expect(
      centredDigit(
        drawn(280, 280, () => false),
        FRAME,
      ),
    ).toBeNull();
  });

  it("fills a box of 20 x 20 in the middle, wherever and however large it was drawn", () => {
    const large = centredDigit(
      drawn(280, 280, (x, y) => x >= 20 && x < 220 && y >= 60 && y < 260),
      FRAME,
    );
    const small = centredDigit(
      drawn(280, 280, (x, y) => x >= 200 && x < 240 && y < 40),
      FRAME,
    );
    for (const picture of [large, small]) {
      if (picture === null) throw new Error("nothing was made of the drawing");
      // 4 pixels of paper, 20 of ink, 4 of paper; all of the ink at full strength.
      expect(extent(picture)).toEqual([4, 23, 4, 23]);
      expect(picture.ink[14 * 28 + 14]).toBe(255);
      expect(picture.ink.reduce((sum, ink) => sum + ink, 0)).toBe(255 * 400);
    }
  });

  it("keeps its aspect: a stroke twice as high as wide is 10 x 20", () => {
    const picture = centredDigit(
      drawn(100, 100, (x, y) => x >= 30 && x < 60 && y >= 20 && y < 80),
      FRAME,
    );
    expect(picture && extent(picture)).toEqual([9, 18, 4, 23]);
  });

  it("is centred by its mass, not by its box", () => {
    // A bar of 20 x 10 with a block of 10 x 10 under its right half: mass at x = (20*10*10 + 10*10*15) / 300 = 11.67.
    const picture = centredDigit(
      drawn(20, 20, (x, y) => y < 10 || x >= 10),
      FRAME,
    );
    if (picture === null) throw new Error("nothing was made of the drawing");
    let [mass, sumX, sumY] = [0, 0, 0];
    picture.ink.forEach((ink, at) => {
      mass += ink;
      sumX += ink * ((at % 28) + 0.5);
      sumY += ink * (Math.floor(at / 28) + 0.5);
    });
    expect([sumX / mass, sumY / mass]).toEqual([expect.closeTo(14, 1), expect.closeTo(14, 1)]);
    expect(extent(picture)[0]).toBe(2);
  });

  it("stays in the picture though its mass is at its edge", () => {
    // A heavy head of 200 x 20 on a neck of 2 x 180: the mass is (4000 * 10 + 360 * 110) / 4360 = 18.3 from the top. With that in the
    // middle, the foot would be 18.2 of the small pixels lower, and there are 14.
    const picture = centredDigit(
      drawn(200, 200, (x, y) => y < 20 || x === 99 || x === 100),
      FRAME,
    );
    expect(picture && extent(picture)).toEqual([4, 23, 8, 27]);
  });

  it("gives thin lines the share of a pixel that they cover", () => {
    // A line of 1 x 200 scaled by 0.1 covers a tenth of a pixel's width, over 20 rows.
    const picture = centredDigit(
      drawn(280, 280, (x, y) => x === 140 && y >= 40 && y < 240),
      FRAME,
    );
    if (picture === null) throw new Error("nothing was made of the drawing");
    const sum = picture.ink.reduce((total, ink) => total + ink, 0);
    expect(sum / (255 * 20)).toBeCloseTo(0.1, 1);
  });
});
