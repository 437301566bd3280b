/** Side of an image in pixels. */
export const DIGIT_SIDE = 28;
/** Pixels of an image. */
export const DIGIT_PIXELS = DIGIT_SIDE * DIGIT_SIDE;

/** Width in pixels of the zone in which a line's ink falls from full to none. */
const EDGE_PIXELS = 1.2;

/** One straight piece of a line: its ends in pixels, and the half width of the pen at each. */
export interface LinePiece {
  readonly x0: number;
  readonly y0: number;
  readonly radius0: number;
  readonly x1: number;
  readonly y1: number;
  readonly radius1: number;
}

function nearestPixel(coordinate: number): number {
  return Math.max(0, Math.min(DIGIT_SIDE - 1, Math.floor(coordinate)));
}

/**
 * Draws a piece of a line with round ends: each pixel's ink becomes at least what the distance from its centre to the piece
 * says. Pixel (i, j) has its centre at (i + 0.5, j + 0.5).
 * @param ink [DIGIT_PIXELS] from 0 (paper) to 1; written where the line passes
 */
export function drawPieceInto(ink: Float64Array, piece: LinePiece): void {
  const { x0, y0, radius0, x1, y1, radius1 } = piece;
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squaredLength = dx * dx + dy * dy;
  const inverse = squaredLength > 0 ? 1 / squaredLength : 0;
  const reach = Math.max(radius0, radius1) + EDGE_PIXELS / 2;
  const left = nearestPixel(Math.min(x0, x1) - reach);
  const right = nearestPixel(Math.max(x0, x1) + reach);
  const top = nearestPixel(Math.min(y0, y1) - reach);
  const bottom = nearestPixel(Math.max(y0, y1) + reach);
  for (let row = top; row <= bottom; row += 1) {
    const py = row + 0.5 - y0;
    for (let column = left; column <= right; column += 1) {
      const px = column + 0.5 - x0;
      const along = Math.max(0, Math.min(1, (px * dx + py * dy) * inverse));
      const ex = px - along * dx;
      const ey = py - along * dy;
      const radius = radius0 + along * (radius1 - radius0);
      const cover = (radius + EDGE_PIXELS / 2 - Math.sqrt(ex * ex + ey * ey)) / EDGE_PIXELS;
      const pixel = row * DIGIT_SIDE + column;
      if (cover > (ink[pixel] ?? 1)) ink[pixel] = Math.min(1, cover);
    }
  }
}
