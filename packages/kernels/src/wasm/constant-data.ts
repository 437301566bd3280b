import type { DType } from "@tributary/program";

/** The bytes of a constant tensor. @param values its elements as they are stored */
export function constantData(dtype: DType, values: readonly number[]): Uint8Array {
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(values).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "uint32":
      return new Uint8Array(Uint32Array.from(values).buffer);
    case "float16":
      return new Uint8Array(Uint16Array.from(values).buffer);
    case "uint8":
    case "bool":
      return Uint8Array.from(values);
    default:
      return dtype satisfies never;
  }
}
