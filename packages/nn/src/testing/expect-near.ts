import type { Tensor } from "@tributary/autograd";

/** Share of an element's size by which it may be off. */
const RELATIVE = 1e-5;

/** What {@link expectNear} says and allows beyond that. */
export interface Nearness {
  /** Names the tensor where it is off. */
  readonly name?: string;
  /** By how much any element may be off: 1e-6 unless given. */
  readonly absolute?: number;
}

/** Compares a tensor's elements with what they should be. @throws Error naming the first element that is off by more than absolute + 1e-5 |expected| */
export async function expectNear(
  actual: Tensor | undefined,
  expected: readonly number[],
  { name = "The tensor", absolute = 1e-6 }: Nearness = {},
): Promise<void> {
  const elements = actual === undefined ? [] : [...(await actual.data())];
  if (elements.length !== expected.length) {
    throw new Error(`${name} has ${elements.length} elements, not ${expected.length}`);
  }
  elements.forEach((element, index) => {
    const want = expected[index] ?? Number.NaN;
    const near = Math.abs(element - want) <= absolute + RELATIVE * Math.abs(want);
    if (!near) throw new Error(`Element ${index} of ${name} is ${element}, not ${want}`);
  });
}
