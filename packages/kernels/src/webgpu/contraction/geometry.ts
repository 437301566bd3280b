import { isInnerFirst } from "./operand-code.ts";
import { type Product, partLength, transposeProduct } from "./product.ts";
import { SKINNY_ROWS, type SkinnyShape, skinnyCount, skinnyShapes } from "./skinny-shape.ts";
import { sliceCount, TILE_SHAPES, type TileShape, tileCount } from "./tile-shapes.ts";

/** Which code computes a product, and in which geometry. The product may be the transposed one. */
export type Plan = {
  readonly product: Product;
  readonly workgroups: number;
  /** Time in products of two numbers, of which a workgroup that has a core of the GPU to itself computes 128 a cycle. */
  readonly cost: number;
} & ({ readonly kind: "tile"; readonly shape: TileShape } | { readonly kind: "skinny"; readonly shape: SkinnyShape });

/** Cores of a GPU of middling size: so many workgroups run at full speed at once. */
const CORES = 128;

/** Workgroups that share a core, and so wait for memory at the same time. */
const RESIDENT = 4;

/** The wait for memory (500 cycles) in products. */
const LATENCY = 64_000;

/** Waits before a workgroup's first product and after its last: its first loads, its stores. */
const LATENCIES_AROUND = 2;

/** What it costs to load an element and to find its place, in products. */
const LOAD_COST = 6;

/** What an output costs: its coordinates and its store. */
const ELEMENT_COST = 16;

/** Most rows, or columns, of a product that is computed without tiles where many workgroups run at once. */
const SKINNY_ROWS_MAX = 8;

/**
 * Chooses how to compute a product by its shape alone: the least of estimated times.
 * @param chained one workgroup computes all of it
 * @param sparing without tiles, which fill most of the workgroup memory that every GPU has
 */
export function planProduct(product: Product, chained: boolean, sparing = false): Plan {
  const rows = chained ? SKINNY_ROWS[SKINNY_ROWS.length - 1] : SKINNY_ROWS_MAX;
  const skinny = sparing || Math.min(product.rows, product.columns) <= rows;
  const plans = skinny ? skinnyPlans(product, chained) : tilePlans(product, chained);
  return plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
}

function tilePlans(product: Product, chained: boolean): Plan[] {
  return TILE_SHAPES.map((shape) => {
    const workgroups = tileCount(shape, product);
    const pieces = Math.ceil(partLength(product) / shape.depth);
    const work = (shape.rows * shape.columns * (pieces * shape.depth + ELEMENT_COST)) / shape.efficiency;
    // Registers of 64 sums leave room for half as many workgroups; a tree adds slices.
    const resident = shape.threadRows * shape.threadColumns > 16 ? RESIDENT / 2 : RESIDENT;
    const waits = pieces + LATENCIES_AROUND + (sliceCount(shape) > 1 ? 1 : 0);
    return { kind: "tile", product, shape, workgroups, cost: time({ workgroups, work, waits, resident }, chained) };
  });
}

function skinnyPlans(product: Product, chained: boolean): Plan[] {
  const upright = product.rows <= product.columns ? product : transposeProduct(product);
  const depth = partLength(upright);
  return skinnyShapes(upright, isInnerFirst(upright.right), chained).map((shape) => {
    const { rows, width, lanes, chunk } = shape;
    const workgroups = skinnyCount(shape, upright);
    const chunks = Math.ceil(depth / chunk);
    const work = depth * (rows * width + LOAD_COST * (rows + width)) + rows * width * ELEMENT_COST;
    const batches = Math.ceil(Math.min(depth, chunk) / (lanes * UNROLLED));
    const waits = chunks * (1 + batches) + LATENCIES_AROUND + (lanes > 1 ? 1 : 0);
    const cost = time({ workgroups, work, waits, resident: RESIDENT }, chained);
    return { kind: "skinny", product: upright, shape, workgroups, cost };
  });
}

/** Loads of an invocation that are under way at once. */
const UNROLLED = 4;

interface Load {
  readonly workgroups: number;
  /** Products of one workgroup. */
  readonly work: number;
  /** Waits for memory of one workgroup, one after the other. */
  readonly waits: number;
  /** Workgroups of a core that wait together. */
  readonly resident: number;
}

/** Whichever takes longer, to compute or to wait, and a part of the other, for the two overlap in part only. */
function time({ workgroups, work, waits, resident }: Load, chained: boolean): number {
  const computing = (chained ? workgroups : Math.ceil(workgroups / CORES)) * work;
  const waiting = (chained ? workgroups : Math.ceil(workgroups / (CORES * resident))) * waits * LATENCY;
  return Math.max(computing, waiting) + Math.min(computing, waiting) / 4;
}
