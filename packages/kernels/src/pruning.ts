import type { Body, Kernel, StorageId, Store } from "./ir.ts";
import { kernelReads } from "./kernel-access.ts";
import type { Storages } from "./storages.ts";
import { windowsEqual } from "./window.ts";

/** Leaves out stores that nobody reads, the steps that only they needed, and kernels that then do nothing. */
export function pruneKernels(storages: Storages, kernels: readonly Kernel[]): readonly Kernel[] {
  return pruneList(storages, kernels, new Set());
}

function pruneList(storages: Storages, kernels: readonly Kernel[], read: Set<StorageId>): readonly Kernel[] {
  const kept: Kernel[] = [];
  for (let position = kernels.length - 1; position >= 0; position--) {
    const kernel = pruneKernel(storages, kernels[position], read);
    if (kernel === null) continue;
    kept.unshift(kernel);
    for (const access of kernelReads(kernel)) read.add(storages.root(access.storage));
  }
  return kept;
}

function pruneKernel(storages: Storages, kernel: Kernel, read: Set<StorageId>): Kernel | null {
  const needed = (storage: StorageId): boolean => {
    const root = storages.root(storage);
    return storages.get(root).place.kind !== "arena" || read.has(root);
  };
  switch (kernel.kind) {
    case "map": {
      const body = pruneBody(storages, kernel.body, needed);
      return body.stores.length === 0 ? null : { ...kernel, body };
    }
    case "contract": {
      const epilogue = pruneBody(storages, kernel.epilogue, needed);
      return epilogue.stores.length === 0 ? null : { ...kernel, epilogue };
    }
    case "reduce": {
      const epilogue = pruneBody(storages, kernel.epilogue, needed);
      return epilogue.stores.length === 0 ? null : { ...kernel, epilogue };
    }
    case "pool": {
      const values = kernel.values !== null && needed(kernel.values.storage) ? kernel.values : null;
      const indices = kernel.indices !== null && needed(kernel.indices.storage) ? kernel.indices : null;
      return values === null && indices === null ? null : { ...kernel, values, indices };
    }
    case "index":
    case "rows":
      return needed(kernel.output.storage) ? kernel : null;
    case "scan":
      return { ...kernel, kernels: pruneList(storages, kernel.kernels, read) };
    default:
      return kernel satisfies never;
  }
}

function pruneBody(storages: Storages, body: Body, needed: (storage: StorageId) => boolean): Body {
  return withStores(
    body,
    body.stores.filter((store) => needed(store.storage) && !isSelfCopy(storages, body, store)),
  );
}

/** A body with some of its stores alone, and the steps that they need. */
export function withStores(body: Body, stores: readonly Store[]): Body {
  const live = new Set(stores.map((store) => store.step));
  for (let number = body.steps.length - 1; number >= 0; number--) {
    const step = body.steps[number];
    if (live.has(number) && step.kind === "apply") for (const argument of step.arguments) live.add(argument);
  }
  const numbers = new Map([...live].sort((a, b) => a - b).map((old, number) => [old, number]));
  const renumbered = (old: number): number => numbers.get(old) ?? 0;
  return {
    shape: body.shape,
    steps: body.steps
      .filter((_, number) => live.has(number))
      .map((step) => (step.kind === "apply" ? { ...step, arguments: step.arguments.map(renumbered) } : step)),
    stores: stores.map((store) => ({ ...store, step: renumbered(store.step) })),
  };
}

/** An element that is written back to where it was read: an output that leaves part of the input it replaces as it was. */
function isSelfCopy(storages: Storages, body: Body, store: Store): boolean {
  const step = body.steps[store.step];
  if (step.kind !== "load") return false;
  const [from, to] = [storages.get(step.storage).place, storages.get(store.storage).place];
  const same = from.kind === "input" && to.kind === "input" && from.index === to.index;
  return same && windowsEqual(body.shape, step.window, store.window);
}
