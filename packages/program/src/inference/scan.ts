import { shapesEqual, type TensorType } from "../dtype.ts";
import { ProgramError } from "../errors.ts";
import { valueTypes } from "../graph.ts";
import type { PrimitiveAttributes } from "../operations.ts";
import { DIMENSION_MAX, isIntegerIn, requireAttribute, requireShape, showType, showTypes } from "./checks.ts";

type ScanAttributes = PrimitiveAttributes["scan"];

function mismatch(message: string): ProgramError {
  return new ProgramError("SCAN_BODY_MISMATCH", `scan: ${message}`);
}

function requireEqual(role: string, outside: TensorType, inside: TensorType): void {
  if (outside.dtype === inside.dtype && shapesEqual(outside.shape, inside.shape)) return;
  throw mismatch(`${role} is ${showType(outside)}, but ${showType(inside)} in the body: make them equal`);
}

/** What the body sees of an input: a slice without the time axis, or the whole. */
function seenByBody(input: TensorType, place: number, attributes: ScanAttributes): TensorType {
  const { carries, sliced, length } = attributes;
  if (place < carries || place >= carries + sliced) return input;
  if (input.shape[0] !== length) {
    throw mismatch(
      `input ${place} is ${showType(input)}, but its leading axis must be the length ${length}: permute or slice it`,
    );
  }
  return { dtype: input.dtype, shape: input.shape.slice(1) };
}

function bodyOutputTypes(attributes: ScanAttributes): TensorType[] {
  const types = valueTypes(attributes.body);
  return attributes.body.outputs.map((id) => {
    const type = types[id];
    if (type === undefined)
      throw mismatch(`the body hands on value ${id}, but has ${types.length} values: mend its outputs`);
    return type;
  });
}

function inferScan(inputs: readonly TensorType[], attributes: ScanAttributes): TensorType[] {
  const { length, carries, sliced, reverse, body } = attributes;
  for (const [name, count] of Object.entries({ length, carries, sliced })) {
    requireAttribute(
      "scan",
      isIntegerIn(count, 0, DIMENSION_MAX),
      () => `${name} ${count} must be an integer of at least 0`,
    );
  }
  requireAttribute("scan", typeof reverse === "boolean", () => `reverse ${reverse} must be true or false`);
  if (inputs.length < carries + sliced || inputs.length !== body.inputs.length) {
    throw mismatch(
      `there are ${carries} carries, ${sliced} sliced arrays and inputs ${showTypes(inputs)}, but the body takes ${showTypes(body.inputs)}: pass one input for each of the body's`,
    );
  }
  inputs.forEach((input, place) => {
    const inside = body.inputs[place];
    if (inside !== undefined) requireEqual(`input ${place}`, seenByBody(input, place, attributes), inside);
  });
  const outputs = bodyOutputTypes(attributes);
  if (outputs.length < carries || outputs.length === 0) {
    throw mismatch(
      `the body hands on ${showTypes(outputs)}, but must hand on the ${carries} carries first, and at least one value`,
    );
  }
  return outputs.map((type, place) => {
    const carried = place < carries ? body.inputs[place] : undefined;
    if (carried !== undefined) {
      requireEqual(`carry ${place}`, carried, type);
      return type;
    }
    const shape = [length, ...type.shape];
    requireShape("scan", shape);
    return { dtype: type.dtype, shape };
  });
}

/** Loops over time. */
export const SCAN_INFERENCE = { scan: inferScan };
