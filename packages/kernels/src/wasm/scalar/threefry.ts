import type { VectorCode, Vectors } from "../vector-code.ts";

/** Salmon et al. (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", table 2: Threefry-2x32. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const ROUNDS = 20;
const ROUNDS_PER_KEY = 4;
/** The Skein key schedule's parity constant. */
const PARITY = 0x1bd11bda;

/** First word of the block of each lane's counter. */
export function threefry(v: VectorCode, key0: Vectors, key1: Vectors, high: Vectors, low: Vectors): Vectors {
  const keys = [key0, key1, v.op("v128.xor", v.op("v128.xor", key0, key1), v.bits(PARITY))];
  let first = v.op("i32x4.add", high, keys[0]);
  let second = v.op("i32x4.add", low, keys[1]);
  for (let round = 0; round < ROUNDS; round++) {
    first = v.op("i32x4.add", first, second);
    second = v.op("v128.xor", rotated(v, second, ROTATIONS[round % ROTATIONS.length]), first);
    if ((round + 1) % ROUNDS_PER_KEY !== 0) continue;
    const number = (round + 1) / ROUNDS_PER_KEY;
    first = v.op("i32x4.add", first, keys[number % 3]);
    second = v.op("i32x4.add", v.op("i32x4.add", second, keys[(number + 1) % 3]), v.bits(number));
  }
  return first;
}

function rotated(v: VectorCode, x: Vectors, bits: number): Vectors {
  return v.op("v128.or", v.shift("i32x4.shl", x, bits), v.shift("i32x4.shr_u", x, 32 - bits));
}
