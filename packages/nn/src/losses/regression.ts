import { type Tensor, where } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { elementLosses, requireAlike, type SampleLosses } from "./loss.ts";

/** Options of {@link huberLoss}. */
export interface HuberOptions {
  /** Where the square ends and the line begins. Default 1. */
  readonly delta?: number;
}

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1Options {
  /** Where the square ends and the line begins; 0 gives {@link maeLoss}. Default 1. */
  readonly beta?: number;
}

/**
 * Squared error of equal shapes [M, ...], as PyTorch's: the mean is over all elements of all samples.
 * @throws NnError SHAPE_MISMATCH
 */
export function mseLoss(outputs: Tensor, targets: Tensor): SampleLosses {
  const wanted = requireAlike("mseLoss", outputs, targets);
  return elementLosses(outputs.sub(wanted).square());
}

/**
 * Absolute error of equal shapes [M, ...], as PyTorch's L1Loss: the mean is over all elements; its derivative at 0 is 0.
 * @throws NnError SHAPE_MISMATCH
 */
export function maeLoss(outputs: Tensor, targets: Tensor): SampleLosses {
  const wanted = requireAlike("maeLoss", outputs, targets);
  return elementLosses(outputs.sub(wanted).abs());
}

/**
 * Half the squared error below `delta`, and delta (|error| - delta / 2) from there on; as PyTorch's HuberLoss.
 * Source: Huber (1964). @throws NnError SHAPE_MISMATCH, INVALID_OPTION
 */
export function huberLoss(outputs: Tensor, targets: Tensor, { delta = 1 }: HuberOptions = {}): SampleLosses {
  requireOption(delta > 0, "huberLoss", "delta", delta, "above 0");
  const error = outputs.sub(requireAlike("huberLoss", outputs, targets));
  const size = error.abs();
  return elementLosses(where(size.lt(delta), error.square().mul(0.5), size.sub(delta / 2).mul(delta)));
}

/**
 * The squared error over 2 beta below `beta`, and |error| - beta / 2 from there on; as PyTorch's SmoothL1Loss.
 * Source: Girshick (2015), arXiv:1504.08083. @throws NnError SHAPE_MISMATCH, INVALID_OPTION
 */
export function smoothL1Loss(outputs: Tensor, targets: Tensor, { beta = 1 }: SmoothL1Options = {}): SampleLosses {
  requireOption(beta >= 0, "smoothL1Loss", "beta", beta, "at least 0");
  if (beta === 0) return maeLoss(outputs, targets);
  const error = outputs.sub(requireAlike("smoothL1Loss", outputs, targets));
  const size = error.abs();
  return elementLosses(where(size.lt(beta), error.square().mul(0.5 / beta), size.sub(beta / 2)));
}
