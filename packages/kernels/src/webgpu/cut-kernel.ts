import type { Body, Kernel, Store, Window } from "../ir.ts";
import { kernelReads, kernelWrites, mayOverlap } from "../kernel-access.ts";
import { withStores } from "../pruning.ts";
import type { Storages } from "../storages.ts";
import { keptAxes } from "./chain/loop-space.ts";
import type { GpuKernel } from "./kernel-code.ts";
import { mapBodyWindows } from "./reduction-geometry.ts";

/**
 * Both halves of a kernel whose elements have nothing to do with one another, or of a reduction with several results: each touches less of memory than the
 * whole. Null where a kernel has no halves: it is of another form, or of one element.
 */
export function halvesOf(kernel: GpuKernel): readonly [Kernel, Kernel] | null {
  if (kernel.kind === "map") {
    const { body } = kernel;
    const axis = widest(body, [...body.shape.keys()]);
    const part = (from: number, to: number): Kernel => ({ ...kernel, body: partOf(body, axis ?? 0, from, to) });
    return axis === null ? null : halves(body.shape[axis], part);
  }
  if (kernel.kind !== "reduce") return null;
  const { prologue, epilogue } = kernel;
  const kept = keptAxes(prologue.shape, kernel.axes);
  const axis = widest(prologue, kept);
  if (axis === null) return null;
  const part = (from: number, to: number): Kernel => ({
    ...kernel,
    prologue: partOf(prologue, axis, from, to),
    epilogue: partOf(epilogue, kept.indexOf(axis), from, to),
  });
  return halves(prologue.shape[axis], part);
}

/**
 * Two kernels that together store what one does: fusion joins what has one shape, wherever it goes. Null for other forms, for one store, and where each of the two
 * would overwrite what the other reads.
 */
export function halvesByStores(kernel: GpuKernel, storages: Storages): readonly [Kernel, Kernel] | null {
  if (kernel.kind !== "map" && kernel.kind !== "reduce") return null;
  const { stores } = kernel.kind === "map" ? kernel.body : kernel.epilogue;
  const middle = stores.length >> 1;
  if (middle === 0) return null;
  const storing = (some: readonly Store[], isFirst: boolean): Kernel => {
    if (kernel.kind === "map") return { ...kernel, body: withStores(kernel.body, some) };
    const prologue = isFirst ? kernel.prologue : { ...kernel.prologue, stores: [] };
    return { ...kernel, prologue, epilogue: withStores(kernel.epilogue, some) };
  };
  const [one, other] = [storing(stores.slice(0, middle), true), storing(stores.slice(middle), false)];
  const keeps = (first: Kernel, second: Kernel): boolean =>
    kernelWrites(first).every((write) => kernelReads(second).every((read) => !mayOverlap(storages, write, read)));
  if (keeps(one, other)) return [one, other];
  return keeps(other, one) ? [other, one] : null;
}

/** The axis along which a body goes farthest through memory, if any of these can be cut. */
function widest(body: Body, axes: readonly number[]): number | null {
  const windows = [
    ...body.steps.flatMap((step) => (step.kind === "load" ? [step.window] : [])),
    ...body.stores.map(({ window }) => window),
  ];
  const reach = (axis: number): number =>
    Math.max(0, ...windows.map(({ strides }) => Math.abs(strides[axis]) * (body.shape[axis] - 1)));
  const far = axes.filter((axis) => body.shape[axis] > 1).sort((a, b) => reach(b) - reach(a) || a - b);
  return far[0] ?? null;
}

/** A body for coordinates from ... to - 1 of an axis alone. */
function partOf(body: Body, axis: number, from: number, to: number): Body {
  const shape = body.shape.map((size, other) => (other === axis ? to - from : size));
  const moved = ({ offset, strides }: Window): Window => ({ offset: offset + from * strides[axis], strides });
  return mapBodyWindows(body, shape, moved);
}

function halves(size: number, part: (from: number, to: number) => Kernel): readonly [Kernel, Kernel] {
  const middle = size >> 1;
  return [part(0, middle), part(middle, size)];
}
