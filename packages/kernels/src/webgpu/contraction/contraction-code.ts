import type { ContractKernel } from "../../ir.ts";
import { type EmitKernel, type KernelContext, WORKGROUP_SIZE } from "../kernel-code.ts";
import { productsOf } from "./contraction-products.ts";
import { type Plan, planProduct } from "./geometry.ts";
import { Lines } from "./lines.ts";
import type { PartialContraction } from "./product.ts";
import { emitSkinny, skinnyMemory } from "./skinny-code.ts";
import { emitTile, tileMemory } from "./tile-code.ts";

/**
 * Writes the code of a contraction: of one product, or of several (the phases of a gradient with strides) side by side. Its
 * geometry is a function of shapes and strides alone, so results are the same on every GPU that rounds alike.
 */
export const emitContraction: EmitKernel<ContractKernel | PartialContraction> = (context, kernel) => {
  const plans = productsOf(kernel).map((product) => planProduct(product, context.chained, context.sparing));
  const memory = reserve(context, plans);
  const lines = new Lines();
  let workgroups = 0;
  for (const [index, plan] of plans.entries()) {
    const start = workgroups;
    workgroups += plan.workgroups;
    const number = start === 0 ? "wg" : lines.let("number", `wg - ${start}u`);
    const write = (): void => {
      const { product } = plan;
      if (plan.kind === "tile") {
        emitTile(context, lines, kernel, { product, shape: plan.shape, memory: memory.vectors, number });
      } else {
        emitSkinny(context, lines, kernel, { product, shape: plan.shape, memory, number });
      }
    };
    // The number is the same for all invocations of a workgroup: barriers may stand in here.
    if (plans.length === 1) write();
    else if (index === 0) lines.block(`if (wg < ${workgroups}u)`, write);
    else lines.block(`if (wg >= ${start}u && wg < ${workgroups}u)`, write);
  }
  // So compilers know how large the number is: then they need not check indices into workgroup memory.
  return { workgroups, statements: `{\nlet lid = lid % ${WORKGROUP_SIZE}u;\n${lines.text}\n}` };
};

/** Takes workgroup memory for whichever of the plans needs most. */
function reserve(
  context: KernelContext,
  plans: readonly Plan[],
): { readonly scalars: string; readonly vectors: string; readonly words: string } {
  const needs = plans.map((plan) =>
    plan.kind === "tile"
      ? { scalars: 0, vectors: tileMemory(plan.product, plan.shape, context.features.workgroupBytes).vectors, words: 0 }
      : skinnyMemory(plan.product, plan.shape),
  );
  const array = (type: "f32" | "vec4<f32>" | "u32", sizes: readonly number[]): string => {
    const length = Math.max(0, ...sizes);
    return length === 0 ? "" : context.workgroupArray(type, length);
  };
  return {
    scalars: array(
      "f32",
      needs.map(({ scalars }) => scalars),
    ),
    vectors: array(
      "vec4<f32>",
      needs.map(({ vectors }) => vectors),
    ),
    words: array(
      "u32",
      needs.map(({ words }) => words),
    ),
  };
}
