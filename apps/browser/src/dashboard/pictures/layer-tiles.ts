import type { LayerActivation } from "@tributary/protocol";
import { bytesOfBase64 } from "./base64.ts";
import { colourInto } from "./colour-map.ts";

/** How the numbers of a layer are laid out as a picture: tiles of maps, side by side and row under row. */
export interface TileLayout {
  /** maps: one tile a channel. strip: one row of cells, broken where it is long. table: positions down, features across. */
  readonly kind: "maps" | "strip" | "table";
  readonly tiles: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Tiles in a row. */
  readonly columns: number;
  /** Pixels between tiles. */
  readonly gap: number;
  /** Screen pixels that one number is shown as. */
  readonly zoom: number;
}

/** Tiles shown of a layer at most; wider layers show their first channels. */
const TILES_MAX = 64;
/** Numbers shown of a strip at most. */
const CELLS_MAX = 512;
/** Screen pixels that a tile of a map should have at least, and a cell of a strip. */
const TILE_SCREEN_MIN = 40;
const CELL_SCREEN = 8;
/** Screen pixels that a table is high at most, as far as one for each position allows. */
const TABLE_SCREEN = 128;
/** Strips of so few cells, such as the classes, have larger ones. */
const FEW_CELLS = 20;
const FEW_CELL_SCREEN = 20;

/**
 * How to show a layer's output on so many screen pixels.
 * @param count numbers there are: of layers that are too large to be sent whole, only the first ones come
 */
export function tileLayout(shape: readonly number[], screenWidth: number, count: number): TileLayout {
  const [first = 1, second = 1, third] = shape;
  if (shape.length >= 3 && third !== undefined) {
    const zoom = Math.max(1, Math.ceil(TILE_SCREEN_MIN / Math.max(second, third)));
    const tiles = Math.max(1, Math.min(first, TILES_MAX, Math.ceil(count / (second * third))));
    const columns = evenColumns(tiles, Math.floor((screenWidth + zoom) / ((third + 1) * zoom)));
    return { kind: "maps", tiles, tileWidth: third, tileHeight: second, columns, gap: 1, zoom };
  }
  if (shape.length === 2) {
    const rows = Math.max(1, Math.min(first, Math.ceil(count / second)));
    const zoom = Math.max(1, Math.min(CELL_SCREEN, Math.floor(screenWidth / second), Math.floor(TABLE_SCREEN / rows)));
    return { kind: "table", tiles: 1, tileWidth: second, tileHeight: rows, columns: 1, gap: 0, zoom };
  }
  const tiles = Math.max(1, Math.min(first, CELLS_MAX, count));
  const zoom = tiles <= FEW_CELLS ? FEW_CELL_SCREEN : CELL_SCREEN;
  const columns = evenColumns(tiles, Math.floor(screenWidth / zoom));
  return { kind: "strip", tiles, tileWidth: 1, tileHeight: 1, columns, gap: 0, zoom };
}

/** How much of a layer is shown: "first 64 of 512"; empty where it is all of it. */
export function shownWords(shape: readonly number[], layout: TileLayout): string {
  const [first = 1] = shape;
  const shown = layout.kind === "table" ? layout.tileHeight : layout.tiles;
  return shown < first ? `first ${shown} of ${first}` : "";
}

/** So many in a row that all rows are about equally long. */
function evenColumns(tiles: number, columnsMax: number): number {
  const rows = Math.ceil(tiles / Math.max(1, columnsMax));
  return Math.ceil(tiles / rows);
}

/** Width and height of a layout's picture, in numbers. */
export function layoutSize({ tiles, tileWidth, tileHeight, columns, gap }: TileLayout): {
  width: number;
  height: number;
} {
  const rows = Math.ceil(tiles / columns);
  return { width: columns * (tileWidth + gap) - gap, height: rows * (tileHeight + gap) - gap };
}

/** Pixels of a layer's numbers in this layout; places without a number are see-through. */
export function tilePixels(layer: LayerActivation, layout: TileLayout): Uint8ClampedArray<ArrayBuffer> {
  const { tiles, tileWidth, tileHeight, columns, gap } = layout;
  const { width, height } = layoutSize(layout);
  const values = bytesOfBase64(layer.values);
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let tile = 0; tile < tiles; tile++) {
    const left = (tile % columns) * (tileWidth + gap);
    const top = Math.floor(tile / columns) * (tileHeight + gap);
    for (let at = 0; at < tileWidth * tileHeight; at++) {
      const value = values[tile * tileWidth * tileHeight + at];
      if (value === undefined) return pixels;
      const x = left + (at % tileWidth);
      const y = top + Math.floor(at / tileWidth);
      colourInto(pixels, y * width + x, value);
    }
  }
  return pixels;
}

/** What the picture shows, for those who do not see it. @param figure writes a number */
export function layerWords(layer: LayerActivation, figure: (value: number) => string): string {
  const [first = 1, second = 1, third] = layer.shape;
  const range = `values ${figure(layer.minimum)} to ${figure(layer.maximum)}`;
  if (layer.shape.length >= 3 && third !== undefined) {
    return `${first} feature maps of ${second} by ${third}, ${range}; map ${strongestMap(layer, second * third) + 1} is the strongest`;
  }
  if (layer.shape.length === 2) return `${first} positions with ${second} features each, ${range}`;
  return `${first} units, ${range}; unit ${strongestMap(layer, 1) + 1} is the strongest`;
}

/** Index of the map (or unit) with the largest sum. */
function strongestMap(layer: LayerActivation, mapSize: number): number {
  const values = bytesOfBase64(layer.values);
  let best = 0;
  let bestSum = -1;
  for (let map = 0; map * mapSize < values.length; map++) {
    const sum = values.subarray(map * mapSize, (map + 1) * mapSize).reduce((total, value) => total + value, 0);
    if (sum > bestSum) [best, bestSum] = [map, sum];
  }
  return best;
}
