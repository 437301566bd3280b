import * as spatial from "./functions/spatial.ts";
import { Tensor } from "./tensor.ts";

/**
 * Each element of x [N, C, H, W] spread over a kernel [C, O / groups, KH, KW], without bias -> [N, O, OH, OW], where
 * OH = (H - 1) stride - 2 padding + dilation (KH - 1) + outputPadding + 1: PyTorch's conv_transpose2d.
 * @throws AutogradError INVALID_ARGUMENT; ProgramError when channels do not fit
 */
export function convTranspose2d(x: Tensor, kernel: Tensor, options: spatial.TransposedConvolutionOptions = {}): Tensor {
  return new Tensor(spatial.convTranspose2d(x.value, kernel.value, options));
}
