import { isInnerFirst } from "./operand-code.ts";
import { type Product, partLength, transposeProduct } from "./product.ts";
import { SKINNY_ROWS, type SkinnyShape, skinnyCount, skinnyShape } from "./skinny-shape.ts";
import { TILE_SHAPES, type TileShape, tileCount } from "./tile-shapes.ts";

/** Which code computes a product, and in which geometry. The product may be the transposed one. */
export type Plan =
  | { readonly kind: "tile"; readonly product: Product; readonly shape: TileShape; readonly workgroups: number }
  | { readonly kind: "skinny"; readonly product: Product; readonly shape: SkinnyShape; readonly workgroups: number };

/** Workgroups that a GPU of middling size computes at the same time. More of them are worth nothing, fewer leave it idle. */
export const WORKGROUPS_AT_ONCE = 128;

/** Part of the arithmetic's best speed at which skinny products run: each load from memory serves a few rows only. */
const SKINNY_EFFICIENCY = 0.3;

/** What a tile of the depth 0 would cost, in products: the beginning, the end and the epilogue. */
const TILE_COST = 64;

/**
 * Chooses how to compute a product, by its shape alone.
 * @param chained one workgroup computes all of it
 */
export function planProduct(product: Product, chained: boolean): Plan {
  const skinnyRows = chained ? SKINNY_ROWS.at(-1)! : 8;
  if (Math.min(product.rows, product.columns) <= skinnyRows) {
    const upright = product.rows <= product.columns ? product : transposeProduct(product);
    const shape = skinnyShape(upright, isInnerFirst(upright.right), chained);
    return { kind: "skinny", product: upright, shape, workgroups: skinnyCount(shape, upright) };
  }
  const slots = chained ? 1 : WORKGROUPS_AT_ONCE;
  const costs = TILE_SHAPES.map((shape) => tileCost(shape, product, slots));
  const shape = TILE_SHAPES[costs.indexOf(Math.min(...costs))];
  return { kind: "tile", product, shape, workgroups: tileCount(shape, product) };
}

/** The time that a product takes, in products of two numbers that one workgroup of a full GPU computes. */
export function planCost(plan: Plan): number {
  if (plan.kind === "tile") return tileCost(plan.shape, plan.product, WORKGROUPS_AT_ONCE);
  const { rows, width } = plan.shape;
  const waves = Math.ceil(plan.workgroups / WORKGROUPS_AT_ONCE);
  return (waves * rows * width * (partLength(plan.product) + TILE_COST)) / SKINNY_EFFICIENCY;
}

function tileCost(shape: TileShape, product: Product, slots: number): number {
  const waves = Math.ceil(tileCount(shape, product) / slots);
  return (waves * shape.rows * shape.columns * (partLength(product) + TILE_COST)) / shape.efficiency;
}
