import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { decodeImage } from "@tributary/data";
import { ROOT } from "../running/command.ts";

/** Where the pictures of the docs are. */
const FOLDER = join(ROOT, "docs", "pictures");

/** Entries of a palette whose indices are one byte each. */
const PALETTE_MAX = 256;

/** What a picture can be taken of: a page, or a part of it. */
export interface Photographed {
  screenshot(): Promise<Uint8Array>;
}

/** Photographs into docs/pictures/NAME.png. */
export async function savePicture(name: string, subject: Photographed): Promise<void> {
  const png = await subject.screenshot();
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.png`), await paletted(png));
}

/**
 * The picture with the 256 colours that are most frequent in it; any other takes the nearest of them. A page has few colours besides
 * the edges of its letters, so that nobody sees it, and the file has less than half the bytes.
 */
async function paletted(png: Uint8Array): Promise<Buffer> {
  const { width, height, pixels } = await decodeImage(png);
  const colours = Uint32Array.from({ length: width * height }, (_, at) => colourAt(pixels, 4 * at));
  const counts = new Map<number, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, PALETTE_MAX);
  const indices = new Map(palette.map(([colour], index) => [colour, index]));
  const rows = Buffer.alloc(height * (width + 1));
  colours.forEach((colour, at) => {
    const index = indices.get(colour) ?? nearest(palette, colour);
    indices.set(colour, index);
    // In front of each row stands its filter, 0 for none: indices of a palette are no quantities that could be subtracted.
    rows[at + Math.floor(at / width) + 1] = index;
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const entries = Buffer.from(palette.flatMap(([colour]) => [colour >>> 16, (colour >>> 8) & 255, colour & 255]));
  const parts = [
    chunk("IHDR", header),
    chunk("PLTE", entries),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]);
}

function colourAt(pixels: Uint8Array, at: number): number {
  return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
}

function nearest(palette: readonly (readonly [colour: number, count: number])[], colour: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, [other]] of palette.entries()) {
    const distance = [16, 8, 0].reduce(
      (sum, shift) => sum + (((colour >>> shift) & 255) - ((other >>> shift) & 255)) ** 2,
      0,
    );
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

/** One chunk of a PNG (W3C, Portable Network Graphics, section 5.3): length, name, data, sum over name and data. */
function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(named, 4);
  out.writeUInt32BE(crc32(named), 4 + named.length);
  return out;
}
