import { type DType, ELEMENT_ARRAYS, elementCount, type Shape, type TensorType } from "@tributary/program";
import type { TensorData } from "../device.ts";
import { toFloat16Bits } from "../reference/float16.ts";

/** A tensor given to a program; float32 elements are exactly float32, so that every precision sees the same numbers. */
export interface GivenTensor extends TensorType {
  readonly data: TensorData;
}

/** What float elements are drawn from; also the bounds of small integers. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** The bounds of most floats here: both signs, on both sides of 1. */
export const AROUND_ZERO: Bounds = { low: -2, high: 2 };

/** Numbers that depend on a seed alone: a 32-bit xorshift generator (Marsaglia, 2003), good enough to choose test data. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    // Zero is the one state that xorshift never leaves; the odd multiplier spreads neighbouring seeds.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
    for (let i = 0; i < 8; i += 1) this.uint32();
  }

  uint32(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** In [low, high). */
  float({ low, high }: Bounds): number {
    return low + (high - low) * (this.uint32() / 2 ** 32);
  }

  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number {
    return low + (this.uint32() % (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.uint32() % choices.length];
  }

  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let i = order.length - 1; i > 0; i -= 1) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A tensor of any dtype: floats within the bounds, integers over their whole range with many small ones among them. */
  tensor(dtype: DType, shape: Shape, bounds: Bounds = AROUND_ZERO): GivenTensor {
    const data = emptyData(dtype, elementCount(shape));
    for (let i = 0; i < data.length; i += 1) data[i] = this.#element(dtype, bounds);
    return { dtype, shape, data };
  }

  #element(dtype: DType, bounds: Bounds): number {
    switch (dtype) {
      case "float32":
        return this.float(bounds);
      case "float16":
        return toFloat16Bits(this.float(bounds));
      case "int32":
        return this.chance(0.5) ? this.integer(-9, 9) : this.uint32() | 0;
      case "uint32":
        return this.chance(0.5) ? this.integer(0, 9) : this.uint32();
      case "uint8":
        return this.integer(0, 255);
      case "bool":
        return this.integer(0, 1);
    }
  }
}

/** Zeros as a device takes them in float32 arithmetic. */
export function emptyData(dtype: DType, length: number): TensorData {
  return new ELEMENT_ARRAYS[dtype](length);
}

/** A tensor with these elements; a float16's are numbers here and are rounded. */
export function given(dtype: DType, shape: Shape, elements: readonly number[]): GivenTensor {
  const data = emptyData(dtype, elementCount(shape));
  data.set(dtype === "float16" ? elements.map(toFloat16Bits) : elements);
  return { dtype, shape, data };
}

/** int32 indices, most of them inside 0 ... length - 1, the others outside on every side. */
export function givenIndices(random: SeededRandom, shape: Shape, length: number): GivenTensor {
  const outside = [-1, length, length + 5, -(2 ** 31), 2 ** 31 - 1];
  const elements = Array.from({ length: elementCount(shape) }, () =>
    length === 0 || random.chance(0.15) ? random.pick(outside) : random.integer(0, length - 1),
  );
  return given("int32", shape, elements);
}
