import { CodedError } from "@tributary/program";

/** Every code an AutogradError can carry, what it means and how to mend it. */
export const AUTOGRAD_ERROR_CODES = {
  SHAPE_MISMATCH: "Shapes do not fit together; both are shown: reshape, expand or transpose one of them",
  DTYPE_MISMATCH: "The operation does not take these element types: convert explicitly with .to(dtype)",
  INVALID_AXIS: "A dimension does not exist, or is named twice: use -rank ... rank - 1",
  INVALID_ARGUMENT: "An argument is out of the range the message names",
  NOT_DIFFERENTIABLE:
    "A gradient was asked for something that has none: integers and booleans, or an output that is not a scalar",
  VALUE_IN_TRACE:
    "Traced code asked for a value, which does not exist yet: use where(), or compute outside of the trace",
  NOT_A_NUMBER:
    "A tensor was used as if it were a number, with an operator of the language: use methods such as add, gt and where",
  INVALID_TRACE:
    "The traced function returned something that cannot become a program, or used a value of another trace",
  CONSTANT_TOO_LARGE: "A large array was captured by a traced function: make it an input of the program",
} as const;

/** A key of {@link AUTOGRAD_ERROR_CODES}. */
export type AutogradErrorCode = keyof typeof AUTOGRAD_ERROR_CODES;

/** What this package throws on wrong use. Shapes that only an operation itself can judge throw ProgramError instead. */
export class AutogradError extends CodedError<AutogradErrorCode> {
  override readonly name = "AutogradError";
}
