import { CodedError } from "@tributary/program";

/** Every code an NnError can carry, what it means and how to mend it. */
export const NN_ERROR_CODES = {
  UNBOUND: "A parameter, a buffer or randomness was used outside of bindModel: run the model inside of it",
  TENSOR_MISSING: "A parameter or buffer of the model has no tensor: give bindModel one for each name",
  TENSOR_UNKNOWN: "A tensor was given for a name that the model does not have: leave it out, or mend the name",
  SHAPE_MISMATCH: "A tensor does not have the shape that a layer, a parameter or a loss takes; both are shown",
  DTYPE_MISMATCH: "A loss got targets of an element type that it does not take: store class indices as integers",
  NOT_A_TENSOR: "A module, loss or metric gave something else than a tensor: return one, and do not make it async",
  INVALID_OPTION: "An option of a layer, optimizer or schedule is out of the range the message names",
} as const;

/** A key of {@link NN_ERROR_CODES}. */
export type NnErrorCode = keyof typeof NN_ERROR_CODES;

/** What this package throws on wrong use. */
export class NnError extends CodedError<NnErrorCode> {
  override readonly name = "NnError";
}

/** @throws NnError INVALID_OPTION unless `holds`; the message says what was given and what must be */
export function requireOption(holds: boolean, owner: string, option: string, given: unknown, mustBe: string): void {
  if (holds) return;
  throw new NnError("INVALID_OPTION", `${owner}: ${option} is ${String(given)}, but must be ${mustBe}`);
}
