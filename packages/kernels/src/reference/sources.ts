import type { PrimitiveAttributes } from "@tributary/program";
import { forEachIndex, type Kernel, storedNumber } from "./value.ts";

/** Literals, rounded to the dtype. */
export const constant: Kernel<PrimitiveAttributes["constant"]> = ({ dtype, values }, _, [output]) => {
  for (let i = 0; i < output.data.length; i += 1) {
    output.data[i] = storedNumber(values.length === 1 ? values[0] : values[i], dtype, dtype);
  }
};

/** Each element is its own index along the axis. */
export const iota: Kernel<PrimitiveAttributes["iota"]> = ({ axis }, _, [output]) => {
  forEachIndex(output.shape, (index, position) => {
    output.data[position] = index[axis];
  });
};
