import type { Fold } from "./folding.ts";
import type { RoutineSink } from "./kernel-code.ts";
import { EXPONENTIAL } from "./scalar/exponential.ts";
import { INFINITY, NAN } from "./scalar/float-bits.ts";
import { call } from "./scalar/routine.ts";

/** Below every element but the negative infinity, and finite: from it to any other number is a distance that has an exponential. */
const LOWEST = "bitcast<f32>(0xff7fffffu)";

/**
 * The largest element of a row so far, and the sum of the exponentials of all less the largest, in one pass: when a larger one comes, the sum is
 * scaled down. Its result is the sum. Source: Milakov and Gimelshein (2018), "Online normalizer calculation for softmax".
 */
export function softmaxFold(sink: RoutineSink): Fold {
  const update = ([largest, total]: readonly string[], newLargest: string, newTotal: string): string =>
    [
      `let scale = ${call(sink, EXPONENTIAL, `-abs(${newLargest} - ${largest})`)};`,
      // A NaN goes either way and makes the sum one.
      `let grows = ${newLargest} > ${largest};`,
      `${total} = fma(select(${newTotal}, ${total}, grows), scale, select(${total}, ${newTotal}, grows));`,
      `${largest} = select(${largest}, ${newLargest}, grows);`,
    ].join("\n");
  return {
    registers: [
      { type: "f32", start: LOWEST },
      { type: "f32", start: "0.0f" },
    ],
    take: (state, value) => `{ ${update(state, value, "1.0f")} }`,
    join: (state, [largest, total]) => `{ ${update(state, largest, total)} }`,
    // An infinite element less itself is a NaN, which the pass over the elements did not meet.
    result: ([largest, total]) => `select(${total}, ${NAN}, bitcast<u32>(${largest}) == bitcast<u32>(${INFINITY}))`,
  };
}
