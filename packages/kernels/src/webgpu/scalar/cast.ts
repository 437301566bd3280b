import type { DType } from "@tributary/program";
import type { RoutineSink } from "../kernel-code.ts";
import { IS_NAN, ORDER } from "./float-bits.ts";
import { FROM_FLOAT16, TO_FLOAT16 } from "./float16.ts";
import { call, type Routine } from "./routine.ts";

/** f32 -> i32: truncates and saturates, NaN is 0. */
const TO_SIGNED: Routine = {
  name: "signed_of_f32",
  needs: [IS_NAN, ORDER],
  text: `fn signed_of_f32(x: f32) -> i32 {
  let key = order_f32(x);
  if (nan_f32(x)) { return 0; }
  if (key >= 0x4f000000) { return 2147483647; }
  if (key <= -0x4f000000) { return i32(-2147483648); }
  return i32(x);
}`,
};

/** f32 -> u32: truncates and saturates, NaN is 0. */
const TO_UNSIGNED: Routine = {
  name: "unsigned_of_f32",
  needs: [IS_NAN, ORDER],
  text: `fn unsigned_of_f32(x: f32) -> u32 {
  let key = order_f32(x);
  if (nan_f32(x) || key <= 0) { return 0u; }
  if (key >= 0x4f800000) { return 0xffffffffu; }
  return u32(x);
}`,
};

/** u32 -> f32 to nearest, by way of i32: drivers get the rounding of large u32 wrong. The bit that is lost by halving stays in the last. */
const FROM_UNSIGNED: Routine = {
  name: "f32_of_unsigned",
  text: `fn f32_of_unsigned(x: u32) -> f32 {
  let large = x > 0x7fffffffu;
  let half = select(x, (x >> 1u) | (x & 1u), large);
  return f32(bitcast<i32>(half)) * select(1.0f, 2.0f, large);
}`,
};

/** The cast operation between the registers of two dtypes, as an expression. */
export function cast(sink: RoutineSink, x: string, from: DType, to: DType): string {
  if (from === to) return x;
  switch (from) {
    case "float32":
      return fromFloat(sink, x, to);
    case "float16":
      return fromFloat(sink, call(sink, FROM_FLOAT16, x), to);
    case "bool":
    case "int32":
    case "uint32":
    case "uint8":
      return fromInteger(sink, x, from, to);
    default:
      return from satisfies never;
  }
}

function fromFloat(sink: RoutineSink, x: string, to: DType): string {
  switch (to) {
    case "float32":
      return x;
    case "float16":
      return call(sink, TO_FLOAT16, x);
    case "int32":
      return call(sink, TO_SIGNED, x);
    case "uint32":
      return call(sink, TO_UNSIGNED, x);
    case "uint8":
      return `min(${call(sink, TO_UNSIGNED, x)}, 255u)`;
    case "bool":
      return `select(0u, 1u, (bitcast<u32>(${x}) & 0x7fffffffu) != 0u)`;
    default:
      return to satisfies never;
  }
}

/** From i32 or u32; a conversion of one to the other keeps the bits. */
function fromInteger(sink: RoutineSink, x: string, from: DType, to: DType): string {
  const float = (): string => (from === "uint32" ? call(sink, FROM_UNSIGNED, x) : `f32(${x})`);
  switch (to) {
    case "float32":
      return float();
    case "float16":
      // Integers that are finite in float16 are exact in float32: nothing is rounded twice.
      return call(sink, TO_FLOAT16, float());
    case "bool":
      return `select(0u, 1u, u32(${x}) != 0u)`;
    case "uint8":
      return `(u32(${x}) & 255u)`;
    case "int32":
      return `i32(${x})`;
    case "uint32":
      return `u32(${x})`;
    default:
      return to satisfies never;
  }
}
