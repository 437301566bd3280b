import type { TensorType } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import { type InferenceRule, requireShape } from "./inference/checks.ts";
import { COMPOSITE_INFERENCE } from "./inference/composites.ts";
import { CONTRACTION_INFERENCE } from "./inference/contractions.ts";
import { ELEMENTWISE_INFERENCE } from "./inference/elementwise.ts";
import { INDEXING_INFERENCE } from "./inference/indexing.ts";
import { MOVEMENT_INFERENCE } from "./inference/movement.ts";
import { REDUCTION_INFERENCE } from "./inference/reductions.ts";
import { SCAN_INFERENCE } from "./inference/scan.ts";
import { SOURCE_INFERENCE } from "./inference/sources.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";

/** One rule an operation: without one for each, this does not compile. */
const INFERENCE: { readonly [Name in OperationName]: InferenceRule<OperationAttributes[Name]> } = {
  ...ELEMENTWISE_INFERENCE,
  ...REDUCTION_INFERENCE,
  ...MOVEMENT_INFERENCE,
  ...CONTRACTION_INFERENCE,
  ...INDEXING_INFERENCE,
  ...SOURCE_INFERENCE,
  ...SCAN_INFERENCE,
  ...COMPOSITE_INFERENCE,
};

/** Whether `name` is an operation of this version. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(INFERENCE, name);
}

/** Every operation's name, primitives and composites, in a fixed order. */
export const OPERATION_NAMES: readonly OperationName[] = Object.keys(INFERENCE).filter(isOperationName);

/**
 * Types of an operation's outputs: the whole of what operations.ts says about dtypes, shapes and ranges of attributes.
 * Attributes must have the form of {@link OperationAttributes}; that their numbers make sense is checked here. The body
 * of a scan is taken as valid in itself.
 * @returns one type, but two for maxPool, and one for each output of a scan's body
 * @throws ProgramError INPUT_COUNT, DTYPE_UNSUPPORTED, DTYPE_MISMATCH, SHAPE_MISMATCH, SHAPE_INVALID, ATTRIBUTE_INVALID,
 *   SCAN_BODY_MISMATCH, OPERATION_UNKNOWN; the message shows the types of the inputs
 */
export function inferOutputs<Name extends OperationName>(
  operation: Name,
  attributes: OperationAttributes[Name],
  inputs: readonly TensorType[],
): TensorType[] {
  if (!isOperationName(operation)) {
    throw new ProgramError("OPERATION_UNKNOWN", `There is no operation ${String(operation)}: see OPERATION_NAMES`);
  }
  const rule: InferenceRule<OperationAttributes[Name]> = INFERENCE[operation];
  const outputs = rule(inputs, attributes);
  for (const output of outputs) requireShape(operation, output.shape);
  return outputs;
}
