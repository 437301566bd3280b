import type { DType, TensorType } from "../dtype.ts";
import { ProgramError, type ProgramErrorCode } from "../errors.ts";
import { showType } from "../inference/checks.ts";
import { inferOutputs } from "../inference.ts";
import type { OperationAttributes, OperationName } from "../operations.ts";

/** The type of a tensor, for tests: t("uint8", 2, 3). */
export function t(dtype: DType, ...shape: number[]): TensorType {
  return { dtype, shape };
}

/** A float32 tensor's type. */
export const f = (...shape: number[]): TensorType => t("float32", ...shape);
/** An int32 tensor's type. */
export const i = (...shape: number[]): TensorType => t("int32", ...shape);
/** A uint32 tensor's type. */
export const u = (...shape: number[]): TensorType => t("uint32", ...shape);

/** The inferred output types, as people read them. */
export function shown<Name extends OperationName>(
  name: Name,
  attributes: OperationAttributes[Name],
  inputs: TensorType[],
): string[] {
  return inferOutputs(name, attributes, inputs).map(showType);
}

/** Code and message with which inference refuses; an error of another kind when it does not. */
export function refused<Name extends OperationName>(
  name: Name,
  attributes: OperationAttributes[Name],
  inputs: TensorType[],
): { code: ProgramErrorCode; message: string } {
  try {
    inferOutputs(name, attributes, inputs);
  } catch (error) {
    if (error instanceof ProgramError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error(`${name} took ${inputs.map(showType).join(" and ")}`);
}
