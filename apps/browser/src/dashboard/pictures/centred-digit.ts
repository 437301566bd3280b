/** A grey picture: one byte a pixel, 0 the paper and 255 the ink, row by row. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly ink: Uint8Array;
}

/** Where a drawing goes in the picture that the network takes. */
export interface DigitFrame {
  readonly width: number;
  readonly height: number;
}

/** Side of the box that a digit is scaled to, over the side of the picture: 20 of 28 pixels. */
const BOX_SHARE = 20 / 28;

/** Ink from which a pixel counts as drawn on. */
const INK_MIN = 8;

/**
 * A drawing as the digits of MNIST are made: its bounding box is scaled, aspect kept, to fit a box of 20 x 20 pixels, and its
 * centre of mass is put in the middle of the 28 x 28, as far as all of the ink stays in the picture; other sizes in
 * proportion. Pixels are means over the area they cover.
 * Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
 * @returns null for an empty drawing
 */
export function centredDigit(drawing: GreyPicture, frame: DigitFrame): GreyPicture | null {
  const box = boundingBox(drawing);
  if (box === null) return null;
  const side = BOX_SHARE * Math.min(frame.width, frame.height);
  const scale = side / Math.max(box.right - box.left, box.bottom - box.top);
  const mass = centreOfMass(drawing);
  const centre = {
    x: centreWithin(mass.x, box.left, box.right, frame.width / 2 / scale),
    y: centreWithin(mass.y, box.top, box.bottom, frame.height / 2 / scale),
  };
  // Pixel (x, y) of the result covers the drawing from (x - middle) / scale + centre on.
  const toDrawing = (at: number, middle: number, from: number) => (at - middle) / scale + from;
  const ink = new Uint8Array(frame.width * frame.height);
  for (let y = 0; y < frame.height; y++) {
    const top = toDrawing(y, frame.height / 2, centre.y);
    for (let x = 0; x < frame.width; x++) {
      const left = toDrawing(x, frame.width / 2, centre.x);
      ink[y * frame.width + x] = Math.round(
        meanInk(drawing, { left, top, right: left + 1 / scale, bottom: top + 1 / scale }),
      );
    }
  }
  return { ...frame, ink };
}

/** The place nearest to `wanted` whose surroundings, `reach` to both sides, hold everything from `first` to `last`. */
function centreWithin(wanted: number, first: number, last: number, reach: number): number {
  return Math.min(first + reach, Math.max(last - reach, wanted));
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function boundingBox({ width, height, ink }: GreyPicture): Box | null {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((ink[y * width + x] ?? 0) < INK_MIN) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  }
  return right > left ? { left, top, right, bottom } : null;
}

function centreOfMass({ width, height, ink }: GreyPicture): { readonly x: number; readonly y: number } {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const weight = ink[y * width + x] ?? 0;
      mass += weight;
      sumX += weight * (x + 0.5);
      sumY += weight * (y + 0.5);
    }
  }
  return { x: sumX / mass, y: sumY / mass };
}

/** Mean over an area; what lies outside of the drawing is paper. */
function meanInk({ width, height, ink }: GreyPicture, area: Box): number {
  const [firstX, lastX] = [Math.max(0, Math.floor(area.left)), Math.min(width, Math.ceil(area.right))];
  const [firstY, lastY] = [Math.max(0, Math.floor(area.top)), Math.min(height, Math.ceil(area.bottom))];
  let sum = 0;
  for (let y = firstY; y < lastY; y++) {
    const tall = Math.min(area.bottom, y + 1) - Math.max(area.top, y);
    for (let x = firstX; x < lastX; x++) {
      const wide = Math.min(area.right, x + 1) - Math.max(area.left, x);
      sum += tall * wide * (ink[y * width + x] ?? 0);
    }
  }
  return sum / ((area.right - area.left) * (area.bottom - area.top));
}
