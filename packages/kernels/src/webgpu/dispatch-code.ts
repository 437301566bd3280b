import type { Kernel, ScanKernel, Storage, StorageId } from "../ir.ts";
import type { Storages } from "../storages.ts";
import { callKernels, type WrittenKernel } from "./alike-kernels.ts";
import { carrySides } from "./chain/carry-sides.ts";
import { emitChain } from "./chain/chain-code.ts";
import { emitContraction } from "./contraction/contraction-code.ts";
import { cutIntoPieces, gpuKernelWork, type Piece } from "./dispatch-work.ts";
import { emitIndexed } from "./index-code.ts";
import {
  type Access,
  type ChainKernel,
  type GpuFeatures,
  type GpuKernel,
  type KernelCode,
  type KernelContext,
  literal,
  loopVariable,
  REGISTER_TYPES,
  turnVariable,
  WORKGROUP_SIZE,
} from "./kernel-code.ts";
import { emitMap } from "./map-code.ts";
import type { Home, MemoryLayout } from "./memory-layout.ts";
import { type DispatchBinding, MemoryUses } from "./memory-uses.ts";
import { memoryWindows } from "./memory-windows.ts";
import { emitPool } from "./pool-code.ts";
import { emitReduce } from "./reduce-code.ts";
import { emitRows } from "./rows-code.ts";

/** A dispatch as it goes to the GPU. */
export interface DispatchCode {
  readonly text: string;
  readonly workgroups: number;
  /** In which its workgroups may run one piece behind the other. */
  readonly pieces: readonly Piece[];
  readonly bindings: readonly DispatchBinding[];
  /**
   * The elements at which accesses begin, four to a vector. The first vector is another matter: its x is 0, and its y (FIRST_WORKGROUP_SLOT) is the number of
   * the first workgroup where a dispatch runs in pieces.
   */
  readonly bases: Uint32Array<ArrayBuffer>;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
}

/** Where among the bases the number of the first workgroup is. */
export const FIRST_WORKGROUP_SLOT = 1;

/** What dispatches of a program are written with. */
export interface DispatchTarget {
  readonly features: GpuFeatures;
  readonly storages: Storages;
  readonly layout: MemoryLayout;
}

/** Writes the shader of kernels that do not depend on one another. @param sparing with less workgroup memory, and slower */
export function dispatchCode(kernels: readonly GpuKernel[], target: DispatchTarget, sparing = false): DispatchCode {
  return new DispatchWriter(target, kernels, sparing).write(kernels);
}

/** A call of one of WGSL's subgroup operations. */
const SUBGROUP_FUNCTION = /\bsubgroup[A-Z]\w*\(/;

const ARRAY_BYTES = { f32: 4, i32: 4, u32: 4, "vec4<f32>": 16 } as const;
type ArrayType = keyof typeof ARRAY_BYTES;

class DispatchWriter implements KernelContext {
  readonly features: GpuFeatures;
  readonly sparing: boolean;
  readonly #target: DispatchTarget;
  readonly #routines = new Map<string, string>();
  /** Names of the functions of kernels, by their text: kernels that differ in nothing but their bases share one. */
  readonly #functions = new Map<string, string>();
  readonly #memories: MemoryUses;
  /** The bases of the kernel that is being written, and their slots. */
  #bases: number[] = [];
  readonly #baseSlots = new Map<string, number>();
  /** Where accesses of that kernel begin, by their expressions: each is a variable of the functions that use it. */
  readonly #origins = new Map<string, string>();
  readonly #arrays = new Map<ArrayType, number>();
  readonly #scans = new Map<number, ScanKernel>();
  #chained = false;

  constructor(target: DispatchTarget, kernels: readonly GpuKernel[], sparing: boolean) {
    this.sparing = sparing;
    this.features = target.features;
    this.#target = target;
    const { features, storages, layout } = target;
    this.#memories = new MemoryUses(memoryWindows(kernels, { storages, layout, bindingBytes: features.bindingBytes }));
    for (const kernel of kernels) this.#noteScans(kernel.kind === "chain" ? kernel.kernels : [kernel]);
  }

  get storages(): readonly Storage[] {
    return this.#target.storages.all();
  }

  get chained(): boolean {
    return this.#chained;
  }

  write(kernels: readonly GpuKernel[]): DispatchCode {
    const written = kernels.map((kernel) => this.#write(kernel));
    // What is added to x of the first vector the compiler of the shader cannot know.
    const { text, workgroups, bases, inOrder } = callKernels(written, [0, 0, 0, 0]);
    return {
      text: this.#module(text, bases.length / 4),
      workgroups,
      pieces: cutIntoPieces(inOrder),
      bindings: this.#memories.bindings,
      bases: Uint32Array.from(bases),
      workgroupBytes: [...this.#arrays].reduce((sum, [type, length]) => sum + length * ARRAY_BYTES[type], 0),
    };
  }

  routine(name: string, text: string): void {
    const known = this.#routines.get(name);
    if (known !== undefined && known !== text) throw new Error(`Two WGSL routines are named ${name}`);
    this.#routines.set(name, text);
  }

  workgroupArray(type: ArrayType, length: number): string {
    this.#arrays.set(type, Math.max(this.#arrays.get(type) ?? 0, length));
    return arrayName(type);
  }

  access(storage: StorageId, offset: number): Access {
    const { root, start, moves } = this.#trace(storage, offset);
    const { place, dtype } = this.#target.storages.get(root);
    const homes = place.kind === "carry" ? this.#carryHomes(place.carry, place.side) : [this.#target.layout.home(root)];
    const [home, other] = homes;
    let base = this.#base(`${root}+${start}`, this.#firstElement(home) + start);
    if (other !== undefined && place.kind === "carry") {
      const turn = turnVariable(this.#scanOf(place.carry).loop);
      this.#declareLoop(turn);
      base = `select(${base}, ${this.#base(`${root}+${start}, odd`, this.#firstElement(other) + start)}, (${turn} & 1u) == 1u)`;
    }
    const from = this.#origin([base, ...moves].join(" + "));
    return this.#memories.access(home, REGISTER_TYPES[dtype], from);
  }

  /** Where a home begins among the elements that are bound. */
  #firstElement(home: Home): number {
    return home.start - this.#memories.firstElement(home);
  }

  /** Follows a storage to the one that it is a part of. */
  #trace(storage: StorageId, offset: number): { root: StorageId; start: number; moves: string[] } {
    const moves: string[] = [];
    let root = storage;
    let start = offset;
    for (;;) {
      const { place } = this.#target.storages.get(root);
      if (place.kind !== "alias" && place.kind !== "turn") return { root, start, moves };
      start += place.offset;
      if (place.kind === "turn") {
        const variable = loopVariable(place.loop);
        this.#declareLoop(variable);
        if (place.stride !== 0) moves.push(`${variable} * ${literal(place.stride)}`);
      }
      root = place.storage;
    }
  }

  /** The two places that a side of a carry alternates between: in even turns, and in odd ones. */
  #carryHomes(carry: number, side: "read" | "write"): Home[] {
    const { even, odd } = carrySides(this.#scanOf(carry), carry);
    const homes = (side === "read" ? [even, odd] : [odd, even]).map((storage) => {
      const { root, start } = this.#trace(storage, 0);
      const home = this.#target.layout.home(root);
      return { ...home, start: home.start + start };
    });
    return homes;
  }

  #scanOf(carry: number): ScanKernel {
    const scan = this.#scans.get(carry);
    if (scan === undefined) throw new Error(`Carry ${carry} belongs to no scan of this dispatch`);
    return scan;
  }

  #noteScans(kernels: readonly Kernel[]): void {
    for (const kernel of kernels) {
      if (kernel.kind !== "scan") continue;
      for (const { carry } of kernel.carries) this.#scans.set(carry, kernel);
      this.#noteScans(kernel.kernels);
    }
  }

  /** The u32 that holds an element's number. Slots go by what they are for and not by their value, so that layers share shaders. */
  #base(key: string, value: number): string {
    let slot = this.#baseSlots.get(key);
    if (slot === undefined) {
      slot = this.#bases.push(value >>> 0) - 1;
      this.#baseSlots.set(key, slot);
    }
    return `bases[slots + ${slot >> 2}u].${"xyzw"[slot & 3]}`;
  }

  /** The variable of where an access begins: nothing in it changes while a kernel's function runs. */
  #origin(expression: string): string {
    const name = this.#origins.get(expression) ?? `origin${this.#origins.size}`;
    this.#origins.set(expression, name);
    return name;
  }

  /** Declares the variables of origins that a function's statements use. */
  #originsOf(statements: string): string[] {
    const used = new Set(statements.match(/\borigin\d+\b/g));
    return [...this.#origins].flatMap(([expression, name]) => (used.has(name) ? [`let ${name} = ${expression};`] : []));
  }

  #declareLoop(variable: string): void {
    this.routine(variable, `var<private> ${variable}: u32;`);
  }

  /** Writes a kernel of the dispatch, with bases of its own. */
  #write(kernel: GpuKernel): WrittenKernel {
    this.#bases = [];
    this.#baseSlots.clear();
    this.#origins.clear();
    const { workgroups, name } = this.#function(kernel);
    const bases = Array.from({ length: Math.ceil(this.#bases.length / 4) * 4 }, (_, slot) => this.#bases[slot] ?? 0);
    return { workgroups, work: gpuKernelWork(kernel), name, bases };
  }

  /** Makes a function of a kernel's code. */
  #function(kernel: GpuKernel): { workgroups: number; name: string } {
    const { workgroups, statements } = this.#emit(kernel);
    const lines = [...this.#originsOf(statements), statements];
    // Dawn sees by the remainder that indices made of `lid` stay within arrays, and leaves their checks out.
    const own = `let lid = invocation % ${WORKGROUP_SIZE}u;`;
    const text = [own, ...lines].join("\n");
    const name = this.#functions.get(text) ?? `kernel${this.#functions.size}`;
    this.#functions.set(text, name);
    return { workgroups, name };
  }

  #emit(kernel: GpuKernel): KernelCode {
    switch (kernel.kind) {
      case "map":
        return emitMap(this, kernel);
      case "reduce":
        return emitReduce(this, kernel);
      case "contract":
        return emitContraction(this, kernel);
      case "pool":
        return emitPool(this, kernel);
      case "index":
        return emitIndexed(this, kernel);
      case "rows":
        return emitRows(this, kernel);
      case "chain":
        return this.#emitChain(kernel);
      case "scan":
        throw new Error("A scan on the GPU is in a chain");
      default:
        return kernel satisfies never;
    }
  }

  #emitChain(chain: ChainKernel): KernelCode {
    this.#chained = true;
    const code = emitChain(this, chain, (inner) => {
      const { workgroups, name } = this.#function(inner);
      return { workgroups, statements: `${name}(wg, lid, slots);` };
    });
    this.#chained = false;
    return code;
  }

  /** @param vectors of bases */
  #module(branches: string, vectors: number): string {
    const arrays = [...this.#arrays].map(
      ([type, length]) => `var<workgroup> ${arrayName(type)}: array<${type}, ${length}>;`,
    );
    const functions = [...this.#functions].map(
      ([text, name]) => `fn ${name}(wg: u32, invocation: u32, slots: u32) {\n${text}\n}`,
    );
    const enabled = functions.some((text) => SUBGROUP_FUNCTION.test(text)) ? ["enable subgroups;"] : [];
    return [
      ...enabled,
      `@group(0) @binding(0) var<uniform> bases: array<vec4<u32>, ${vectors}>;`,
      ...this.#memories.declarations,
      ...arrays,
      "fn bits_f32(bits: u32) -> f32 { return bitcast<f32>(bits ^ bases[0u].x); }",
      ...this.#memories.routines,
      ...this.#routines.values(),
      ...functions,
      `@compute @workgroup_size(${WORKGROUP_SIZE})`,
      "fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>, @builtin(local_invocation_index) lid: u32) {",
      `let number = bases[0u].${"xyzw"[FIRST_WORKGROUP_SLOT]} + id.x + id.y * grid.x;`,
      branches,
      "}",
    ].join("\n");
  }
}

function arrayName(type: ArrayType): string {
  return type === "vec4<f32>" ? "group_vec4" : `group_${type}`;
}
