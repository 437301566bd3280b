import type { IndexKernel } from "../ir.ts";
import { type Access, type KernelCode, type KernelContext, literal, WORKGROUP_SIZE } from "./kernel-code.ts";

/** What all index kernels are written with. */
export interface IndexCode {
  readonly context: KernelContext;
  readonly kernel: IndexKernel;
  readonly source: Access;
  readonly index: Access;
  readonly output: Access;
  /** A zero of the elements' register type. */
  readonly zero: string;
}

/** An invocation for each of `count` elements; the statements know its number as `i`. */
export function forEach(count: number, statements: readonly string[]): KernelCode {
  const guarded = `if (i < ${literal(count)}) {\n${statements.join("\n")}\n}`;
  return {
    workgroups: Math.ceil(count / WORKGROUP_SIZE),
    statements: `let i = wg * ${WORKGROUP_SIZE}u + lid;\n${guarded}`,
  };
}

/** A negative index is a large unsigned one. */
export function loadIndex(index: Access, at: string): string {
  return `bitcast<u32>(${index.load(at)})`;
}
