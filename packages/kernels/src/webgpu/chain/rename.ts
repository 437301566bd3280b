import type { Body, Kernel, ScanCarry, StorageId, View } from "../../ir.ts";

/** What becomes of storages, and of the numbers of carries. */
export interface Renaming {
  storage(storage: StorageId): StorageId;
  carry(carry: number): number;
}

/** The same kernel with other storages and other numbers of carries, in scans too. */
export function renameStorages(kernel: Kernel, renaming: Renaming): Kernel {
  const rename = (storage: StorageId): StorageId => renaming.storage(storage);
  const view = <V extends View | null>(old: V): V => (old === null ? old : { ...old, storage: rename(old.storage) });
  const body = (old: Body): Body => ({
    ...old,
    steps: old.steps.map((step) => (step.kind === "load" ? { ...step, storage: rename(step.storage) } : step)),
    stores: old.stores.map((store) => ({ ...store, storage: rename(store.storage) })),
  });
  const carry = (old: ScanCarry): ScanCarry => ({
    carry: renaming.carry(old.carry),
    initial: rename(old.initial),
    last: rename(old.last),
    other: rename(old.other),
  });
  switch (kernel.kind) {
    case "map":
      return { ...kernel, body: body(kernel.body) };
    case "reduce":
      return { ...kernel, prologue: body(kernel.prologue), epilogue: body(kernel.epilogue) };
    case "contract":
      return { ...kernel, a: view(kernel.a), b: view(kernel.b), epilogue: body(kernel.epilogue) };
    case "pool":
      return { ...kernel, x: view(kernel.x), values: view(kernel.values), indices: view(kernel.indices) };
    case "index":
      return { ...kernel, source: view(kernel.source), index: view(kernel.index), output: view(kernel.output) };
    case "rows":
      return { ...kernel, inputs: kernel.inputs.map(view), output: view(kernel.output) };
    case "scan":
      return {
        ...kernel,
        carries: kernel.carries.map(carry),
        kernels: kernel.kernels.map((inner) => renameStorages(inner, renaming)),
      };
    default:
      return kernel satisfies never;
  }
}
