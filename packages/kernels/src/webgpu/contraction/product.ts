import type { Body, ContractKernel, StorageId } from "../../ir.ts";
import type { LinearMap } from "./linear-map.ts";

/** A part of a contraction: one of `splits` parts of its K, whose sums go to an epilogue with a leading axis of parts. */
export interface PartialContraction extends ContractKernel {
  readonly splits: number;
}

/** Where the elements of an operand are that a convolution does not find in its image: a position with a limit. */
export interface Bound {
  /** Positions that are no multiple of it hold zeros. */
  readonly divisor: number;
  /** From divisor * limit on there are zeros. */
  readonly limit: number;
  /** Elements from one multiple of the divisor to the next, if the element's number does not count them already. */
  readonly stride: number;
}

/**
 * A factor of a product. Component 0 of its maps is the element's number, each further one a position that one of `bounds` limits: before
 * 0 and beyond the limit are zeros.
 */
export interface Operand {
  readonly storage: StorageId;
  readonly offset: number;
  readonly start: readonly number[];
  readonly batch: LinearMap;
  /** By the product's row (left operand) or column (right operand). */
  readonly outer: LinearMap;
  readonly inner: LinearMap;
  readonly bounds: readonly Bound[];
}

/** Where a product's element is in the epilogue's shape: the components are the coordinates. */
export interface OutputMap {
  readonly start: readonly number[];
  readonly batch: LinearMap;
  readonly row: LinearMap;
  readonly column: LinearMap;
}

/**
 * batch times C[row, column] = sum over k of left[row, k] * right[k, column]: the form of all contractions. Convolutions are products whose
 * operands lie in memory in an involved way.
 */
export interface Product {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Parts into which the depth is cut; more than one if the epilogue's first axis is the part's number. */
  readonly splits: number;
  readonly left: Operand;
  readonly right: Operand;
  readonly output: OutputMap;
}

/** The shape of a contraction's output: the epilogue's, without the axis of a partial one. */
export function outputShape(kernel: ContractKernel | PartialContraction): Body["shape"] {
  return "splits" in kernel ? kernel.epilogue.shape.slice(1) : kernel.epilogue.shape;
}

/** The same product, transposed. */
export function transposeProduct(product: Product): Product {
  const { rows, columns, left, right, output } = product;
  return {
    ...product,
    rows: columns,
    columns: rows,
    left: right,
    right: left,
    output: { ...output, row: output.column, column: output.row },
  };
}

/** Where a part of a product's depth ends and the next begins: a multiple of all tiles' depths. */
export const PART_MULTIPLE = 64;

/** Length of a part of the depth; the last may be shorter. */
export function partLength({ depth, splits }: Pick<Product, "depth" | "splits">): number {
  return splits === 1 ? depth : Math.ceil(depth / splits / PART_MULTIPLE) * PART_MULTIPLE;
}
