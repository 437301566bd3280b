import type { Program } from "@tributary/program";
import { lowerProgram } from "../lowering.ts";
import { collectConstants, planArena } from "./arena.ts";
import { fuseChains } from "./chain/fuse-chains.ts";
import { normalizeScans } from "./chain/normalize-scans.ts";
import { cutScans } from "./chain/segments.ts";
import { splitContractions } from "./contraction/split-contractions.ts";
import type { DispatchCode } from "./dispatch-code.ts";
import { fittingCode } from "./fitting-code.ts";
import { StorageTable } from "./gpu-storages.ts";
import type { GpuFeatures, GpuKernel } from "./kernel-code.ts";
import { MemoryLayout } from "./memory-layout.ts";
import { checkBuffers } from "./out-of-reach.ts";
import { splitReductions } from "./reduce-split.ts";
import { scheduleDispatches } from "./schedule.ts";
import { stageEdges } from "./stage-edges.ts";

/** A program planned for a GPU: everything that needs no GPU. */
export interface PlannedProgram {
  readonly dispatches: readonly DispatchCode[];
  /** Bytes of each bank of scratch memory. */
  readonly banks: readonly number[];
  readonly constants: Uint32Array<ArrayBuffer>;
}

/** Most characters of a shader that several kernels share: drivers take longer for a long one than for its halves. */
const SHADER_CHARACTERS_MAX = 65_536;

/** How often a kernel that reaches more of a buffer than the GPU can bind is halved at most. */
const HALVINGS_MAX = 8;

/**
 * Plans a valid program.
 * @param charactersMax longer shaders are divided among dispatches, as far as they hold several kernels: with 0 each kernel has a dispatch of its
 *   own. Results are the same to the bit.
 * @throws KernelError MODEL_TOO_LARGE, OUT_OF_MEMORY when one operation uses more than a dispatch can reach
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
  const arena = planArena(table.storages, dispatches, features.bindingBytes);
  checkBuffers(program, arena.banks, features);
  const constants = collectConstants(table.storages, kernels);
  const layout = new MemoryLayout(table.storages, arena, constants);
  const target = { features, storages: table.storages, layout, program, charactersMax, halvings: HALVINGS_MAX };
  return {
    // A kernel over no elements has nothing to do.
    dispatches: dispatches.flatMap((group) => fittingCode(group, target)).filter(({ workgroups }) => workgroups > 0),
    banks: arena.banks,
    constants: constants.words,
  };
}
