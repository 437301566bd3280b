import type { PrimitiveAttributes } from "@tributary/program";
import { elementCount } from "@tributary/program";
import type { Kernel, Value } from "./value.ts";

/** Slice `time` of an array with a leading time axis; borrows the array's memory. */
function sliceAt(array: Value, time: number): Value {
  const shape = array.shape.slice(1);
  const length = elementCount(shape);
  return { dtype: array.dtype, shape, data: array.data.subarray(time * length, (time + 1) * length) };
}

/** Runs the body once for each moment, in order or backwards. */
export const scan: Kernel<PrimitiveAttributes["scan"]> = (attributes, inputs, outputs, evaluate) => {
  const { length, sliced, reverse, body } = attributes;
  let carries = inputs.slice(0, attributes.carries);
  const arrays = inputs.slice(attributes.carries, attributes.carries + sliced);
  const constants = inputs.slice(attributes.carries + sliced);
  const stacks = outputs.slice(attributes.carries);
  for (let turn = 0; turn < length; turn += 1) {
    const time = reverse ? length - 1 - turn : turn;
    const results = evaluate(body, [...carries, ...arrays.map((array) => sliceAt(array, time)), ...constants]);
    carries = results.slice(0, attributes.carries);
    stacks.forEach((stack, i) => {
      sliceAt(stack, time).data.set(results[attributes.carries + i].data);
    });
  }
  carries.forEach((carry, i) => {
    outputs[i].data.set(carry.data);
  });
};
