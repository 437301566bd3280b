import type { ContractKernel } from "../../ir.ts";
import { convolutionProducts } from "./convolution-products.ts";
import { componentRange, type LinearMap } from "./linear-map.ts";
import { matrixProduct } from "./matrix-product.ts";
import type { Operand, PartialContraction, Product } from "./product.ts";

/** The products that a contraction consists of, which have nothing to do with one another. */
export function productsOf(kernel: ContractKernel | PartialContraction): readonly Product[] {
  if (kernel.epilogue.shape.includes(0)) return [];
  const splits = "splits" in kernel ? kernel.splits : 1;
  const { contraction } = kernel;
  const products = contraction.operation === "matmul" ? [matrixProduct(kernel)] : convolutionProducts(kernel);
  return products.map((product) => ({
    ...product,
    splits,
    left: simplifyBounds(product.left),
    right: simplifyBounds(product.right),
  }));
}

/** Drops the bounds that no element comes near. */
function simplifyBounds(operand: Operand): Operand {
  const kept = operand.bounds.flatMap(({ divisor, limit }, index) => {
    const component = index + 1;
    const ranges = [operand.batch, operand.outer, operand.inner].map((map) => componentRange(map, component));
    const least = ranges.reduce((total, range) => total + range.least, operand.start[component]);
    const greatest = ranges.reduce((total, range) => total + range.greatest, operand.start[component]);
    return divisor === 1 && least >= 0 && greatest < limit ? [] : [component];
  });
  const pick = (list: readonly number[]): number[] => [list[0], ...kept.map((component) => list[component])];
  const pickAll = (map: LinearMap): LinearMap => map.map(({ size, steps }) => ({ size, steps: pick(steps) }));
  return {
    ...operand,
    start: pick(operand.start),
    batch: pickAll(operand.batch),
    outer: pickAll(operand.outer),
    inner: pickAll(operand.inner),
    bounds: kept.map((component) => operand.bounds[component - 1]),
  };
}
