/** A model so small that every sum is exact: three integers. Equality of parameters is equality of everything before. */
export type TinyParameters = readonly [number, number, number];

/** What a contribution adds: two sums that depend on each sample and on the parameters, and the count. */
export interface TinySums {
  readonly first: number;
  readonly second: number;
  readonly samples: number;
}

export const TINY_START: TinyParameters = [1, 2, 3];
export const NO_SUMS: TinySums = { first: 0, second: 0, samples: 0 };

const MODULUS = 2 ** 31 - 1;

/** A value of its own for every sample of every epoch, so that a sum tells which samples are in it. */
function sampleValue(epoch: number, position: number): number {
  return (Math.imul(epoch + 1, 0x9e3779b1) ^ Math.imul(position + 1, 0x85ebca6b)) & 0xffff;
}

/** The gradient of samples start ... end - 1: sums below 2^53, so that no order of additions matters to them. */
export function tinyGradient(parameters: TinyParameters, epoch: number, start: number, end: number): TinySums {
  let first = 0;
  let second = 0;
  for (let position = start; position < end; position += 1) {
    const value = sampleValue(epoch, position);
    first += value + (parameters[0] % 1_009);
    second += (value * value) % 65_521;
  }
  return { first, second, samples: end - start };
}

export function addSums(a: TinySums, b: TinySums): TinySums {
  return { first: a.first + b.first, second: a.second + b.second, samples: a.samples + b.samples };
}

/** A new state that nothing but this state and these sums leads to (up to collisions of a 31-bit modulus). */
export function tinyUpdate(parameters: TinyParameters, sums: TinySums): TinyParameters {
  const [a, b, c] = parameters;
  return [(a * 31 + sums.first) % MODULUS, (b * 37 + sums.second) % MODULUS, (c * 41 + sums.samples) % MODULUS];
}

/** What one process alone computes. */
export function serialRun(samples: number, batchSize: number, epochs: number): TinyParameters {
  let parameters = TINY_START;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (let start = 0; start < samples; start += batchSize) {
      const end = Math.min(samples, start + batchSize);
      parameters = tinyUpdate(parameters, tinyGradient(parameters, epoch, start, end));
    }
  }
  return parameters;
}
