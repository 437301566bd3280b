import { describe, expect, it } from "vitest";
import { base64OfBytes } from "./base64.ts";
import { layerWords, layoutSize, shownWords, tileLayout, tilePixels } from "./layer-tiles.ts";

const layer = (shape: readonly number[], values: readonly number[]) => ({
  path: "layers.0",
  shape,
  minimum: -1,
  maximum: 2,
  values: base64OfBytes(Uint8Array.from(values)),
});

describe("the picture of a layer", () => {
  it("has a tile for each feature map, as many side by side as the screen takes", () => {
    // 6 maps of 28 x 28 at 2 screen pixels a number: a tile and its gap take 58; 5 fit into 300, so two rows of 3.
    const layout = tileLayout([6, 28, 28], 300, 6 * 784);
    expect(layout).toMatchObject({ kind: "maps", tiles: 6, columns: 3, zoom: 2 });
    expect(layoutSize(layout)).toEqual({ width: 3 * 29 - 1, height: 2 * 29 - 1 });
  });

  it("is a strip for dense layers, and a table for sequences", () => {
    expect(tileLayout([120], 400, 120)).toMatchObject({ kind: "strip", tiles: 120, columns: 40, zoom: 8 });
    expect(tileLayout([10], 400, 10)).toMatchObject({ columns: 10, zoom: 20 });
    expect(tileLayout([32, 64], 400, 2048)).toMatchObject({ kind: "table", tileWidth: 64, tileHeight: 32, zoom: 4 });
  });

  it("shows few of very wide layers, and says so", () => {
    const maps = tileLayout([512, 7, 7], 400, 512 * 49);
    expect([maps.tiles, shownWords([512, 7, 7], maps)]).toEqual([64, "first 64 of 512"]);
    expect(tileLayout([4096], 400, 4096).tiles).toBe(512);
  });

  it("has no place for what was not sent", () => {
    const table = tileLayout([64, 128], 400, 5_461);
    expect([table.tileHeight, shownWords([64, 128], table)]).toEqual([43, "first 43 of 64"]);
    expect(tileLayout([4, 64, 64], 400, 5_461).tiles).toBe(2);
    expect(shownWords([10], tileLayout([10], 400, 10))).toBe("");
  });

  it("puts each number at its place, dark for the least and bright for the largest", () => {
    const two = layer([2, 1, 2], [0, 255, 255, 0]);
    const layout = tileLayout(two.shape, 1000, 4);
    expect(layoutSize(layout)).toEqual({ width: 5, height: 1 });
    const pixels = tilePixels(two, layout);
    const opaque = [0, 1, 2, 3, 4].map((at) => pixels[4 * at + 3]);
    expect(opaque).toEqual([255, 255, 0, 255, 255]);
    expect([...pixels.subarray(0, 3)]).toEqual([0, 32, 81]);
    expect([...pixels.subarray(4, 7)]).toEqual([253, 234, 69]);
    expect([...pixels.subarray(12, 15)]).toEqual([253, 234, 69]);
  });

  it("leaves see-through what was not sent", () => {
    const cut = layer([2, 1, 2], [9, 9]);
    expect(tilePixels(cut, tileLayout(cut.shape, 1000, 4))[4 * 3 + 3]).toBe(0);
  });

  it("is said in words", () => {
    const figure = (value: number) => value.toString();
    expect(layerWords(layer([2, 1, 2], [0, 1, 2, 3]), figure)).toBe(
      "2 feature maps of 1 by 2, values -1 to 2; map 2 is the strongest",
    );
    expect(layerWords(layer([3], [0, 9, 3]), figure)).toBe("3 units, values -1 to 2; unit 2 is the strongest");
  });
});
