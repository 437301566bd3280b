import type { Shape } from "@tributary/program";
import type { Body, ContractKernel, IndexKernel, Kernel, ScanKernel, StorageId, View, Window } from "../../ir.ts";

/** A kernel that is no scan. */
export type LeafKernel = Exclude<Kernel, ScanKernel>;

/** What a kernel touches, as strides over the axes of its {@link LoopSpace}. */
export interface SpaceAccess {
  readonly storage: StorageId;
  readonly isWrite: boolean;
  readonly offset: number;
  /** One for each axis; 0 where the access does not move with it. */
  readonly strides: readonly number[];
  /** Further coordinates that belong to this access alone: [size, stride]. */
  readonly own: readonly (readonly [size: number, stride: number])[];
}

/** The axes along which a kernel's work may be divided, and how what it touches moves with them. */
export interface LoopSpace {
  readonly axes: Shape;
  readonly accesses: readonly SpaceAccess[];
}

/** An access by axes: the window's axis i is axis `places[i]` of the space, or its own where that is null. */
function spaceAccess(
  rank: number,
  { storage, shape, window }: { storage: StorageId; shape: Shape; window: Window },
  places: readonly (number | null)[],
  isWrite: boolean,
): SpaceAccess {
  const strides = new Array<number>(rank).fill(0);
  const own: [number, number][] = [];
  for (const [axis, place] of places.entries()) {
    if (place === null) own.push([shape[axis], window.strides[axis]]);
    else strides[place] = window.strides[axis];
  }
  return { storage, isWrite, offset: window.offset, strides, own };
}

function bodyAccesses(rank: number, body: Body, places: readonly (number | null)[]): SpaceAccess[] {
  const access = (storage: StorageId, window: Window, isWrite: boolean): SpaceAccess =>
    spaceAccess(rank, { storage, shape: body.shape, window }, places, isWrite);
  return [
    ...body.steps.flatMap((step) => (step.kind === "load" ? [access(step.storage, step.window, false)] : [])),
    ...body.stores.map((store) => access(store.storage, store.window, true)),
  ];
}

function viewAccess(rank: number, view: View, places: readonly (number | null)[], isWrite = false): SpaceAccess {
  return spaceAccess(rank, { storage: view.storage, shape: view.shape, window: view }, places, isWrite);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, axis) => axis);

/** The first `count` axes are the space's, the others the view's own. */
const leading = (shape: Shape, count: number): (number | null)[] =>
  shape.map((_, axis) => (axis < count ? axis : null));

/** The space of a kernel; one without axes where its work cannot be divided. */
export function loopSpace(kernel: LeafKernel): LoopSpace {
  switch (kernel.kind) {
    case "map": {
      const axes = kernel.body.shape;
      return { axes, accesses: bodyAccesses(axes.length, kernel.body, upTo(axes.length)) };
    }
    case "reduce": {
      const { prologue, epilogue } = kernel;
      const kept = keptAxes(prologue.shape, kernel.axes);
      const places = prologue.shape.map((_, axis) => (kernel.axes.includes(axis) ? null : kept.indexOf(axis)));
      const accesses = [
        ...bodyAccesses(kept.length, prologue, places),
        ...bodyAccesses(kept.length, epilogue, upTo(kept.length)),
      ];
      return { axes: kept.map((axis) => prologue.shape[axis]), accesses };
    }
    case "contract":
      return contractSpace(kernel);
    case "pool": {
      const outputs = [kernel.values, kernel.indices].filter((view) => view !== null);
      return viewSpace(kernel.x.shape.slice(0, 2), [kernel.x], outputs);
    }
    case "index":
      return indexSpace(kernel);
    case "rows":
      return viewSpace(kernel.inputs[0].shape.slice(0, -1), kernel.inputs, [kernel.output]);
    default:
      return kernel satisfies never;
  }
}

/** The axes of a reduction that its results keep. */
export function keptAxes(shape: Shape, reduced: readonly number[]): number[] {
  return upTo(shape.length).filter((axis) => !reduced.includes(axis));
}

/** Views that have the space's axes in front. */
function viewSpace(axes: Shape, reads: readonly View[], writes: readonly View[]): LoopSpace {
  const rank = axes.length;
  return {
    axes,
    accesses: [
      ...reads.map((view) => viewAccess(rank, view, leading(view.shape, rank))),
      ...writes.map((view) => viewAccess(rank, view, leading(view.shape, rank), true)),
    ],
  };
}

/** Axes [...batch, M, N] of a matrix product; the images of a convolution. A weight gradient adds up over everything it has. */
function contractSpace(kernel: ContractKernel): LoopSpace {
  const { contraction, a, b, epilogue } = kernel;
  if (contraction.operation === "matmul") {
    const rank = epilogue.shape.length;
    const batch = upTo(rank - 2);
    return {
      axes: epilogue.shape,
      accesses: [
        viewAccess(rank, a, [...batch, rank - 2, null]),
        viewAccess(rank, b, [...batch, null, rank - 1]),
        ...bodyAccesses(rank, epilogue, upTo(rank)),
      ],
    };
  }
  const rank = contraction.operation === "convolutionWeightGradient" ? 0 : 1;
  return {
    axes: epilogue.shape.slice(0, rank),
    accesses: [
      viewAccess(rank, a, leading(a.shape, rank)),
      viewAccess(rank, b, leading(b.shape, 0)),
      ...bodyAccesses(rank, epilogue, leading(epilogue.shape, rank)),
    ],
  };
}

/** gather and scatterAdd go row by row, take index by index; rows that are added to one another stay together. */
function indexSpace({ operation, source, index, output }: IndexKernel): LoopSpace {
  if (operation === "take") {
    const rank = index.shape.length;
    const accesses = [
      viewAccess(rank, source, leading(source.shape, 0)),
      viewAccess(rank, index, leading(index.shape, rank)),
      viewAccess(rank, output, leading(output.shape, rank), true),
    ];
    return { axes: index.shape, accesses };
  }
  const rows = operation === "scatterAddRows" ? 0 : index.shape.length - 1;
  return viewSpace(index.shape.slice(0, rows), [source, index], [output]);
}
