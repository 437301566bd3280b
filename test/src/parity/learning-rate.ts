import type { Tensor } from "@tributary/autograd";
import type { Schedule } from "@tributary/nn";

/** Samples of a step of the runs that schedules are asked about; odd, so that a rounded division shows. */
export const BATCH_SIZE = 7;
/** Steps of those runs, which are one epoch. */
const STEPS = 12;

/** A schedule's rate after so many samples. @param samples float32 [] */
export function learningRateAt(schedule: Schedule, samples: Tensor): Tensor {
  const totalSamples = STEPS * BATCH_SIZE;
  return schedule({ samples, batchSize: BATCH_SIZE, samplesPerEpoch: totalSamples, totalSamples });
}
