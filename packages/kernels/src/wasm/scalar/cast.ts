import type { DType } from "@tributary/program";
import type { VectorCode, Vectors } from "../vector-code.ts";
import { fromFloat16, toFloat16 } from "./float16.ts";

/** The cast operation between the forms that dtypes have in vectors (see BodyAccess). */
export function cast(v: VectorCode, x: Vectors, from: DType, to: DType): Vectors {
  if (from === to) return x;
  switch (from) {
    case "float32":
      return fromFloat(v, x, to);
    case "float16":
      return fromFloat(v, fromFloat16(v, x), to);
    case "bool":
      return fromBool(v, x, to);
    case "int32":
    case "uint32":
    case "uint8":
      return fromInteger(v, x, from, to);
    default:
      return from satisfies never;
  }
}

function fromFloat(v: VectorCode, x: Vectors, to: DType): Vectors {
  switch (to) {
    case "float32":
      return x;
    case "float16":
      return toFloat16(v, x);
    case "int32":
      return v.op("i32x4.trunc_sat_f32x4_s", x);
    case "uint32":
      return v.op("i32x4.trunc_sat_f32x4_u", x);
    case "uint8":
      return v.op("i32x4.min_u", v.op("i32x4.trunc_sat_f32x4_u", x), v.bits(255));
    case "bool":
      return v.op("f32x4.ne", x, v.float(0));
    default:
      return to satisfies never;
  }
}

function fromBool(v: VectorCode, mask: Vectors, to: DType): Vectors {
  if (to === "float32") return v.op("v128.and", mask, v.float(1));
  const one = v.op("v128.and", mask, v.bits(1));
  return to === "float16" ? toFloat16(v, v.op("f32x4.convert_i32x4_s", one)) : one;
}

function fromInteger(v: VectorCode, x: Vectors, from: "int32" | "uint32" | "uint8", to: DType): Vectors {
  const convert = from === "uint32" ? "f32x4.convert_i32x4_u" : "f32x4.convert_i32x4_s";
  switch (to) {
    case "float32":
      return v.op(convert, x);
    case "float16":
      // Integers that are finite in float16 are exact in float32: nothing is rounded twice.
      return toFloat16(v, v.op(convert, x));
    case "bool":
      return v.op("i32x4.ne", x, v.bits(0));
    case "uint8":
      return v.op("v128.and", x, v.bits(255));
    case "int32":
    case "uint32":
      return x;
    default:
      return to satisfies never;
  }
}
