/** Sizes of the square products that are measured on a GPU. */
export const PRODUCT_SIZES = [1024, 2048, 4096] as const;

const PREFIX = "product-";

/** Names of the works that are one product of two square matrices of float32: "product-1024". */
export const PRODUCT_WORKS: readonly string[] = PRODUCT_SIZES.map((size) => PREFIX + size);

/** The size in the name of such a work; null for any other work. */
export function productSize(work: string): number | null {
  return PRODUCT_WORKS.includes(work) ? Number(work.slice(PREFIX.length)) : null;
}

/** Additions and multiplications of a product of two square matrices. */
export function productFlops(size: number): number {
  return 2 * size ** 3;
}
