import { foldIn, full, iota, normalFrom, type Tensor, threefry, uniformFrom, where } from "@tributary/autograd";
import { elementCount, type Shape, showShape } from "@tributary/program";
import { NnError, requireOption } from "./errors.ts";
import type { Randomness } from "./scope.ts";

/**
 * Changes a microbatch's inputs by chance, in training alone, as traced code. What becomes of a sample depends on seed, step
 * and the sample's index, so not on who computes it. Images are float32 [M, C, H, W], pixels from 0 to 1.
 * @returns a tensor of the inputs' shape
 */
export type Augmentation = (inputs: Tensor, randomness: Randomness) => Tensor;

/** Places of an image's rows or columns, int32 [M, H, W]; outside of the image there are zeros. */
interface Places {
  readonly rows: Tensor;
  readonly columns: Tensor;
}

/** Random words, the same for a sample whoever computes it: uint32 [M, count]. @param half which of two independent sets */
function words({ seed, step, indices }: Randomness, count: number, half = 0): Tensor {
  const shape = [indices.size(0), count];
  return threefry(foldIn(foldIn(seed, half), step), indices.unsqueeze(1).expand(shape), iota(shape, 1, "uint32"));
}

/** Numbers from 0 to 1 for each sample, float32 [M, 1, 1]. */
function draws(randomness: Randomness, count: number): Tensor[] {
  const all = uniformFrom(words(randomness, count));
  return Array.from({ length: count }, (_, index) => all.narrow(1, index, 1).unsqueeze(2));
}

/** @throws NnError SHAPE_MISMATCH */
function requireImages(owner: string, { shape }: Tensor, { indices }: Randomness): [number, number, number, number] {
  const [samples = 0, channels = 0, height = 0, width = 0] = shape;
  if (shape.length === 4 && samples === indices.size(0)) return [samples, channels, height, width];
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} takes images [${indices.size(0)}, channels, height, width], one for each sample index, but got ${showShape(shape)}`,
  );
}

/** The pixels at some places of each image, in every channel. */
function pixelsAt(images: Tensor, { rows, columns }: Places): Tensor {
  const [samples = 0, channels = 0, height = 0, width = 0] = images.shape;
  const inside = (places: Tensor, size: number) => where(places.ge(0), places.lt(size), false);
  // Out of range, gather gives 0.
  const index = where(where(inside(rows, height), inside(columns, width), false), rows.mul(width).add(columns), -1);
  const spread = index.reshape([samples, 1, height * width]).expand([samples, channels, height * width]);
  return images
    .reshape([samples, channels, height * width])
    .gather(2, spread)
    .reshape(images.shape);
}

/** Rows and columns as they are. */
function ownPlaces(samples: number, height: number, width: number): Places {
  const shape: Shape = [samples, height, width];
  return { rows: iota(shape, 1), columns: iota(shape, 2) };
}

/** Options of {@link randomFlip}. */
export interface FlipOptions {
  /** Probability. Default 0.5. */
  readonly p?: number;
  /** horizontal exchanges left and right. Default horizontal. */
  readonly direction?: "horizontal" | "vertical";
}

/** Mirrors some of the images. @throws NnError INVALID_OPTION */
export function randomFlip({ p = 0.5, direction = "horizontal" }: FlipOptions = {}): Augmentation {
  requireOption(p >= 0 && p <= 1, "randomFlip", "p", p, "from 0 to 1");
  return (inputs, randomness) => {
    requireImages("randomFlip", inputs, randomness);
    const flipped = inputs.flip([direction === "horizontal" ? 3 : 2]);
    const [draw = full([1, 1, 1], 1)] = draws(randomness, 1);
    return where(draw.lt(p).unsqueeze(3), flipped, inputs);
  };
}

/**
 * Shifts each image by up to `padding` rows and columns in every direction; zeros come in. The same as a random crop of its
 * own size after padding. @throws NnError INVALID_OPTION
 */
export function randomShift(padding: number): Augmentation {
  requireOption(Number.isInteger(padding) && padding >= 0, "randomShift", "padding", padding, "a whole number");
  return (inputs, randomness) => {
    const [samples, , height, width] = requireImages("randomShift", inputs, randomness);
    const [down, right] = draws(randomness, 2).map((draw) =>
      draw
        .mul(2 * padding + 1)
        .floor()
        .to("int32")
        .sub(padding),
    );
    const { rows, columns } = ownPlaces(samples, height, width);
    return pixelsAt(inputs, { rows: rows.add(down ?? 0), columns: columns.add(right ?? 0) });
  };
}

/**
 * Turns each image around its middle, counter-clockwise, by an angle between two; pixels are mixed from four neighbours,
 * and zeros come in. @param degrees [lowest, highest], or one number for both directions
 * @throws NnError INVALID_OPTION
 */
export function randomRotation(degrees: number | readonly [number, number]): Augmentation {
  const [low, high] = typeof degrees === "number" ? [-degrees, degrees] : degrees;
  requireOption(low <= high, "randomRotation", "degrees", `[${low}, ${high}]`, "a lowest and a highest angle");
  return (inputs, randomness) => {
    const [samples, , height, width] = requireImages("randomRotation", inputs, randomness);
    const [draw = full([1, 1, 1], 0)] = draws(randomness, 1);
    const radians = draw
      .mul(high - low)
      .add(low)
      .mul(Math.PI / 180);
    const [sine, cosine] = [radians.sin(), radians.cos()];
    const own = ownPlaces(samples, height, width);
    const [middleRow, middleColumn] = [(height - 1) / 2, (width - 1) / 2];
    const y = own.rows.to("float32").sub(middleRow);
    const x = own.columns.to("float32").sub(middleColumn);
    // Rows grow downwards, which is why this turns back clockwise to where a pixel comes from.
    const row = x.mul(sine).add(y.mul(cosine)).add(middleRow);
    const column = x.mul(cosine).sub(y.mul(sine)).add(middleColumn);
    return mixed(inputs, row, column);
  };
}

/** Pixels between others, mixed from the four around. @param row and column: float32 [M, H, W] */
function mixed(images: Tensor, row: Tensor, column: Tensor): Tensor {
  const [top, left] = [row.floor(), column.floor()];
  const [lower, right] = [row.sub(top), column.sub(left)];
  const rows = top.to("int32");
  const columns = left.to("int32");
  const corners = [
    { rows, columns, share: lower.neg().add(1).mul(right.neg().add(1)) },
    { rows, columns: columns.add(1), share: lower.neg().add(1).mul(right) },
    { rows: rows.add(1), columns, share: lower.mul(right.neg().add(1)) },
    { rows: rows.add(1), columns: columns.add(1), share: lower.mul(right) },
  ];
  return corners
    .map((corner) => pixelsAt(images, corner).mul(corner.share.unsqueeze(1)))
    .reduce((sum, each) => sum.add(each));
}

/** Adds normal noise of this standard deviation to every element; inputs of any shape [M, ...]. @throws NnError INVALID_OPTION */
export function randomNoise(standardDeviation: number): Augmentation {
  const positive = Number.isFinite(standardDeviation) && standardDeviation >= 0;
  requireOption(positive, "randomNoise", "standardDeviation", standardDeviation, "at least 0");
  return (inputs, randomness) => {
    const count = elementCount(inputs.shape.slice(1));
    const noise = normalFrom(words(randomness, count, 0), words(randomness, count, 1));
    return inputs.add(noise.mul(standardDeviation).reshape(inputs.shape));
  };
}

/** Several augmentations, one after another, each with numbers of its own. */
export function augmentAll(...augmentations: readonly Augmentation[]): Augmentation {
  return (inputs, randomness) =>
    augmentations.reduce(
      (value, augmentation, index) => augmentation(value, { ...randomness, seed: foldIn(randomness.seed, index) }),
      inputs,
    );
}
