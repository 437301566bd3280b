import { full, normal as normalNumbers, type Tensor, uniform as uniformNumbers } from "@tributary/autograd";
import { elementCount, type Shape } from "@tributary/program";

/** Makes the first value of a parameter, as traced code. @param key uint32 [2], the parameter's own  @param shape the parameter's */
export type Initialiser = (key: Tensor, shape: Shape) => Tensor;

/** Whose variance is kept: of activations (fanIn) or of gradients (fanOut). */
export type FanMode = "fanIn" | "fanOut";

/** Options of the Kaiming initialisers. */
export interface KaimingOptions {
  /** Slope of the leaky ReLU that follows; 0 is ReLU. Default 0. The gain is sqrt(2 / (1 + a^2)). */
  readonly a?: number;
  /** Default fanIn. */
  readonly mode?: FanMode;
}

/** Inputs and outputs of each unit: a weight is [out, in, ...kernel]. A vector counts as [1, n]. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const [out = 1, into = 1] = shape.length < 2 ? [1, elementCount(shape)] : shape;
  const taps = elementCount(shape.slice(2));
  return { fanIn: into * taps, fanOut: out * taps };
}

function kaimingDeviation(shape: Shape, { a = 0, mode = "fanIn" }: KaimingOptions): number {
  return Math.sqrt(2 / (1 + a * a) / fans(shape)[mode]);
}

function xavierDeviation(shape: Shape, gain: number): number {
  const { fanIn, fanOut } = fans(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Every element is `value`. */
function constant(value: number): Initialiser {
  return (_, shape) => full(shape, value);
}

/** U(low, high). */
function uniform(low: number, high: number): Initialiser {
  return (key, shape) => uniformNumbers(key, shape, low, high);
}

/** N(mean, standardDeviation^2). */
function normal(mean = 0, standardDeviation = 1): Initialiser {
  return (key, shape) => normalNumbers(key, shape, mean, standardDeviation);
}

/** U(-b, b), b = sqrt(3) times the Kaiming deviation. Source: He et al. (2015), arXiv:1502.01852. */
function kaimingUniform(options: KaimingOptions = {}): Initialiser {
  return (key, shape) => {
    const bound = Math.sqrt(3) * kaimingDeviation(shape, options);
    return uniformNumbers(key, shape, -bound, bound);
  };
}

/** N(0, s^2), s = sqrt(2 / (1 + a^2) / fan). Source: He et al. (2015), arXiv:1502.01852. */
function kaimingNormal(options: KaimingOptions = {}): Initialiser {
  return (key, shape) => normalNumbers(key, shape, 0, kaimingDeviation(shape, options));
}

/** U(-b, b), b = gain sqrt(6 / (fanIn + fanOut)). Source: Glorot and Bengio (2010). */
function xavierUniform(gain = 1): Initialiser {
  return (key, shape) => {
    const bound = Math.sqrt(3) * xavierDeviation(shape, gain);
    return uniformNumbers(key, shape, -bound, bound);
  };
}

/** N(0, s^2), s = gain sqrt(2 / (fanIn + fanOut)). Source: Glorot and Bengio (2010). */
function xavierNormal(gain = 1): Initialiser {
  return (key, shape) => normalNumbers(key, shape, 0, xavierDeviation(shape, gain));
}

/** U(-1 / sqrt(fanIn), 1 / sqrt(fanIn)): how PyTorch starts weights (there as Kaiming with a = sqrt 5) and biases of Linear and Conv2d. */
function withinFanIn(fanIn: number): Initialiser {
  const bound = 1 / Math.sqrt(fanIn);
  return (key, shape) => uniformNumbers(key, shape, -bound, bound);
}

/** Ways to start a parameter, as torch.nn.init; each gives an {@link Initialiser}. */
export const init = {
  zeros: constant(0),
  ones: constant(1),
  constant,
  uniform,
  normal,
  kaimingUniform,
  kaimingNormal,
  xavierUniform,
  xavierNormal,
  withinFanIn,
};
