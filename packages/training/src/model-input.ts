import type { Tensor } from "@tributary/autograd";
import type { Field } from "@tributary/data";
import type { TensorType } from "@tributary/program";
import { input } from "./update-programs.ts";

/** Largest value of a pixel: uint8 inputs become 0 ... 1, as in torchvision's ToTensor. */
const PIXEL_MAX = 255;

/** Types of a microbatch's fields as program inputs, by name. */
export function fieldInputs(fields: readonly Field[], microbatch: number): Record<string, TensorType> {
  return Object.fromEntries(fields.map(({ name, dtype, shape }) => [name, { dtype, shape: [microbatch, ...shape] }]));
}

/** The field `inputs` as the model sees it. */
export function modelInput(given: Readonly<Record<string, Tensor>>): Tensor {
  const inputs = input(given, "inputs");
  return inputs.dtype === "uint8" ? inputs.to("float32").div(PIXEL_MAX) : inputs;
}
