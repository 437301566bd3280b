import type { Program } from "@tributary/program";
import { KernelError } from "../errors.ts";
import { lowerProgram } from "../lowering.ts";
import { collectConstants, planArena } from "./arena.ts";
import { fuseChains } from "./chain/fuse-chains.ts";
import { normalizeScans } from "./chain/normalize-scans.ts";
import { cutScans } from "./chain/segments.ts";
import { splitContractions } from "./contraction/split-contractions.ts";
import { type DispatchCode, type DispatchTarget, dispatchCode } from "./dispatch-code.ts";
import { StorageTable } from "./gpu-storages.ts";
import type { ChainKernel, GpuFeatures, GpuKernel } from "./kernel-code.ts";
import { MemoryLayout } from "./memory-layout.ts";
import { splitReductions } from "./reduce-split.ts";
import { scheduleDispatches } from "./schedule.ts";
import { stageEdges } from "./stage-edges.ts";

/** A program planned for a GPU: everything that needs no GPU. */
export interface PlannedProgram {
  readonly dispatches: readonly DispatchCode[];
  readonly arenaBytes: number;
  readonly constants: Uint32Array<ArrayBuffer>;
}

/** Bytes of a uniform buffer that every GPU can bind (WebGPU's maxUniformBufferBindingSize). */
const UNIFORM_BYTES_MAX = 65_536;

/** Most characters of a shader that several kernels share: drivers take longer for a long one than for its halves. */
const SHADER_CHARACTERS_MAX = 65_536;

/**
 * Plans a valid program.
 * @param charactersMax longer shaders are divided among dispatches, as far as they hold several kernels: with 0 each kernel has a dispatch of its
 *   own. Results are the same to the bit.
 * @throws KernelError OUT_OF_MEMORY when its scratch memory is more than a dispatch can reach
 */
export function planProgram(
  program: Program,
  features: GpuFeatures,
  charactersMax = SHADER_CHARACTERS_MAX,
): PlannedProgram {
  const lowered = lowerProgram(program, { operands: "rows" });
  const table = new StorageTable(lowered.storages);
  const staged = stageEdges(table.storages, lowered.kernels, features);
  const fused = fuseChains(table, cutScans(table, normalizeScans(table, staged)), features);
  // What a chain does is one workgroup's: only kernels that stand alone are split among more workgroups.
  const kernels = fused.flatMap((kernel): readonly GpuKernel[] => {
    if (kernel.kind === "chain") return [kernel];
    return splitReductions(table, splitContractions(table, [kernel], features), features);
  });
  const dispatches = scheduleDispatches(table.storages, kernels, features);
  const arena = planArena(table.storages, dispatches);
  if (arena.bytes > features.bindingBytes) {
    throw new KernelError(
      "OUT_OF_MEMORY",
      `Program ${program.name} needs ${arena.bytes} bytes of scratch memory, and this GPU reaches ${features.bindingBytes} at once: use a smaller microbatch`,
    );
  }
  const constants = collectConstants(table.storages, kernels);
  const layout = new MemoryLayout(table.storages, arena, constants);
  const target = { features, storages: table.storages, layout, charactersMax };
  return {
    // A kernel over no elements has nothing to do.
    dispatches: dispatches.flatMap((group) => fittingCode(group, target)).filter(({ workgroups }) => workgroups > 0),
    arenaBytes: arena.bytes,
    constants: constants.words,
  };
}

/** What kernels' code is written for. */
interface FittingTarget extends DispatchTarget {
  readonly charactersMax: number;
}

/** The code of kernels that may share a dispatch: in several where together they are too much. */
function fittingCode(kernels: readonly GpuKernel[], target: FittingTarget): DispatchCode[] {
  const code = dispatchCode(kernels, target);
  const hasMemory = code.workgroupBytes <= target.features.workgroupBytes;
  const isShort = code.text.length <= target.charactersMax && code.bases.byteLength <= UNIFORM_BYTES_MAX;
  if (hasMemory && (isShort || kernels.length === 1)) return [code];
  const [first] = kernels;
  if (kernels.length === 1 && first.kind === "chain") return unchained(first, target) ?? [code];
  if (kernels.length === 1) return [code];
  const half = kernels.length >> 1;
  return [...fittingCode(kernels.slice(0, half), target), ...fittingCode(kernels.slice(half), target)];
}

/** A chain as dispatches one after the other; null for that of a scan, whose turns only a chain can run. */
function unchained({ whole }: ChainKernel, target: FittingTarget): DispatchCode[] | null {
  if (whole.some(({ kind }) => kind === "scan")) return null;
  const kernels = whole.filter((kernel) => kernel.kind !== "map" || kernel.body.stores.length > 0);
  return kernels.flatMap((kernel) => fittingCode([kernel], target));
}
