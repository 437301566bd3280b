/**
 * Exponential moving average without the pull towards 0 at its start: m_n = w m_(n-1) + (1 - w) x_n from m_0 = 0, shown as
 * m_n / (1 - w^n). Places without a value stay without one and do not count.
 * Source: Kingma and Ba (2015), "Adam", section 3: correction of the initialisation bias (arXiv:1412.6980).
 * @param weight of what was before, 0 (no smoothing) ... below 1
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return [...values];
  let mean = 0;
  let left = 1;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    left *= weight;
    return mean / (1 - left);
  });
}
