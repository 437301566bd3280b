/**
 * Anchors of the colour map cividis from dark to bright: even in lightness, and nearly the same for people with and without
 * a colour vision deficiency. Source: Nunez, Anderton and Renslow (2018), "Optimizing colormaps with consideration for color
 * vision deficiency", PLoS ONE 13(7); nine evenly spaced samples of the polynomials of d3-scale-chromatic 3.
 */
const CIVIDIS: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0, 32, 81],
  [17, 54, 108],
  [60, 77, 110],
  [98, 100, 111],
  [127, 124, 117],
  [154, 148, 120],
  [187, 175, 113],
  [226, 203, 92],
  [253, 234, 69],
];

/** Red, green, blue for each byte. */
const TABLE: Uint8Array = Uint8Array.from({ length: 3 * 256 }, (_, index) => {
  const place = (Math.floor(index / 3) / 255) * (CIVIDIS.length - 1);
  const below = Math.min(CIVIDIS.length - 2, Math.floor(place));
  const [from, to] = [CIVIDIS[below]?.[index % 3] ?? 0, CIVIDIS[below + 1]?.[index % 3] ?? 0];
  return Math.round(from + (place - below) * (to - from));
});

/** Writes the colour of a byte to `pixels` at pixel `at`. */
export function colourInto(pixels: Uint8ClampedArray, at: number, byte: number): void {
  pixels.set(TABLE.subarray(3 * byte, 3 * byte + 3), 4 * at);
  pixels[4 * at + 3] = 255;
}
