import type { Kernel, ScanCarry, ScanKernel, StorageId } from "../../ir.ts";
import { denseWindow } from "../../window.ts";
import type { GpuStorages } from "../kernel-code.ts";
import { awaitInputs } from "./await-inputs.ts";
import { GPU_PART_SIZES, type PartSizes } from "./part-sizes.ts";
import { leavesOf } from "./partition.ts";
import { chooseParts } from "./parts.ts";
import { unrollScan } from "./unroll.ts";
import { kernelWork } from "./work.ts";

/** Work of one turn, in elements, that one workgroup should do at most: more goes to many, a dispatch for each kernel of each turn. */
const TURN_WORK_MAX = 1 << 18;
/** Most kernels that a scan becomes when its turns are written out. */
const UNROLLED_KERNELS_MAX = 512;

/**
 * Scans as the GPU runs them. A carry alternates between two storages of the arena (see {@link carrySides}): copies before the scan and behind it bring the initial value there and the
 * last to where it belongs. A scan of one turn, or one whose turns are too much for the workgroups that it can be divided among, becomes the
 * kernels of all its turns.
 */
export function normalizeScans(
  storages: GpuStorages,
  kernels: readonly Kernel[],
  sizes = GPU_PART_SIZES,
): readonly Kernel[] {
  return kernels.flatMap((kernel, position): readonly Kernel[] => {
    if (kernel.kind !== "scan") return [kernel];
    const unrolled = (): readonly Kernel[] => {
      const turns = normalizeScans(storages, unrollScan(storages, kernel), sizes);
      return awaitInputs(storages.all, kernels.slice(0, position), turns);
    };
    if (kernel.length === 1) return unrolled();
    const normalized = normalizeScan(storages, kernel, sizes);
    return isTooMuch(storages, normalized.scan, sizes)
      ? unrolled()
      : [...normalized.before, normalized.scan, ...normalized.after];
  });
}

function isTooMuch(storages: GpuStorages, scan: ScanKernel, sizes: PartSizes): boolean {
  const leaves = leavesOf(scan.kernels, [scan]);
  if (leaves.length === 0 || scan.length * leaves.length > UNROLLED_KERNELS_MAX) return false;
  const work = leaves.reduce((sum, { kernel }) => sum + kernelWork(kernel), 0);
  return work > TURN_WORK_MAX && work / chooseParts(storages.all, [scan], sizes).count > TURN_WORK_MAX;
}

/** A scan whose carries alternate between storages of the arena, and the copies around it. */
interface NormalizedScan {
  readonly before: readonly Kernel[];
  readonly scan: ScanKernel;
  readonly after: readonly Kernel[];
}

function normalizeScan(storages: GpuStorages, scan: ScanKernel, sizes: PartSizes): NormalizedScan {
  const before: Kernel[] = [];
  const after: Kernel[] = [];
  const carries = scan.carries.map((carry): ScanCarry => {
    const { dtype, length, place } = storages.all[carry.last];
    let last = carry.last;
    if (place.kind !== "arena") {
      last = storages.add({ dtype, length });
      after.push(copyKernel(storages, last, carry.last));
    }
    // The last turn writes the side that turn 0 reads where the number of turns is even.
    const [even, odd] = scan.length % 2 === 0 ? [last, carry.other] : [carry.other, last];
    before.push(copyKernel(storages, carry.initial, even));
    return { carry: carry.carry, initial: even, last, other: even === last ? odd : even };
  });
  return { before, scan: { ...scan, carries, kernels: normalizeScans(storages, scan.kernels, sizes) }, after };
}

function copyKernel(storages: GpuStorages, from: StorageId, to: StorageId): Kernel {
  const { dtype, length } = storages.all[to];
  const window = denseWindow([length]);
  const body = {
    shape: [length],
    steps: [{ kind: "load" as const, dtype, storage: from, window }],
    stores: [{ step: 0, storage: to, window }],
  };
  return { kind: "map", body };
}
