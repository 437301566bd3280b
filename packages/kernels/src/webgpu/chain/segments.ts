import type { Kernel, ScanCarry, ScanKernel, Storage, StorageId } from "../../ir.ts";
import type { GpuStorages } from "../kernel-code.ts";
import { carrySides } from "./carry-sides.ts";
import { GPU_PART_SIZES, type PartSizes } from "./part-sizes.ts";
import { type Leaf, leavesOf } from "./partition.ts";
import { chooseParts } from "./parts.ts";
import { renameStorages } from "./rename.ts";
import { ScanRenaming, type TurnPlace } from "./scan-renaming.ts";
import { kernelWork } from "./work.ts";

/**
 * Cuts normalised scans into segments, one behind the other, of which one workgroup does no more than it may in one dispatch: a driver takes a GPU from
 * a program whose dispatch lasts too long. Only scans that are in no other one are cut.
 */
export function cutScans(storages: GpuStorages, kernels: readonly Kernel[], sizes = GPU_PART_SIZES): readonly Kernel[] {
  return kernels.flatMap((kernel): readonly Kernel[] =>
    kernel.kind === "scan" ? cutScan(storages, kernel, sizes) : [kernel],
  );
}

/** What all kernels do in all turns of their scans, in elements of elementwise work. */
export function workOfTurns(leaves: readonly Leaf[]): number {
  return leaves.reduce(
    (sum, { kernel, scans }) => sum + scans.reduce((work, { length }) => work * length, kernelWork(kernel)),
    0,
  );
}

function cutScan(storages: GpuStorages, scan: ScanKernel, sizes: PartSizes): readonly ScanKernel[] {
  const leaves = leavesOf([scan]);
  const work = workOfTurns(leaves);
  const parts = work <= sizes.recurrentWorkMax ? 1 : chooseParts(storages.all, [scan], sizes).count;
  if (work / parts <= sizes.recurrentWorkMax) return [scan];
  const turns = Math.max(1, Math.floor((sizes.recurrentWorkMax * parts * scan.length) / work));
  // Segments of one length share a shader.
  const most = Math.ceil(scan.length / Math.ceil(scan.length / turns));
  const segments: ScanKernel[] = [];
  let { carries } = scan;
  for (let done = 0; done < scan.length; done += most) {
    const length = Math.min(most, scan.length - done);
    // How much later the segment's times are than its own counting says.
    const shift = scan.reverse ? scan.length - done - length : done;
    const renaming = new SegmentRenaming(storages, scan, shift);
    const kernels = scan.kernels.map((kernel) => renameStorages(kernel, renaming));
    const segment = { ...scan, length, kernels };
    carries = carries.map((carry) => continued(carry, carrySides({ ...scan, carries }, carry.carry), length));
    segments.push({ ...segment, carries });
    carries = carries.map((carry) => ({ ...carry, initial: carry.last, last: carry.last, other: otherSide(carry) }));
  }
  return segments;
}

/** A carry of a segment: it begins on the even side, and after an odd number of turns it is on the other. */
function continued({ carry, initial }: ScanCarry, { odd }: { readonly odd: StorageId }, length: number): ScanCarry {
  return length % 2 === 0
    ? { carry, initial, last: initial, other: odd }
    : { carry, initial, last: odd, other: initial };
}

/** The side on which a carry is not when its segment ends. */
function otherSide({ initial, last, other }: ScanCarry): StorageId {
  return last === initial ? other : initial;
}

/** What a segment finds instead of what moves with the scan's time; its carries are the scan's. */
class SegmentRenaming extends ScanRenaming {
  readonly #shift: number;

  constructor(storages: GpuStorages, scan: ScanKernel, shift: number) {
    super(storages, scan);
    this.#shift = shift;
  }

  protected override ownTurn(place: TurnPlace, inside: StorageId): Storage["place"] {
    return { ...place, storage: inside, offset: place.offset + this.#shift * place.stride };
  }

  protected override ownCarry(storage: StorageId): StorageId {
    return storage;
  }
}
