import readCode from "jsqr";
import { describe, expect, it } from "vitest";
import { qrLines } from "./qr-code.ts";

const LINK = "https://192.168.100.200:41233/join#t=6hqOj6haPyn_JCShWJ5sNw";
// Select graphic rendition (ECMA-48): black letters on bright white, and back to what was.
const BLACK_ON_WHITE = "\u001b[30;107m";
const PLAIN = "\u001b[0m";
/** Pixels of a module in the picture that is decoded. */
const SCALE = 4;

/** What a phone reads from a terminal: half blocks in these colours, turned into a picture and decoded by a library that makes no codes. */
function read(lines: readonly string[], foregroundIsDark: boolean): string | undefined {
  const rows = lines.flatMap((line) => {
    const cells = [...line];
    return [cells.map((cell) => "█▀".includes(cell)), cells.map((cell) => "█▄".includes(cell))];
  });
  const size = (rows[0]?.length ?? 0) * SCALE;
  const height = rows.length * SCALE;
  const pixels = new Uint8ClampedArray(size * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      const isForeground = rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true;
      pixels.fill(isForeground === foregroundIsDark ? 0 : 255, 4 * (y * size + x), 4 * (y * size + x) + 3);
    }
  }
  return readCode.default(pixels, size, height)?.data;
}

describe("a QR code in the terminal", () => {
  it("is read as the link, black on white whatever the terminal's colours are", () => {
    const lines = qrLines(LINK, true);
    const bare = lines.map((line) => line.slice(BLACK_ON_WHITE.length, -PLAIN.length));
    expect(lines).toEqual(bare.map((line) => BLACK_ON_WHITE + line + PLAIN));
    expect(read(bare, true)).toBe(LINK);
  });

  it("without colours is read where light text stands on a dark ground", () => {
    expect(read(qrLines(LINK, false), false)).toBe(LINK);
  });

  it("fits a terminal of 80 columns", () => {
    for (const line of qrLines(LINK, false)) expect(line.length).toBeLessThanOrEqual(48);
  });
});
