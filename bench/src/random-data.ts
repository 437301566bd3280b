/** A source of numbers in [0, 1), the same on every machine: mulberry32. What is timed does not depend on their quality. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many draws from the standard normal distribution (Box and Muller, 1958). */
export function normals(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return radius * Math.cos(2 * Math.PI * random());
  });
}

/** So many whole numbers in 0 ... below - 1, as class indices or tokens. */
export function integers(count: number, below: number, random: () => number): Int32Array {
  return Int32Array.from({ length: count }, () => Math.floor(random() * below));
}
