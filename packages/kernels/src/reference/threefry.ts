import type { PrimitiveAttributes } from "@tributary/program";
import type { Kernel } from "./value.ts";

/** Rotations of Threefry-2x32, used in turn: Salmon et al. (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", table 2. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const ROUNDS = 20;
const ROUNDS_PER_KEY_INJECTION = 4;
/** Parity constant of the Skein key schedule for 32-bit words. */
const KEY_PARITY = 0x1bd11bda;

/** Both words of Threefry-2x32 with 20 rounds; all arguments and results are uint32. */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): readonly [number, number] {
  const schedule = [key[0], key[1], (KEY_PARITY ^ key[0] ^ key[1]) >>> 0];
  let first = (counter[0] + schedule[0]) >>> 0;
  let second = (counter[1] + schedule[1]) >>> 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const rotation = ROTATIONS[round % ROTATIONS.length];
    first = (first + second) >>> 0;
    second = (((second << rotation) | (second >>> (32 - rotation))) ^ first) >>> 0;
    if ((round + 1) % ROUNDS_PER_KEY_INJECTION === 0) {
      const injection = (round + 1) / ROUNDS_PER_KEY_INJECTION;
      first = (first + schedule[injection % 3]) >>> 0;
      second = (second + schedule[(injection + 1) % 3] + injection) >>> 0;
    }
  }
  return [first, second];
}

/** (key, counterHigh, counterLow) -> the first word of each block. */
export const threefry: Kernel<PrimitiveAttributes["threefry"]> = (_, [key, high, low], [output]) => {
  for (let i = 0; i < output.data.length; i += 1) {
    output.data[i] = threefry2x32([key.data[0], key.data[1]], [high.data[i], low.data[i]])[0];
  }
};
