import type { ConvolutionAttributes } from "@tributary/program";
import type { ContractKernel, View } from "../../ir.ts";
import type { Digit, LinearMap } from "./linear-map.ts";
import type { Bound, Operand, Product } from "./product.ts";

/**
 * The products that a convolution or a gradient of one is made of, a product for each group of channels. Pixels are columns: neighbours of
 * an image lie next to one another in memory.
 */
export function convolutionProducts({ contraction, a, b, epilogue }: ContractKernel): readonly Product[] {
  switch (contraction.operation) {
    case "convolution":
      return [forward(contraction.attributes, a, b, epilogue.shape.slice(-2))];
    case "convolutionInputGradient":
      return inputGradient(contraction.attributes, a, b, contraction.attributes.inputSize);
    case "convolutionWeightGradient":
      return [weightGradient(contraction.attributes, a, b, contraction.attributes.kernelSize)];
    default:
      throw new Error(`${contraction.operation} is not a convolution`);
  }
}

/** One digit that moves an element's number only. */
const plain = (size: number, step: number): Digit => ({ size, steps: [step] });

/** One digit that moves an element's number and the position along one of an image's two axes (0 or 1). */
const along = (size: number, axis: 0 | 1, step: number, position: number): Digit => ({
  size,
  steps: [step, axis === 0 ? position : 0, axis === 1 ? position : 0],
});

/** A digit of a map with positions that moves none of them. */
const still = (size: number, step: number): Digit => ({ size, steps: [step, 0, 0] });

/** A digit of an output [.., .., .., ..]: it moves one coordinate. */
const coordinate = (size: number, axis: number, step = 1): Digit => ({
  size,
  steps: [0, 1, 2, 3].map((other) => (other === axis ? step : 0)),
});

/** Positions outside the image are zeros. */
const within = (limit: number): Bound => ({ divisor: 1, limit, stride: 0 });

const dense = { storage: 0, offset: 0 };

function place(view: View): typeof dense {
  return { storage: view.storage, offset: view.offset };
}

/** Elements of an image under the taps of a window: first the window's places, then the taps. */
function windows(
  { strides, padding, dilation }: ConvolutionAttributes,
  image: View,
  taps: readonly number[],
  places: readonly number[],
): { start: readonly number[]; bounds: readonly Bound[]; places: readonly Digit[]; taps: readonly Digit[] } {
  const [, , height, width] = image.shape;
  const [, , down, right] = image.strides;
  const [top, left] = [padding[0][0], padding[1][0]];
  return {
    start: [-top * down - left * right, -top, -left],
    bounds: [within(height), within(width)],
    places: [along(places[0], 0, strides[0] * down, strides[0]), along(places[1], 1, strides[1] * right, strides[1])],
    taps: [along(taps[0], 0, dilation[0] * down, dilation[0]), along(taps[1], 1, dilation[1] * right, dilation[1])],
  };
}

/** y[n, o, oh, ow]: rows are o, columns [n, oh, ow], the depth is [c, kh, kw]. */
function forward(attributes: ConvolutionAttributes, x: View, kernel: View, size: readonly number[]): Product {
  const { groups } = attributes;
  const [outputs, channels, height, width] = kernel.shape;
  const [so, sc, sh, sw] = kernel.strides;
  const rows = outputs / groups;
  const seen = windows(attributes, x, [height, width], size);
  const [images] = x.shape;
  return {
    batch: groups,
    rows,
    columns: images * size[0] * size[1],
    depth: channels * height * width,
    splits: 1,
    left: {
      ...{ ...place(kernel), start: [0], bounds: [] },
      batch: [plain(groups, rows * so)],
      outer: [plain(rows, so)],
      inner: [plain(channels, sc), plain(height, sh), plain(width, sw)],
    },
    right: {
      ...{ ...place(x), start: seen.start, bounds: seen.bounds },
      batch: [still(groups, channels * x.strides[1])],
      outer: [still(images, x.strides[0]), ...seen.places],
      inner: [still(channels, x.strides[1]), ...seen.taps],
    },
    output: {
      start: [0, 0, 0, 0],
      batch: [coordinate(groups, 1, rows)],
      row: [coordinate(rows, 1)],
      column: [coordinate(images, 0), coordinate(size[0], 2), coordinate(size[1], 3)],
    },
  };
}

/** dkernel[o, c, kh, kw]: rows are o, columns [c, kh, kw], the depth is [n, oh, ow]. */
function weightGradient(attributes: ConvolutionAttributes, x: View, dy: View, taps: readonly number[]): Product {
  const { groups } = attributes;
  const [images, outputs, height, width] = dy.shape;
  const [sn, so, sh, sw] = dy.strides;
  const rows = outputs / groups;
  const channels = x.shape[1] / groups;
  const seen = windows(attributes, x, taps, [height, width]);
  return {
    batch: groups,
    rows,
    columns: channels * taps[0] * taps[1],
    depth: images * height * width,
    splits: 1,
    left: {
      ...{ ...place(dy), start: [0], bounds: [] },
      batch: [plain(groups, rows * so)],
      outer: [plain(rows, so)],
      inner: [plain(images, sn), plain(height, sh), plain(width, sw)],
    },
    right: {
      ...{ ...place(x), start: seen.start, bounds: seen.bounds },
      batch: [still(groups, channels * x.strides[1])],
      outer: [still(channels, x.strides[1]), ...seen.taps],
      inner: [still(images, x.strides[0]), ...seen.places],
    },
    output: {
      start: [0, 0, 0, 0],
      batch: [coordinate(groups, 0, rows)],
      row: [coordinate(rows, 0)],
      column: [coordinate(channels, 1), coordinate(taps[0], 2), coordinate(taps[1], 3)],
    },
  };
}

/** Most phases of an input gradient that get a product of their own: strides of 2 x 2. */
const PHASES_MAX = 4;

/**
 * dx[n, c, h, w]: rows are c, columns [n, h, w], the depth is [o, kh, kw]. With strides only some taps meet a pixel: always the same ones in
 * pixels that lie a multiple of the stride apart. Each such phase is a product of its own, with its taps only, unless there are many.
 */
function inputGradient(
  attributes: ConvolutionAttributes,
  dy: View,
  kernel: View,
  size: readonly number[],
): readonly Product[] {
  const { strides } = attributes;
  if (strides[0] * strides[1] > PHASES_MAX) {
    const whole = ([0, 1] as const).map((axis) => allPhases(attributes, dy, kernel, size, axis));
    return [phaseProduct(attributes, dy, kernel, whole)];
  }
  const vertical = phases(attributes, dy, kernel, size, 0);
  const horizontal = phases(attributes, dy, kernel, size, 1);
  return vertical.flatMap((rows) => horizontal.map((columns) => phaseProduct(attributes, dy, kernel, [rows, columns])));
}

/** One axis of the pixels of a phase, and of the taps that meet them. */
interface Phase {
  readonly pixels: Digit;
  readonly taps: Digit;
  /** The same in the kernel. */
  readonly kernelTaps: Digit;
  readonly kernelStart: number;
  /** Position in dy of the first pixel's first tap. */
  readonly position: number;
  readonly elements: number;
  readonly bound: Bound;
  readonly firstPixel: number;
  readonly pixelStep: number;
}

/** Every pixel and every tap; where they do not meet, the position in dy is no multiple of the stride. */
function allPhases(
  attributes: ConvolutionAttributes,
  dy: View,
  kernel: View,
  size: readonly number[],
  axis: 0 | 1,
): Phase {
  const dilation = attributes.dilation[axis];
  const low = attributes.padding[axis][0];
  return {
    pixels: along(size[axis], axis, 0, 1),
    taps: along(kernel.shape[2 + axis], axis, 0, -dilation),
    kernelTaps: plain(kernel.shape[2 + axis], kernel.strides[2 + axis]),
    kernelStart: 0,
    position: low,
    elements: 0,
    bound: { divisor: attributes.strides[axis], limit: dy.shape[2 + axis], stride: dy.strides[2 + axis] },
    firstPixel: 0,
    pixelStep: 1,
  };
}

function phases(
  attributes: ConvolutionAttributes,
  dy: View,
  kernel: View,
  size: readonly number[],
  axis: 0 | 1,
): readonly Phase[] {
  const stride = attributes.strides[axis];
  const found: Phase[] = [];
  for (let first = 0; first < Math.min(stride, size[axis]); first++) {
    found.push(onePhase(attributes, dy, kernel, { axis, first, pixels: Math.ceil((size[axis] - first) / stride) }));
  }
  return found;
}

/** Pixels first, first + stride, ...: pixel p meets tap t where p + low - t * dilation is a multiple of the stride. */
function onePhase(
  attributes: ConvolutionAttributes,
  dy: View,
  kernel: View,
  { axis, first, pixels }: { readonly axis: 0 | 1; readonly first: number; readonly pixels: number },
): Phase {
  const stride = attributes.strides[axis];
  const dilation = attributes.dilation[axis];
  const low = attributes.padding[axis][0];
  const length = kernel.shape[2 + axis];
  const taps = Array.from({ length }, (_, tap) => tap).filter((tap) => (first + low - tap * dilation) % stride === 0);
  const [tap = 0, next = tap + 1] = taps;
  const position = (first + low - tap * dilation) / stride;
  // Taps that meet a pixel are as far apart as the first two.
  const back = ((next - tap) * dilation) / stride;
  const along1 = dy.strides[2 + axis];
  const step = taps.length > 1 ? back : 0;
  return {
    pixels: along(pixels, axis, along1, 1),
    taps: along(taps.length, axis, -step * along1, -step),
    kernelTaps: plain(taps.length, (next - tap) * kernel.strides[2 + axis]),
    kernelStart: tap * kernel.strides[2 + axis],
    position: taps.length > 0 ? position : 0,
    elements: taps.length > 0 ? position * along1 : 0,
    bound: within(dy.shape[2 + axis]),
    firstPixel: first,
    pixelStep: stride,
  };
}

function phaseProduct(
  { groups }: ConvolutionAttributes,
  dy: View,
  kernel: View,
  [vertical, horizontal]: readonly Phase[],
): Product {
  const [outputs, rows] = kernel.shape;
  const [so, sc] = kernel.strides;
  const channels = outputs / groups;
  const [images] = dy.shape;
  const [sn, sy] = dy.strides;
  const inner: LinearMap = [still(channels, sy), vertical.taps, horizontal.taps];
  const right: Operand = {
    ...place(dy),
    start: [vertical.elements + horizontal.elements, vertical.position, horizontal.position],
    bounds: [vertical.bound, horizontal.bound],
    batch: [still(groups, channels * sy)],
    outer: [still(images, sn), vertical.pixels, horizontal.pixels],
    inner,
  };
  return {
    batch: groups,
    rows,
    columns: images * vertical.pixels.size * horizontal.pixels.size,
    depth: channels * vertical.taps.size * horizontal.taps.size,
    splits: 1,
    left: {
      ...{ ...place(kernel), start: [vertical.kernelStart + horizontal.kernelStart], bounds: [] },
      batch: [plain(groups, channels * so)],
      outer: [plain(rows, sc)],
      inner: [plain(channels, so), vertical.kernelTaps, horizontal.kernelTaps],
    },
    right,
    output: {
      start: [0, 0, vertical.firstPixel, horizontal.firstPixel],
      batch: [coordinate(groups, 1, rows)],
      row: [coordinate(rows, 1)],
      column: [
        coordinate(images, 0),
        coordinate(vertical.pixels.size, 2, vertical.pixelStep),
        coordinate(horizontal.pixels.size, 3, horizontal.pixelStep),
      ],
    },
  };
}
