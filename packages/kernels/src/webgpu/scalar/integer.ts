import type { Routine } from "./routine.ts";

/** High word of the product of two words, from the products of their halves. */
export const MULTIPLY_HIGH: Routine = {
  name: "multiply_high",
  text: `fn multiply_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}`,
};

/** base^exponent, wrapping. */
export const UNSIGNED_POWER: Routine = {
  name: "power_u32",
  text: `fn power_u32(base: u32, exponent: u32) -> u32 {
  var result = 1u;
  var square = base;
  var rest = exponent;
  while (rest != 0u) {
    if ((rest & 1u) == 1u) { result *= square; }
    square *= square;
    rest >>= 1u;
  }
  return result;
}`,
};

/** base^exponent, wrapping; a negative exponent gives 1 / base^-exponent truncated, and 0 for base 0. */
export const SIGNED_POWER: Routine = {
  name: "power_i32",
  needs: [UNSIGNED_POWER],
  text: `fn power_i32(base: i32, exponent: i32) -> i32 {
  if (exponent >= 0) { return bitcast<i32>(power_u32(bitcast<u32>(base), bitcast<u32>(exponent))); }
  let sign = select(1, base, (exponent & 1) == 1);
  return select(0, sign, base == 1 || base == -1);
}`,
};

/** Salmon et al. (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", table 2: Threefry-2x32. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const ROUNDS = 20;
const ROUNDS_PER_KEY = 4;
/** The Skein key schedule's parity constant. */
const PARITY = "0x1bd11bdau";

/** First word of the block of a counter. */
export const THREEFRY: Routine = { name: "threefry", text: threefry() };

function threefry(): string {
  const lines = [
    "fn threefry(key0: u32, key1: u32, high: u32, low: u32) -> u32 {",
    `  let key2 = key0 ^ key1 ^ ${PARITY};`,
    "  var first = high + key0;",
    "  var second = low + key1;",
  ];
  for (let round = 0; round < ROUNDS; round++) {
    const bits = ROTATIONS[round % ROTATIONS.length];
    lines.push("  first += second;", `  second = ((second << ${bits}u) | (second >> ${32 - bits}u)) ^ first;`);
    if ((round + 1) % ROUNDS_PER_KEY !== 0) continue;
    const number = (round + 1) / ROUNDS_PER_KEY;
    lines.push(`  first += key${number % 3};`, `  second += key${(number + 1) % 3} + ${number}u;`);
  }
  return [...lines, "  return first;", "}"].join("\n");
}
