import { shapesEqual, type TensorType } from "../dtype.ts";
import type { PrimitiveAttributes } from "../operations.ts";
import { DIMENSION_MAX, isIntegerIn, requireAttribute, requireDType, requireShapes, requireTwo } from "./checks.ts";

function requireLength(operation: string, name: string, length: number): void {
  requireAttribute(
    operation,
    isIntegerIn(length, 0, DIMENSION_MAX),
    () => `${name} ${length} must be an integer from 0 to ${DIMENSION_MAX}`,
  );
}

function inferGather(inputs: readonly TensorType[]): TensorType[] {
  const [x, index] = requireTwo("gather", inputs);
  requireDType("gather", "the index", index, ["int32"]);
  requireShapes(
    "gather",
    inputs,
    x.shape.length >= 1 &&
      x.shape.length === index.shape.length &&
      shapesEqual(x.shape.slice(0, -1), index.shape.slice(0, -1)),
    "must be alike but for the last axis: reshape or broadcast one of them",
  );
  return [{ dtype: x.dtype, shape: index.shape }];
}

function inferScatterAdd(inputs: readonly TensorType[], attributes: PrimitiveAttributes["scatterAdd"]): TensorType[] {
  const [updates, index] = requireTwo("scatterAdd", inputs);
  requireDType("scatterAdd", "updates", updates, ["float32"]);
  requireDType("scatterAdd", "the index", index, ["int32"]);
  requireShapes(
    "scatterAdd",
    inputs,
    updates.shape.length >= 1 && shapesEqual(updates.shape, index.shape),
    "must have one shape of at least 1 dimension: reshape or broadcast one of them",
  );
  requireLength("scatterAdd", "length", attributes.length);
  return [{ dtype: "float32", shape: [...updates.shape.slice(0, -1), attributes.length] }];
}

function inferTake(inputs: readonly TensorType[]): TensorType[] {
  const [table, index] = requireTwo("take", inputs);
  requireDType("take", "the index", index, ["int32"]);
  requireShapes("take", inputs, table.shape.length >= 1, "the table must have at least 1 dimension: reshape it");
  return [{ dtype: table.dtype, shape: [...index.shape, ...table.shape.slice(1)] }];
}

function inferScatterAddRows(
  inputs: readonly TensorType[],
  attributes: PrimitiveAttributes["scatterAddRows"],
): TensorType[] {
  const [updates, index] = requireTwo("scatterAddRows", inputs);
  requireDType("scatterAddRows", "updates", updates, ["float32"]);
  requireDType("scatterAddRows", "the index", index, ["int32"]);
  const outer = index.shape.length;
  requireShapes(
    "scatterAddRows",
    inputs,
    shapesEqual(updates.shape.slice(0, outer), index.shape),
    "updates must begin with the dimensions of the index: reshape one of them",
  );
  requireLength("scatterAddRows", "rows", attributes.rows);
  return [{ dtype: "float32", shape: [attributes.rows, ...updates.shape.slice(outer)] }];
}

/** Places chosen by a tensor of int32. */
export const INDEXING_INFERENCE = {
  gather: inferGather,
  scatterAdd: inferScatterAdd,
  take: inferTake,
  scatterAddRows: inferScatterAddRows,
};
