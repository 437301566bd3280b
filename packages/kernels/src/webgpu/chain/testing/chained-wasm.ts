import type { Program } from "@tributary/program";
import type { Device } from "../../../device.ts";
import type { Kernel, KernelProgram } from "../../../ir.ts";
import { lowerProgram } from "../../../lowering.ts";
import { probeMachine } from "../../../wasm/machine.ts";
import { WasmDevice } from "../../../wasm/wasm-device.ts";
import { StorageTable } from "../../gpu-storages.ts";
import type { ChainKernel, GpuKernel } from "../../kernel-code.ts";
import { fuseChains } from "../fuse-chains.ts";
import { normalizeScans } from "../normalize-scans.ts";
import type { PartSizes } from "../part-sizes.ts";
import { cutScans } from "../segments.ts";

/** As many parts as there can be, in everything that can be divided. */
const FINEST: PartSizes = {
  workMin: 1,
  workMax: 1,
  enough: 1 << 20,
  recurrentMax: 1 << 20,
  recurrentRows: 1,
  recurrentMin: 1,
  recurrentWorkMax: Number.POSITIVE_INFINITY,
  productRowsMin: 1,
};

/** What a test wants of chains that run on a CPU. */
export interface ChainedOptions {
  /** Whether the parts of a chain run from the last to the first: they must not depend on their order. */
  readonly reverse: boolean;
  /** Whether every turn of a scan is a segment of its own. */
  readonly cut?: boolean;
  /** Called with what each compiled program's kernels have become. */
  readonly watch?: (kernels: readonly GpuKernel[]) => void;
}

/** Opens a wasm device whose programs' kernels have gone through what the GPU's go through; the parts of a chain are turns of a loop there. */
export async function openChainedWasm(options: ChainedOptions): Promise<Device> {
  const { features, geometry } = await probeMachine();
  return new WasmDevice(features, geometry, (program) => lowerChained(program, options));
}

function lowerChained(program: Program, { reverse, cut = false, watch }: ChainedOptions): KernelProgram {
  const lowered = lowerProgram(program, { operands: "rows" });
  const table = new StorageTable(lowered.storages);
  const sizes = cut ? { ...FINEST, recurrentWorkMax: 1 } : FINEST;
  const scans = cutScans(table, normalizeScans(table, lowered.kernels, sizes), sizes);
  const fused = fuseChains(table, scans, { storageBuffers: 8 }, sizes);
  watch?.(fused);
  const kernels = fused.flatMap((kernel) => (kernel.kind === "chain" ? asLoops(kernel, reverse) : [kernel]));
  return { storages: table.all, kernels, outputs: lowered.outputs };
}

/** One loop for each digit of the part's number. */
function asLoops({ digits, kernels }: ChainKernel, reverse: boolean): readonly Kernel[] {
  let inside: readonly Kernel[] = kernels;
  for (const { loop, size } of [...digits].reverse()) {
    inside = [{ kind: "scan", loop, length: size, reverse, carries: [], kernels: inside }];
  }
  return inside;
}
