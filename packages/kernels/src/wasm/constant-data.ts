import { type DType, ELEMENT_ARRAYS } from "@tributary/program";

/** The bytes of a constant tensor. @param values its elements as they are stored */
export function constantData(dtype: DType, values: readonly number[]): Uint8Array {
  const elements = new ELEMENT_ARRAYS[dtype](values.length);
  elements.set(values);
  return new Uint8Array(elements.buffer);
}
