/** Values as bytes: 0 stands for the smallest, 255 for the largest, what lies between is linear. */
export interface QuantisedValues {
  readonly minimum: number;
  readonly maximum: number;
  readonly bytes: Uint8Array;
}

/** Largest value of a byte. */
const BYTE_MAX = 255;

/** Quantises values for a picture of them. What is not finite becomes the nearest end, NaN the smallest. */
export function quantise(values: ArrayLike<number>): QuantisedValues {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (!Number.isFinite(value)) continue;
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  }
  if (minimum > maximum) return { minimum: 0, maximum: 0, bytes: new Uint8Array(values.length) };
  const scale = maximum > minimum ? BYTE_MAX / (maximum - minimum) : 0;
  const bytes = Uint8ClampedArray.from(values, (value) =>
    value === Number.POSITIVE_INFINITY ? BYTE_MAX : (value - minimum) * scale,
  );
  return { minimum, maximum, bytes: new Uint8Array(bytes.buffer) };
}

/**
 * How many values of each layer are shown when all together may have `budget` bytes: layers that are small are shown whole, and what
 * is left is divided evenly between the others, in whole rows of their first dimension where that is possible.
 */
export function shownValues(shapes: readonly (readonly number[])[], budget: number): number[] {
  const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const shown = new Array<number>(sizes.length).fill(0);
  let left = budget;
  const order = sizes.map((_, index) => index).sort((a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0));
  order.forEach((index, done) => {
    const size = sizes[index] ?? 0;
    const share = Math.min(size, Math.floor(left / (order.length - done)));
    const row = size / Math.max(1, shapes[index]?.[0] ?? 1);
    shown[index] = share < size && share >= row ? Math.floor(share / row) * row : share;
    left -= shown[index];
  });
  return shown;
}
