import type { Shape } from "@tributary/program";
import type { Body, Kernel, StorageId, View, Window } from "./ir.ts";
import type { Storages } from "./storages.ts";
import { denseWindow, windowBounds } from "./window.ts";

/** A part of a storage that a kernel reads or writes. */
export interface Access {
  readonly storage: StorageId;
  readonly shape: Shape;
  readonly window: Window;
}

/** What a kernel reads from memory, scan bodies included. */
export function kernelReads(kernel: Kernel): Access[] {
  switch (kernel.kind) {
    case "map":
      return bodyReads(kernel.body);
    case "reduce":
      return [...bodyReads(kernel.prologue), ...bodyReads(kernel.epilogue)];
    case "contract":
      return [...viewAccess(kernel.a, kernel.b), ...bodyReads(kernel.epilogue)];
    case "pool":
      return viewAccess(kernel.x);
    case "index":
      return viewAccess(kernel.source, kernel.index);
    case "rows":
      return viewAccess(...kernel.inputs);
    case "scan":
      return [
        ...kernel.carries.map((carry) => wholeStorage(carry.initial)),
        ...kernel.kernels.flatMap(kernelReads),
        // Carries go through these between turns.
        ...kernel.carries.flatMap((carry) => [wholeStorage(carry.last), wholeStorage(carry.other)]),
      ];
    default:
      return kernel satisfies never;
  }
}

/** What a kernel writes to memory, scan bodies included. */
export function kernelWrites(kernel: Kernel): Access[] {
  switch (kernel.kind) {
    case "map":
      return bodyWrites(kernel.body);
    case "reduce":
      return [...bodyWrites(kernel.prologue), ...bodyWrites(kernel.epilogue)];
    case "contract":
      return bodyWrites(kernel.epilogue);
    case "pool":
      return viewAccess(...[kernel.values, kernel.indices].filter((view) => view !== null));
    case "index":
    case "rows":
      return viewAccess(kernel.output);
    case "scan":
      return [
        ...kernel.carries.flatMap((carry) => [wholeStorage(carry.last), wholeStorage(carry.other)]),
        ...kernel.kernels.flatMap(kernelWrites),
      ];
    default:
      return kernel satisfies never;
  }
}

/** Whether two accesses may touch the same element; false only when they surely do not. */
export function mayOverlap(storages: Storages, a: Access, b: Access): boolean {
  const [inA, inB] = [rootAccess(storages, a), rootAccess(storages, b)];
  if (inA.storage !== inB.storage) return false;
  const boundsA = windowBounds(inA.shape, inA.window);
  const boundsB = windowBounds(inB.shape, inB.window);
  if (boundsA === null || boundsB === null) return false;
  return boundsA.first <= boundsB.last && boundsB.first <= boundsA.last;
}

/** The access in terms of the storage of which its storage is a part. */
export function rootAccess(storages: Storages, access: Access): Access {
  const { place } = storages.get(access.storage);
  if (place.kind === "turn") return wholeStorage(storages.root(access.storage));
  if (place.kind !== "alias") return access;
  const window = { offset: access.window.offset + place.offset, strides: access.window.strides };
  return rootAccess(storages, { storage: place.storage, shape: access.shape, window });
}

/** Stands for all of a storage, whatever its length. */
function wholeStorage(storage: StorageId): Access {
  return { storage, shape: [Number.MAX_SAFE_INTEGER], window: denseWindow([1]) };
}

function viewAccess(...views: readonly View[]): Access[] {
  return views.map((view) => ({ storage: view.storage, shape: view.shape, window: view }));
}

function bodyReads(body: Body): Access[] {
  return body.steps.flatMap((step) =>
    step.kind === "load" ? [{ storage: step.storage, shape: body.shape, window: step.window }] : [],
  );
}

function bodyWrites(body: Body): Access[] {
  return body.stores.map((store) => ({ storage: store.storage, shape: body.shape, window: store.window }));
}
