import { elementCount, showShape, showType, type TensorType } from "@tributary/program";
import { AutogradError } from "./errors.ts";

/** What asking a tensor with several elements, or none, for its only one gives. */
export function notSingle({ shape }: TensorType): AutogradError {
  return new AutogradError(
    "INVALID_ARGUMENT",
    `item: a tensor of shape ${showShape(shape)} has ${elementCount(shape)} elements, not 1: use data()`,
  );
}

/** What an operator of the language gives: comparing with `<` would be false without a word, whatever the elements are. */
export function notANumber(type: TensorType): AutogradError {
  return new AutogradError(
    "NOT_A_NUMBER",
    `An operator such as + or < was applied to a tensor, ${showType(type)}: use its methods (add, lt, where), or in untraced code await item()`,
  );
}
