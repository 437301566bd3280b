import type { Kernel, ScanKernel } from "../../ir.ts";
import {
  type ChainKernel,
  type KernelCode,
  literal,
  loopVariable,
  type RoutineSink,
  turnVariable,
} from "../kernel-code.ts";

/** What one kernel of a chain wrote is there for the next: all invocations of the workgroup have come so far. */
const FENCE = "storageBarrier();\nworkgroupBarrier();";

/**
 * The code of a chain: one workgroup for each part. Its digits and the times of its scans are variables of the module (loopVariable, turnVariable), by which places
 * that move are found; what decides where barriers stand are counters with literal bounds.
 * @param emitInner the code of one kernel; it may be the call of a function
 */
export function emitChain(
  context: RoutineSink,
  chain: ChainKernel,
  emitInner: (kernel: Kernel) => KernelCode,
): KernelCode {
  const lines: string[] = [];
  let rest = "wg";
  for (const [position, { loop, size }] of [...chain.digits.entries()].reverse()) {
    lines.push(`${declared(context, loopVariable(loop))} = ${position === 0 ? rest : `(${rest}) % ${literal(size)}`};`);
    rest = `(${rest}) / ${literal(size)}`;
  }
  lines.push(listCode(context, chain.kernels, emitInner));
  return { workgroups: chain.groups, statements: lines.join("\n") };
}

function listCode(context: RoutineSink, kernels: readonly Kernel[], emitInner: (kernel: Kernel) => KernelCode): string {
  return kernels
    .map((kernel) =>
      kernel.kind === "scan" ? scanCode(context, kernel, emitInner) : kernelCode(kernel, emitInner(kernel)),
    )
    .join(`\n${FENCE}\n`);
}

/** All workgroup numbers of a kernel, one after the other. */
function kernelCode(kernel: Kernel, { workgroups, statements }: KernelCode): string {
  if (workgroups === 0) return "";
  if (workgroups === 1) return `{\nlet wg = 0u;\n${statements}\n}`;
  // Maps keep nothing in workgroup memory, which the next number's code would overwrite.
  const barrier = kernel.kind === "map" ? "" : "\nworkgroupBarrier();";
  return `for (var visit = 0u; visit < ${literal(workgroups)}; visit++) {\nlet wg = visit;\n${statements}${barrier}\n}`;
}

function scanCode(
  context: RoutineSink,
  { loop, length, reverse, kernels }: ScanKernel,
  emitInner: (kernel: Kernel) => KernelCode,
): string {
  const time = reverse ? `${literal(length - 1)} - visit` : "visit";
  return [
    `for (var visit = 0u; visit < ${literal(length)}; visit++) {`,
    `${declared(context, turnVariable(loop))} = visit;`,
    `${declared(context, loopVariable(loop))} = ${time};`,
    listCode(context, kernels, emitInner),
    FENCE,
    "}",
  ].join("\n");
}

/** Declares a variable of the module. @returns its name */
function declared(context: RoutineSink, variable: string): string {
  context.routine(variable, `var<private> ${variable}: u32;`);
  return variable;
}
