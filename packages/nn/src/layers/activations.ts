import { type Tensor, where } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { overChannels, requireForm, requireWhole } from "./sample-shape.ts";

/** Above beta x of this, softplus is x: PyTorch's threshold. */
const SOFTPLUS_THRESHOLD = 20;

/** e^x - 1 for x at most 0, without the cancellation near 0: tanh(x / 2) (e^x + 1). */
function expm1(x: Tensor): Tensor {
  return x.mul(0.5).tanh().mul(x.exp().add(1));
}

/** log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold. */
function softplus(x: Tensor, beta: number, threshold: number): Tensor {
  const scaled = x.mul(beta);
  // Clamped, because the gradient of what `where` leaves out must be finite too.
  const curve = scaled
    .clamp({ max: threshold })
    .exp()
    .add(1)
    .log()
    .mul(1 / beta);
  return where(scaled.gt(threshold), x, curve);
}

function elu(x: Tensor, alpha: number): Tensor {
  return where(x.gt(0), x, expm1(x.clamp({ max: 0 })).mul(alpha));
}

/** x where it is above 0, else 0. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** Options of {@link GELU}. */
export interface GELUOptions {
  /** "tanh" takes GPT-2's formula 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). Default "none": exact. */
  readonly approximate?: "none" | "tanh";
}

/** x Phi(x), exact unless the approximation is asked for. Source: Hendrycks and Gimpel (2016), arXiv:1606.08415. */
export class GELU extends Module {
  readonly approximate: "none" | "tanh";

  constructor(options: GELUOptions = {}) {
    super();
    this.approximate = options.approximate ?? "none";
  }

  override forward(x: Tensor): Tensor {
    if (this.approximate === "none") return x.gelu();
    // (1 + tanh u) / 2 is sigmoid(2 u), which does not cancel where u is far below 0.
    const twice = x.mul(x.square().mul(0.044715).add(1)).mul(2 * Math.sqrt(2 / Math.PI));
    return x.mul(twice.sigmoid());
  }
}

/** x where it is above 0, else slope x. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number;

  constructor(negativeSlope = 0.01) {
    super();
    this.negativeSlope = negativeSlope;
  }

  override forward(x: Tensor): Tensor {
    return where(x.gt(0), x, x.mul(this.negativeSlope));
  }
}

/** Options of {@link PReLU}. */
export interface PReLUOptions {
  /** Slopes: one for all, or one for each channel (dimension 1). Default 1. */
  readonly parameters?: number;
  /** Default: 0.25 everywhere. */
  readonly initialiser?: Initialiser;
}

/** x where it is above 0, else a learned slope times x; `weight` is [1] or [C]. Source: He et al. (2015), arXiv:1502.01852. */
export class PReLU extends Module {
  readonly weight: Parameter;

  /** @throws NnError INVALID_OPTION */
  constructor({ parameters = 1, initialiser = init.constant(0.25) }: PReLUOptions = {}) {
    super();
    requireWhole("PReLU", 1, { parameters });
    this.weight = new Parameter([parameters], initialiser);
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    const [slopes = 1] = this.weight.shape;
    if (slopes > 1) requireForm("PReLU", x, ["samples", slopes, ...x.shape.slice(2).map(String)]);
    const slope = slopes === 1 ? this.weight.value : overChannels(this.weight.value, x.ndim);
    return where(x.gt(0), x, x.mul(slope));
  }
}

/** x where it is above 0, else alpha (e^x - 1). Source: Clevert et al. (2015), arXiv:1511.07289. */
export class ELU extends Module {
  readonly alpha: number;

  constructor(alpha = 1) {
    super();
    this.alpha = alpha;
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.alpha);
  }
}

/** The scaled ELU that keeps mean 0 and variance 1. Source: Klambauer et al. (2017), arXiv:1706.02515. */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return elu(x, 1.6732632423543772).mul(1.0507009873554805);
  }
}

/** x sigmoid(x), also called swish. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.mul(x.sigmoid());
  }
}

/** x tanh(softplus(x)). Source: Misra (2019), arXiv:1908.08681. */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return x.mul(softplus(x, 1, SOFTPLUS_THRESHOLD).tanh());
  }
}

/** Options of {@link Softplus}. */
export interface SoftplusOptions {
  /** Steepness. Default 1. */
  readonly beta?: number;
  /** Where beta x is above it the result is x. Default 20. */
  readonly threshold?: number;
}

/** log(1 + e^(beta x)) / beta. */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;

  /** @throws NnError INVALID_OPTION */
  constructor({ beta = 1, threshold = SOFTPLUS_THRESHOLD }: SoftplusOptions = {}) {
    super();
    requireOption(beta > 0, "Softplus", "beta", beta, "above 0");
    this.beta = beta;
    this.threshold = threshold;
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.beta, this.threshold);
  }
}

/** x / (1 + |x|). */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return x.div(x.abs().add(1));
  }
}

/** x between 0 and 6; the derivative at both ends is 0, as PyTorch's. */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return where(x.lt(6), x.relu(), 6);
  }
}

/** (x + 3) / 6 between 0 and 1; the derivative at both ends is 0, as PyTorch's. */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return where(
      x.lt(3),
      x
        .add(3)
        .relu()
        .mul(1 / 6),
      1,
    );
  }
}

/** x times {@link Hardsigmoid}; the derivative is -1/2 at -3 and 3/2 at 3, as PyTorch's. Source: arXiv:1905.02244. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    const curve = x.mul(x.add(3)).mul(1 / 6);
    return where(x.lt(-3), 0, where(x.gt(3), x, curve));
  }
}

/** e^x over its sum along a dimension, by default the last. Losses that take logits need none before them. */
export class Softmax extends Module {
  readonly dim: number;

  constructor(dim = -1) {
    super();
    this.dim = dim;
  }

  override forward(x: Tensor): Tensor {
    return x.softmax(this.dim);
  }
}

/** Logarithm of softmax along a dimension, by default the last. */
export class LogSoftmax extends Module {
  readonly dim: number;

  constructor(dim = -1) {
    super();
    this.dim = dim;
  }

  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.dim);
  }
}
