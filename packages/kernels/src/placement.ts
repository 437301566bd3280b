import type { Body, Kernel, StorageId } from "./ir.ts";
import { type Access, kernelReads, kernelWrites, mayOverlap } from "./kernel-access.ts";
import type { Storages } from "./storages.ts";
import { denseWindow, windowsEqual } from "./window.ts";

/**
 * Lets outputs be written straight onto the inputs that they replace where no kernel reads an old element after it was
 * overwritten; the others are copied there when all kernels have run.
 * @returns the kernels, with those copies behind them
 */
export function placeReplacements(
  storages: Storages,
  kernels: readonly Kernel[],
  outputs: readonly StorageId[],
): readonly Kernel[] {
  const copies: Kernel[] = [];
  for (const output of outputs) {
    const input = storages.replaced(output);
    if (input === null) continue;
    if (isSafe(storages, kernels, output, input)) {
      storages.move(output, storages.get(input).place);
    } else {
      copies.push({ kind: "map", body: copyBody(storages, output, input) });
    }
  }
  return [...kernels, ...copies];
}

function isSafe(storages: Storages, kernels: readonly Kernel[], output: StorageId, input: StorageId): boolean {
  const from = (access: Access, root: StorageId): boolean => storages.root(access.storage) === root;
  for (const [position, writer] of kernels.entries()) {
    const writes = kernelWrites(writer).filter((access) => from(access, output));
    if (writes.length === 0) continue;
    // As if both were one storage already.
    const overwritten = writes.map((write) => ({ ...write, storage: input }));
    for (const reader of kernels.slice(position)) {
      for (const read of kernelReads(reader)) {
        if (!from(read, input)) continue;
        const clashes = overwritten.filter((write) => mayOverlap(storages, read, write));
        if (reader === writer && clashes.every((write) => isReadFirst(writer, read, write))) continue;
        if (clashes.length > 0) return false;
      }
    }
  }
  return true;
}

/** Whether the kernel reads each of these elements just before it writes that same element. */
function isReadFirst(kernel: Kernel, read: Access, write: Access): boolean {
  if (kernel.kind !== "map" && kernel.kind !== "contract" && kernel.kind !== "reduce") return false;
  const body = kernel.kind === "map" ? kernel.body : kernel.epilogue;
  const inBody = body.steps.some((step) => step.kind === "load" && step.window === read.window);
  return inBody && windowsEqual(body.shape, write.window, read.window);
}

/** Elementwise work that brings one storage's elements to another. */
export function copyBody(storages: Storages, source: StorageId, target: StorageId): Body {
  const { dtype, length } = storages.get(source);
  const window = denseWindow([length]);
  return {
    shape: [length],
    steps: [{ kind: "load", dtype, storage: source, window }],
    stores: [{ step: 0, storage: target, window }],
  };
}
