import type { Comparator } from "@tributary/program";
import type { Routine } from "./routine.ts";

/*
 * Compilers of WGSL may assume that there are no NaNs and infinities. So questions about them are put to the bits, as integers. Where a
 * result is one of them it is taken from the argument, or made by bits_f32, which the module around the kernels has:
 * `fn bits_f32(bits: u32) -> f32` is a bitcast that no compiler sees through.
 */

/** An infinity, as an expression. */
export const INFINITY = "bits_f32(0x7f800000u)";
/** The negative infinity, as an expression. */
export const NEGATIVE_INFINITY = "bits_f32(0xff800000u)";
/** A NaN, as an expression. */
export const NAN = "bits_f32(0x7fc00000u)";

/** Whether an f32 is a NaN. */
export const IS_NAN: Routine = {
  name: "nan_f32",
  text: `fn nan_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
};

/** An integer that is ordered as the numbers are: 0 for both zeros, and for a NaN beyond the infinity of its sign. */
export const ORDER: Routine = {
  name: "order_f32",
  text: `fn order_f32(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  return select(bits, i32(-2147483648) - bits, bits < 0);
}`,
};

/** The larger of two; a NaN wins. */
export const MAXIMUM: Routine = extremum("maximum_f32", ">");
/** The smaller of two; a NaN wins. */
export const MINIMUM: Routine = extremum("minimum_f32", "<");

function extremum(name: string, comparison: string): Routine {
  return {
    name,
    needs: [IS_NAN, ORDER],
    text: `fn ${name}(a: f32, b: f32) -> f32 {
  let first = nan_f32(a) || (!nan_f32(b) && order_f32(a) ${comparison} order_f32(b));
  return select(b, a, first);
}`,
  };
}

/** WGSL's operator of each comparison. */
export const OPERATORS: Readonly<Record<Comparator, string>> = {
  equal: "==",
  notEqual: "!=",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
};

/** A comparison of two f32, as a bool: with a NaN false, but for notEqual. */
export function comparison(comparator: Comparator): Routine {
  const name = `${comparator}_f32`;
  const test = `order_f32(a) ${OPERATORS[comparator]} order_f32(b)`;
  const value = comparator === "notEqual" ? `(${test}) || either` : `(${test}) && !either`;
  return {
    name,
    needs: [IS_NAN, ORDER],
    text: `fn ${name}(a: f32, b: f32) -> bool {
  let either = nan_f32(a) || nan_f32(b);
  return ${value};
}`,
  };
}

/** 1, -1 or 0; a NaN has no sign, as in PyTorch. */
export const SIGN: Routine = {
  name: "sign_f32",
  needs: [IS_NAN, ORDER],
  text: `fn sign_f32(x: f32) -> f32 {
  return select(f32(sign(order_f32(x))), 0.0f, nan_f32(x));
}`,
};

/** The square root: at its edges decided by bits, because drivers may compute it as x times 1 / sqrt(x). */
export const SQUARE_ROOT: Routine = {
  name: "sqrt_f32",
  needs: [ORDER],
  text: `fn sqrt_f32(x: f32) -> f32 {
  let key = order_f32(x);
  let root = select(sqrt(x), x, key == 0 || key >= 0x7f800000);
  return select(root, ${NAN}, key < 0);
}`,
};
