export { checkpoint } from "./checkpoint.ts";
export { arange, full, iota, type Nested, ones, type TensorOptions, tensor, zeros } from "./creation.ts";
export { customGradient, type GradientRule, type GradientRuleContext } from "./custom-gradient.ts";
export { AUTOGRAD_ERROR_CODES, AutogradError, type AutogradErrorCode } from "./errors.ts";
export { setDefaultBackend } from "./evaluation.ts";
export type { ReductionOptions } from "./functions/reductions.ts";
export type {
  ConvolutionOptions,
  Pair,
  PoolingOptions,
  TransposedConvolutionOptions,
} from "./functions/spatial.ts";
export { type GradOptions, grad, stopGradient } from "./grad.ts";
export { CAPTURED_ELEMENTS_MAX } from "./graph-conversion.ts";
export { concat, stack, where } from "./joining.ts";
export { foldIn, normal, normalFrom, randomKey, threefry, uniform, uniformFrom } from "./random.ts";
export { type ScanBody, type ScanInputs, type ScanResult, scan } from "./scan.ts";
export { type Dimensions, type Operand, Tensor } from "./tensor.ts";
export { type TraceDescription, type TracedFunction, traceProgram } from "./trace.ts";
export { convTranspose2d } from "./transposed-convolution.ts";
export type { Value } from "./value.ts";
