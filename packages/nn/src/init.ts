import { full, iota, normal as normalNumbers, type Tensor, uniform as uniformNumbers } from "@tributary/autograd";
import { elementCount, type Shape, showShape } from "@tributary/program";
import { NnError, requireOption } from "./errors.ts";
import { orthogonalMatrix } from "./orthogonal.ts";
import { truncatedNormal as truncatedNumbers } from "./truncated-normal.ts";

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

/** Options of {@link init}.truncatedNormal; the defaults are PyTorch's. */
export interface TruncatedNormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Of the normal distribution that is cut. Default 1. */
  readonly standardDeviation?: number;
  /** Nothing is below this. Default -2. */
  readonly low?: number;
  /** Nothing is above this. Default 2. */
  readonly high?: number;
}

/** N(mean, standardDeviation^2) between low and high, which are values, not deviations. @throws NnError INVALID_OPTION */
function truncatedNormal(options: TruncatedNormalOptions = {}): Initialiser {
  const { mean = 0, standardDeviation = 1, low = -2, high = 2 } = options;
  requireOption(standardDeviation > 0, "truncatedNormal", "standardDeviation", standardDeviation, "above 0");
  requireOption(low < high, "truncatedNormal", "low", low, `below high, which is ${high}`);
  return (key, shape) => truncatedNumbers(key, shape, { mean, standardDeviation, low, high });
}

/** U(-b, b), b = sqrt(3 / fanIn). Source: LeCun et al. (1998), "Efficient BackProp". */
function lecunUniform(): Initialiser {
  return (key, shape) => {
    const bound = Math.sqrt(3 / fans(shape).fanIn);
    return uniformNumbers(key, shape, -bound, bound);
  };
}

/** N(0, 1 / fanIn). Source: LeCun et al. (1998), "Efficient BackProp". */
function lecunNormal(): Initialiser {
  return (key, shape) => normalNumbers(key, shape, 0, Math.sqrt(1 / fans(shape).fanIn));
}

/** Deviation of a normal distribution that is cut at two deviations. Keras divides by it, so that what is left has the wanted one. */
const TRUNCATED_DEVIATION = 0.8796256610342398;

/** Keras' VarianceScaling: a normal distribution cut at two deviations, widened to the wanted variance. */
function kerasNormal(key: Tensor, shape: Shape, variance: number): Tensor {
  const standardDeviation = Math.sqrt(variance) / TRUNCATED_DEVIATION;
  return truncatedNumbers(key, shape, {
    mean: 0,
    standardDeviation,
    low: -2 * standardDeviation,
    high: 2 * standardDeviation,
  });
}

/** Keras' GlorotNormal: truncated, with the deviation sqrt(2 / (fanIn + fanOut)). PyTorch's xavierNormal is not truncated. */
function kerasGlorotNormal(): Initialiser {
  return (key, shape) => {
    const { fanIn, fanOut } = fans(shape);
    return kerasNormal(key, shape, 2 / (fanIn + fanOut));
  };
}

/** Keras' HeNormal: truncated, with the deviation sqrt(2 / fanIn). PyTorch's kaimingNormal is not truncated. */
function kerasHeNormal(): Initialiser {
  return (key, shape) => kerasNormal(key, shape, 2 / fans(shape).fanIn);
}

/** Keras' LecunNormal: truncated, with the deviation sqrt(1 / fanIn). */
function kerasLecunNormal(): Initialiser {
  return (key, shape) => kerasNormal(key, shape, 1 / fans(shape).fanIn);
}

/** `gain` on the diagonal of a matrix, 0 elsewhere, square or not: PyTorch's eye_. When traced: @throws NnError SHAPE_MISMATCH */
function identity(gain = 1): Initialiser {
  return (_, shape) => {
    requireMatrix("identity", shape, shape.length === 2);
    return iota(shape, 0).eq(iota(shape, 1)).to("float32").mul(gain);
  };
}

/** Rows (or columns, if they are fewer) of length `gain`, orthogonal to each other; dimensions behind the first count as one. When traced: @throws NnError SHAPE_MISMATCH */
function orthogonal(gain = 1): Initialiser {
  return (key, shape) => {
    requireMatrix("orthogonal", shape, shape.length >= 2);
    return orthogonalMatrix(key, shape, gain);
  };
}

function requireMatrix(owner: string, shape: Shape, holds: boolean): void {
  if (holds) return;
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} starts matrices, but the parameter is ${showShape(shape)}: use another initialiser for it`,
  );
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
  truncatedNormal,
  lecunUniform,
  lecunNormal,
  kerasGlorotNormal,
  kerasHeNormal,
  kerasLecunNormal,
  identity,
  orthogonal,
};
