import { customGradient, type Tensor } from "@tributary/autograd";
import { type Shape, shapesEqual, showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { overChannels, requireForm, requireWhole } from "./sample-shape.ts";

/** PyTorch's eps of every normalisation but RMSNorm. */
export const NORMALISATION_EPS = 1e-5;
/** Distance from 1 to the next float32: PyTorch's default eps of RMSNorm. */
const FLOAT32_EPS = 2 ** -23;

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Whether elements are scaled by `weight` and shifted by `bias`. Default true. */
  readonly affine?: boolean;
  /** Whether there is a `bias`; false leaves the scale alone. Default true. */
  readonly bias?: boolean;
}

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Whether channels are scaled by `weight` and shifted by `bias`. Default true. */
  readonly affine?: boolean;
}

/** Options of {@link RMSNorm}. */
export interface RMSNormOptions {
  /** Added to the mean square. Default 2^-23, the distance from 1 to the next float32. */
  readonly eps?: number;
  /** Whether elements are scaled by `weight`. Default true. */
  readonly affine?: boolean;
}

/**
 * (x - mean) / sqrt(variance + eps) over `dims`, with the biased variance. With y for the result, its derivative is
 * (dy - mean(dy) - y mean(dy y)) / sqrt(variance + eps): two sums instead of those of every operation in it.
 */
function standardised(x: Tensor, dims: readonly number[], eps: number): Tensor {
  const mean = (each: Tensor): Tensor => each.mean(dims, { keepdim: true });
  const centred = x.sub(mean(x));
  const deviation = mean(centred.square()).add(eps).sqrt();
  const scaled = customGradient(
    (_, own: Tensor) => centred.div(own),
    ({ inputs: [, own], output: y, cotangent: dy }) =>
      own === undefined
        ? []
        : [
            dy
              .sub(mean(dy))
              .sub(y.mul(mean(dy.mul(y))))
              .div(own),
            null,
          ],
  );
  return scaled(x, deviation);
}

/** The last dimensions of x, which must be `shape`. @throws NnError SHAPE_MISMATCH */
function lastDimensions(owner: string, x: Tensor, shape: Shape): number[] {
  const lead = x.ndim - shape.length;
  if (lead < 0 || !shapesEqual(x.shape.slice(lead), shape)) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `${owner} takes [..., ${shape.join(", ")}], but got ${showShape(x.shape)}: reshape the input, or make the layer for it`,
    );
  }
  return shape.map((_, axis) => lead + axis);
}

function shapeOf(owner: string, normalizedShape: number | Shape): Shape {
  const shape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
  const whole = shape.length > 0 && shape.every((size) => Number.isInteger(size) && size > 0);
  requireOption(whole, owner, "normalizedShape", showShape(shape), "at least one whole number above 0");
  return shape;
}

/**
 * Each sample's last dimensions brought to mean 0 and (biased) variance 1, then scaled and shifted element by element.
 * `weight` and `bias` have the shape of those dimensions. Source: Ba et al. (2016), arXiv:1607.06450.
 */
export class LayerNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly normalizedShape: Shape;
  readonly eps: number;

  /** @param normalizedShape the last dimensions of the input, or the last one alone  @throws NnError INVALID_OPTION */
  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    const { eps = NORMALISATION_EPS, affine = true, bias = true } = options;
    this.normalizedShape = shapeOf("LayerNorm", normalizedShape);
    this.eps = eps;
    this.weight = affine ? new Parameter(this.normalizedShape, init.ones) : null;
    this.bias = affine && bias ? new Parameter(this.normalizedShape, init.zeros) : null;
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    const normal = standardised(x, lastDimensions("LayerNorm", x, this.normalizedShape), this.eps);
    const scaled = this.weight === null ? normal : normal.mul(this.weight.value);
    return this.bias === null ? scaled : scaled.add(this.bias.value);
  }
}

/**
 * The last dimensions divided by the root of their mean square, then scaled element by element; nothing is subtracted.
 * Source: Zhang and Sennrich (2019), arXiv:1910.07467.
 */
export class RMSNorm extends Module {
  readonly weight: Parameter | null;
  readonly normalizedShape: Shape;
  readonly eps: number;

  /** @param normalizedShape the last dimensions of the input, or the last one alone  @throws NnError INVALID_OPTION */
  constructor(normalizedShape: number | Shape, options: RMSNormOptions = {}) {
    super();
    this.normalizedShape = shapeOf("RMSNorm", normalizedShape);
    this.eps = options.eps ?? FLOAT32_EPS;
    this.weight = options.affine === false ? null : new Parameter(this.normalizedShape, init.ones);
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    const dims = lastDimensions("RMSNorm", x, this.normalizedShape);
    const normal = x.div(x.square().mean(dims, { keepdim: true }).add(this.eps).sqrt());
    return this.weight === null ? normal : normal.mul(this.weight.value);
  }
}

/**
 * Channels cut into groups, each brought to mean 0 and (biased) variance 1 within its sample, then scaled and shifted a
 * channel. x [M, C, ...]; `weight` and `bias` are [C]. Source: Wu and He (2018), arXiv:1803.08494.
 */
export class GroupNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly groups: number;
  readonly channels: number;
  readonly eps: number;

  /** @throws NnError INVALID_OPTION unless `groups` divides `channels` */
  constructor(groups: number, channels: number, options: GroupNormOptions = {}) {
    super();
    const { eps = NORMALISATION_EPS, affine = true } = options;
    requireWhole("GroupNorm", 1, { groups, channels });
    requireOption(channels % groups === 0, "GroupNorm", "groups", groups, `a divisor of ${channels} channels`);
    this.groups = groups;
    this.channels = channels;
    this.eps = eps;
    this.weight = affine ? new Parameter([channels], init.ones) : null;
    this.bias = affine ? new Parameter([channels], init.zeros) : null;
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("GroupNorm", x, ["samples", this.channels, ...x.shape.slice(2).map(String)]);
    const rows = x.reshape([x.size(0), this.groups, -1]);
    const normal = standardised(rows, [2], this.eps).reshape(x.shape);
    const scaled = this.weight === null ? normal : normal.mul(overChannels(this.weight.value, x.ndim));
    return this.bias === null ? scaled : scaled.add(overChannels(this.bias.value, x.ndim));
  }
}
