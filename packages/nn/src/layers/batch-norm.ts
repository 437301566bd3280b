import { concat, type Tensor, tensor, where } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { init } from "../init.ts";
import { Module } from "../module.ts";
import { Buffer, Parameter } from "../parameter.ts";
import { realSamples, Statistics } from "../statistics.ts";
import { NORMALISATION_EPS } from "./normalisation.ts";
import { overChannels, requireForm, requireWhole } from "./sample-shape.ts";

/** Options of {@link BatchNorm1d} and {@link BatchNorm2d}; defaults as PyTorch's. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Share of a step's mean and variance in the running ones. Default 0.1. */
  readonly momentum?: number;
  /** Whether channels are scaled by `weight` and shifted by `bias`. Default true. */
  readonly affine?: boolean;
}

/** Mean and (biased) variance of each channel over the real samples of a microbatch. */
interface Moments {
  /** float32 [C]. */
  readonly mean: Tensor;
  /** float32 [C]. */
  readonly variance: Tensor;
  /** Elements of a channel, float32 []. */
  readonly count: Tensor;
}

/**
 * In training each channel is brought to mean 0 and variance 1 over the real samples of one microbatch (biased variance;
 * padding has no part in it). In evaluation the running mean and variance stand in. Those change once a step, by the count,
 * the sum of x - r and of its square around the old running mean r, summed over all microbatches of the step whoever
 * computed them: with one microbatch a step they are PyTorch's, with the unbiased variance stored. PyTorch's counter
 * `num_batches_tracked`, which nothing reads at this momentum, is left out. Source: Ioffe and Szegedy (2015), arXiv:1502.03167.
 */
abstract class BatchNorm extends Module {
  /** [C], starts at 1. */
  readonly weight: Parameter | null;
  /** [C], starts at 0. */
  readonly bias: Parameter | null;
  /** [C], PyTorch's name; starts at 0. */
  readonly running_mean: Buffer;
  /** [C], PyTorch's name; starts at 1. */
  readonly running_var: Buffer;
  /** [count, then for each channel the sum of x - r, then of (x - r)^2]. */
  readonly statistics: Statistics;
  readonly channels: number;
  readonly eps: number;
  readonly momentum: number;

  /** @throws NnError INVALID_OPTION */
  constructor(channels: number, options: BatchNormOptions = {}) {
    super();
    const { eps = NORMALISATION_EPS, momentum = 0.1, affine = true } = options;
    requireWhole("BatchNorm", 1, { channels });
    requireOption(momentum >= 0 && momentum <= 1, "BatchNorm", "momentum", momentum, "from 0 to 1");
    this.channels = channels;
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? new Parameter([channels], init.ones) : null;
    this.bias = affine ? new Parameter([channels], init.zeros) : null;
    this.running_mean = new Buffer([channels], init.zeros);
    this.running_var = new Buffer([channels], init.ones);
    this.statistics = new Statistics(1 + 2 * channels, (sums) => this.#settle(sums));
  }

  /** Normalises [M, C, ...] whose form was checked. */
  protected normalised(owner: string, x: Tensor): Tensor {
    const { mean, variance } = this.training ? this.#measured(owner, x) : this.#remembered();
    const scale = variance.add(this.eps).sqrt();
    const factor = this.weight === null ? tensor(1).div(scale) : this.weight.value.div(scale);
    const scaled = x.sub(overChannels(mean, x.ndim)).mul(overChannels(factor, x.ndim));
    return this.bias === null ? scaled : scaled.add(overChannels(this.bias.value, x.ndim));
  }

  #remembered(): Pick<Moments, "mean" | "variance"> {
    return { mean: this.running_mean.value, variance: this.running_var.value };
  }

  #measured(owner: string, x: Tensor): Moments {
    const samples = x.size(0);
    const dims = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const places = x.numel() / (samples * this.channels);
    const real = realSamples(owner, samples);
    const mask = real === null ? null : real.reshape(x.shape.map((_, axis) => (axis === 0 ? samples : 1)));
    const masked = (values: Tensor): Tensor => (mask === null ? values : values.mul(mask));
    // A microbatch of padding alone would divide by 0.
    const count = real === null ? tensor(samples * places) : real.sum().mul(places).maximum(1);
    const mean = masked(x).sum(dims).div(count);
    const variance = masked(x.sub(overChannels(mean, x.ndim)).square())
      .sum(dims)
      .div(count);
    const moments = { mean, variance, count };
    this.#record(moments);
    return moments;
  }

  /** By how much the mean is off r says the sums around r: no second pass over x. */
  #record({ mean, variance, count }: Moments): void {
    const shift = mean.sub(this.running_mean.value);
    const squares = variance.add(shift.square());
    this.statistics.record(concat([count.reshape([1]), shift.mul(count), squares.mul(count)]));
  }

  #settle(sums: Tensor): void {
    const { channels, momentum } = this;
    const [mean, variance] = [this.running_mean.value, this.running_var.value];
    const count = sums.select(0, 0);
    const divisor = count.maximum(1);
    const shift = sums.narrow(0, 1, channels).div(divisor);
    const biased = sums
      .narrow(0, 1 + channels, channels)
      .div(divisor)
      .sub(shift.square())
      .maximum(0);
    const unbiased = biased.mul(divisor.div(divisor.sub(1).maximum(1)));
    const next = variance.mul(1 - momentum).add(unbiased.mul(momentum));
    this.running_mean.update(mean.add(shift.mul(momentum)));
    // Nothing is recorded by a layer that stays in evaluation; its variance must not fade.
    this.running_var.update(where(count.gt(0), next, variance));
  }
}

/** Batch normalisation of features [M, C] or sequences [M, C, L]: see {@link BatchNorm2d}. */
export class BatchNorm1d extends BatchNorm {
  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("BatchNorm1d", x, ["samples", this.channels], ["samples", this.channels, "length"]);
    return this.normalised("BatchNorm1d", x);
  }
}

/**
 * Batch normalisation of images [M, C, H, W]. In training over the real samples of one microbatch; its running statistics
 * change once a step and stand in for them in evaluation. Source: Ioffe and Szegedy (2015), arXiv:1502.03167.
 */
export class BatchNorm2d extends BatchNorm {
  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("BatchNorm2d", x, ["samples", this.channels, "height", "width"]);
    return this.normalised("BatchNorm2d", x);
  }
}
