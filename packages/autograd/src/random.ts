import { elementCount, type Shape } from "@tributary/program";
import { arange, full, tensor } from "./creation.ts";
import * as op from "./primitives.ts";
import { Tensor } from "./tensor.ts";

/*
 * Random numbers are functions of a key and a counter, so that they do not depend on who computes them, in which order or
 * in how many pieces. A key is uint32 [2]. Use a key either to draw numbers or to make further keys with foldIn, not both:
 * otherwise the words of the new keys are also among the numbers drawn.
 */

const WORD = 2 ** 32;

/** A key for a seed, an integer from 0 to 2^53 - 1. */
export function randomKey(seed: number): Tensor {
  return tensor(Uint32Array.of(seed % WORD, Math.floor(seed / WORD)));
}

/**
 * 32 random bits for each counter: the first word of Threefry-2x32 with 20 rounds. Equal on every backend.
 * Source: Salmon et al. (2011), "Parallel Random Numbers: As Easy as 1, 2, 3".
 * @param key uint32 [2]  @param counterHigh uint32 [...]  @param counterLow uint32, of the same shape
 * @returns uint32 [...]
 */
export function threefry(key: Tensor, counterHigh: Tensor, counterLow: Tensor): Tensor {
  return new Tensor(op.threefry(key.value, counterHigh.value, counterLow.value));
}

/** A new key for each number: words of `key` at the counters (data, 0) and (data, 1). @param data an integer below 2^32, or a uint32 scalar */
export function foldIn(key: Tensor, data: Tensor | number): Tensor {
  const high = typeof data === "number" ? full([2], data, "uint32") : data.reshape([1]).expand([2]);
  return threefry(key, high, arange(2, "uint32"));
}

/**
 * Float32 in [0, 1) from random words: the upper 24 bits times 2^-24. The division and the conversion are exact, so the
 * bits are equal on every backend.
 */
export function uniformFrom(bits: Tensor): Tensor {
  const upper = op.div(bits.value, op.full(bits.shape, 256, "uint32"));
  return new Tensor(op.cast(upper, "float32")).mul(2 ** -24);
}

/**
 * Standard normal numbers from two random words each: sqrt(-2 ln u) cos(2 pi v) with u in (0, 1] and v in [0, 1).
 * Equal within the tolerance of log, sqrt and cos. Source: Box and Muller (1958).
 */
export function normalFrom(first: Tensor, second: Tensor): Tensor {
  // One unit of 2^-24 more: u is never 0, whose logarithm is infinite, and 1 is still exact.
  const u = uniformFrom(first).add(2 ** -24);
  const v = uniformFrom(second);
  return u
    .log()
    .mul(-2)
    .sqrt()
    .mul(v.mul(2 * Math.PI).cos());
}

function words(key: Tensor, shape: Shape, half: number): Tensor {
  const count = elementCount(shape);
  return threefry(key, full([count], half, "uint32"), arange(count, "uint32")).reshape(shape);
}

/** Float32 in [low, high), element i from the word at the counter (0, i). */
export function uniform(key: Tensor, shape: Shape, low = 0, high = 1): Tensor {
  return uniformFrom(words(key, shape, 0))
    .mul(high - low)
    .add(low);
}

/** Normal numbers, element i from the words at the counters (0, i) and (1, i). */
export function normal(key: Tensor, shape: Shape, mean = 0, standardDeviation = 1): Tensor {
  return normalFrom(words(key, shape, 0), words(key, shape, 1))
    .mul(standardDeviation)
    .add(mean);
}
