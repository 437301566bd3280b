import type { Place, ScanKernel, Storage, StorageId } from "../../ir.ts";
import type { Access } from "../../kernel-access.ts";
import { carrySides } from "./carry-sides.ts";

/** Coordinates 0 ... size - 1, each `stride` elements further. */
export interface Axis {
  readonly size: number;
  readonly stride: number;
}

/** Elements of one piece of memory: offset, plus for each axis a coordinate times its stride. */
export interface ElementSet {
  /** Storages whose memory has one name may share elements. */
  readonly memory: string;
  readonly offset: number;
  readonly axes: readonly Axis[];
}

/** Where a storage begins, and how that moves with the turns of the scans around. */
export interface Location {
  readonly memory: string;
  readonly offset: number;
  readonly moves: readonly Axis[];
}

/**
 * Where a storage lies; a carry of a normalised scan lies in two places.
 * @param scans those around the kernel that uses the storage
 */
export function locate(table: readonly Storage[], storage: StorageId, scans: readonly ScanKernel[]): Location[] {
  const { place } = table[storage];
  switch (place.kind) {
    case "alias":
      return locate(table, place.storage, scans).map((at) => ({ ...at, offset: at.offset + place.offset }));
    case "turn": {
      const scan = scans.find(({ loop }) => loop === place.loop);
      if (scan === undefined)
        throw new Error(`Storage ${storage} moves with loop ${place.loop}, which is not around it`);
      const move = { size: scan.length, stride: place.stride };
      return locate(table, place.storage, scans).map((at) => ({
        ...at,
        offset: at.offset + place.offset,
        moves: [...at.moves, move],
      }));
    }
    case "carry": {
      const scan = scans.find(({ carries }) => carries.some(({ carry }) => carry === place.carry));
      if (scan === undefined) throw new Error(`Carry ${place.carry} belongs to no scan around it`);
      const { even, odd } = carrySides(scan, place.carry);
      return [...locate(table, even, scans), ...locate(table, odd, scans)];
    }
    case "input":
    case "output":
    case "arena":
    case "constant":
      return [{ memory: memoryOf(place, storage), offset: 0, moves: [] }];
    default:
      return place satisfies never;
  }
}

function memoryOf(place: Place, storage: StorageId): string {
  return place.kind === "input" || place.kind === "output" ? `${place.kind}${place.index}` : `storage${storage}`;
}

/** What an access touches in all turns of the scans around it. */
export function elementSets(table: readonly Storage[], access: Access, scans: readonly ScanKernel[]): ElementSet[] {
  if (access.shape.includes(0)) return [];
  const own = access.shape.map((size, axis) => ({ size, stride: access.window.strides[axis] }));
  return locate(table, access.storage, scans).map(({ memory, offset, moves }) => ({
    memory,
    offset: offset + access.window.offset,
    axes: [...moves, ...own].filter(({ size, stride }) => size > 1 && stride !== 0),
  }));
}

/** The same elements with positive strides only. */
export function forwards({ memory, offset, axes }: ElementSet): ElementSet {
  const back = axes.reduce((sum, { size, stride }) => sum + (stride < 0 ? (size - 1) * stride : 0), 0);
  return { memory, offset: offset + back, axes: axes.map(({ size, stride }) => ({ size, stride: Math.abs(stride) })) };
}

/** How far the last element is from the first; strides are positive. */
export function reach(axes: readonly Axis[]): number {
  return axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0);
}

/**
 * Whether two sets may share an element; false only when they surely do not: one ends before the other begins, or both repeat with a period (columns of a matrix, slices of its
 * rows) and take different parts of it.
 */
export function mayShare(a: ElementSet, b: ElementSet): boolean {
  if (a.memory !== b.memory) return false;
  const [one, two] = [forwards(a), forwards(b)];
  if (one.offset + reach(one.axes) < two.offset || two.offset + reach(two.axes) < one.offset) return false;
  const periods = new Set([...one.axes, ...two.axes].map(({ stride }) => stride));
  return ![...periods].some((period) => period > 1 && differInPeriod(one, two, period));
}

function differInPeriod(a: ElementSet, b: ElementSet, period: number): boolean {
  const start = Math.min(a.offset, b.offset);
  const part = ({ offset, axes }: ElementSet): { first: number; last: number } => {
    const first = (offset - start) % period;
    return { first, last: first + reach(axes.filter(({ stride }) => stride % period !== 0)) };
  };
  const [one, two] = [part(a), part(b)];
  if (one.last >= period || two.last >= period) return false;
  return one.last < two.first || two.last < one.first;
}
