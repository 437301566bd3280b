import { DataError } from "./errors.ts";

/** Two 32-bit words that name a stream of random numbers. */
export type RandomKey = readonly [number, number];

const TWO_32 = 4_294_967_296;
const KEY_SCHEDULE_PARITY = 0x1bd11bda;

function rotate(x: number, count: number): number {
  return (x << count) | (x >>> (32 - count));
}

/**
 * Threefry-2x32 with 20 rounds: a keyed bijection on pairs of words. Needs nothing but integer addition, rotation and
 * exclusive or, so that every machine gets the same bits.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * @param target words 0 and 1 receive the result
 */
export function threefryInto(
  target: Uint32Array,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): void {
  const key2 = KEY_SCHEDULE_PARITY ^ key0 ^ key1;
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  let injected0 = key0;
  let injected1 = key1;
  let injected2 = key2;
  for (let group = 1; group <= 5; group += 1) {
    const odd = (group & 1) === 1;
    x = (x + y) | 0;
    y = rotate(y, odd ? 13 : 17) ^ x;
    x = (x + y) | 0;
    y = rotate(y, odd ? 15 : 29) ^ x;
    x = (x + y) | 0;
    y = rotate(y, odd ? 26 : 16) ^ x;
    x = (x + y) | 0;
    y = rotate(y, odd ? 6 : 24) ^ x;
    const recycled = injected0;
    injected0 = injected1;
    injected1 = injected2;
    injected2 = recycled;
    x = (x + injected0) | 0;
    y = (y + injected1 + group) | 0;
  }
  target[0] = x;
  target[1] = y;
}

/** The key of a seed. @param seed whole, 0 to 2^53 - 1 @throws DataError NUMBER_INVALID */
export function keyOfSeed(seed: number): RandomKey {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new DataError("NUMBER_INVALID", `The seed is ${seed}: use a whole number of at least 0 and below 2^53`);
  }
  return [seed % TWO_32, Math.floor(seed / TWO_32)];
}

/** A key for one purpose under another key: streams of different (a, b) have nothing to do with each other. */
export function deriveKey(key: RandomKey, a: number, b: number): RandomKey {
  const words = new Uint32Array(2);
  threefryInto(words, key[0], key[1], a, b);
  return [words[0] ?? 0, words[1] ?? 0];
}

/** Random numbers of one key, one after the other. The numbers depend on the key alone; reusing an instance allocates nothing. */
export class RandomStream {
  private readonly words = new Uint32Array(2);
  private key0 = 0;
  private key1 = 0;
  private counter = 0;
  private second = false;

  constructor(key: RandomKey) {
    this.restart(key[0], key[1]);
  }

  /** Goes to the start of another key's stream. */
  restart(key0: number, key1: number): void {
    this.key0 = key0 | 0;
    this.key1 = key1 | 0;
    this.counter = 0;
    this.second = false;
  }

  /** A whole number from 0 to 2^32 - 1. */
  word(): number {
    if (this.second) {
      this.second = false;
      return this.words[1] ?? 0;
    }
    threefryInto(this.words, this.key0, this.key1, this.counter, 0);
    this.counter += 1;
    this.second = true;
    return this.words[0] ?? 0;
  }

  /** A number from low (included) to high (excluded). */
  between(low: number, high: number): number {
    return low + (high - low) * (this.word() / TWO_32);
  }

  /** A whole number from 0 to bound - 1. Its bias is below bound / 2^32. */
  below(bound: number): number {
    return Math.floor((this.word() / TWO_32) * bound);
  }
}

/** A permutation of 0 to length - 1, uniform over the key. Source: Fisher and Yates, as in Knuth, TAOCP 2, 3.4.2, algorithm P. */
export function permutation(length: number, key: RandomKey): Uint32Array {
  const stream = new RandomStream(key);
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i += 1) {
    const j = stream.below(i + 1);
    order[i] = order[j] ?? 0;
    order[j] = i;
  }
  return order;
}
