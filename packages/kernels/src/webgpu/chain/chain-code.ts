import type { Kernel, ScanKernel, Storage, StorageId } from "../../ir.ts";
import { type Access, kernelReads, kernelWrites } from "../../kernel-access.ts";
import {
  type ChainKernel,
  type KernelCode,
  type KernelContext,
  literal,
  loopVariable,
  turnVariable,
} from "../kernel-code.ts";

/** What the code of a chain is written with. */
export type ChainContext = Pick<KernelContext, "routine" | "storages">;

/** What one kernel of a chain wrote is there for the next: all invocations of the workgroup have come so far. */
const FENCE = "storageBarrier();\nworkgroupBarrier();";

/**
 * The code of a chain: one workgroup for each part. Its digits and the times of its scans are variables of the module (loopVariable, turnVariable), by which places
 * that move are found; what decides where barriers stand are counters with literal bounds.
 * @param emitInner the code of one kernel; it may be the call of a function
 */
export function emitChain(
  context: ChainContext,
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

function listCode(
  context: ChainContext,
  kernels: readonly Kernel[],
  emitInner: (kernel: Kernel) => KernelCode,
): string {
  const lines: string[] = [];
  let unfenced: Kernel[] = [];
  for (const kernel of kernels) {
    if (unfenced.length > 0 && !unfenced.every((earlier) => areIndependentMaps(context.storages, earlier, kernel))) {
      lines.push(FENCE);
      unfenced = [];
    }
    unfenced.push(kernel);
    lines.push(kernel.kind === "scan" ? scanCode(context, kernel, emitInner) : kernelCode(kernel, emitInner(kernel)));
  }
  return lines.join("\n");
}

/** Maps that touch nothing in common; what is no map may use workgroup memory, which others use too. */
function areIndependentMaps(table: readonly Storage[], earlier: Kernel, later: Kernel): boolean {
  if (earlier.kind !== "map" || later.kind !== "map") return false;
  const [reads, writes] = [kernelReads(earlier), kernelWrites(earlier)];
  const [laterReads, laterWrites] = [kernelReads(later), kernelWrites(later)];
  const areApart = (one: readonly Access[], two: readonly Access[]): boolean => {
    const memories = new Set(one.map(({ storage }) => memoryInTurn(table, storage)));
    return two.every(({ storage }) => !memories.has(memoryInTurn(table, storage)));
  };
  return areApart(writes, laterReads) && areApart(writes, laterWrites) && areApart(reads, laterWrites);
}

/** A name for what a storage is part of within one turn, in which the two sides of a carry are two things. */
function memoryInTurn(table: readonly Storage[], storage: StorageId): string {
  const { place } = table[storage];
  switch (place.kind) {
    case "alias":
    case "turn":
      return memoryInTurn(table, place.storage);
    case "carry":
      return `carry${place.carry} ${place.side}`;
    case "input":
    case "output":
      return `${place.kind}${place.index}`;
    case "arena":
    case "constant":
      return `storage${storage}`;
    default:
      return place satisfies never;
  }
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
  context: ChainContext,
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
function declared(context: ChainContext, variable: string): string {
  context.routine(variable, `var<private> ${variable}: u32;`);
  return variable;
}
