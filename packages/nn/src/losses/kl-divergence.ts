import { ones, type Tensor, where } from "@tributary/autograd";
import { perSample, requireAlike, type SampleLosses } from "./loss.ts";

/** Options of {@link klDivergence}. */
export interface KlDivergenceOptions {
  /** Whether the targets are logarithms of probabilities too. Default false. */
  readonly logTarget?: boolean;
}

/**
 * Kullback-Leibler divergence t (ln t - x) of log-probabilities x [M, ...] from the probabilities t that the data has, in nats;
 * as PyTorch's KLDivLoss with the reduction "batchmean": summed over each sample, divided by the number of samples. t = 0 adds 0.
 * @throws NnError SHAPE_MISMATCH
 */
export function klDivergence(
  outputs: Tensor,
  targets: Tensor,
  { logTarget = false }: KlDivergenceOptions = {},
): SampleLosses {
  const wanted = requireAlike("klDivergence", outputs, targets);
  const probabilities = logTarget ? wanted.exp() : wanted;
  // ln 1 = 0 stands where the target is 0: 0 times its logarithm would be NaN.
  const logarithms = logTarget ? wanted : where(wanted.gt(0), wanted, 1).log();
  const values = perSample(probabilities.mul(logarithms.sub(outputs)));
  return { values, weights: ones([outputs.size(0)]) };
}
