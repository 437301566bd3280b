import { BYTES_PER_ELEMENT } from "@tributary/program";
import type { Kernel, KernelProgram, ScanKernel, StorageId } from "../ir.ts";
import type { MemoryPlan } from "../memory-plan.ts";
import { ModuleBuilder } from "./assembler.ts";
import type { FunctionBuilder, FunctionReference, Global } from "./assembler-function.ts";
import { prepareBody } from "./body.ts";
import { constantData } from "./constant-data.ts";
import type { Features, KernelContext, ModuleServices } from "./context.ts";
import { emitContraction } from "./contraction/contraction.ts";
import type { Geometry } from "./contraction/geometry.ts";
import { emitIndexed } from "./indexed.ts";
import { emitMap } from "./map.ts";
import { emitMaxPool } from "./max-pool.ts";
import { emitReduce } from "./reduce.ts";
import { emitRows } from "./rows.ts";

/** What the module of a program is written for. */
export interface ModuleTarget {
  readonly features: Features;
  readonly geometry: Geometry;
  readonly memoryPages: { readonly initial: number; readonly maximum: number };
  /** Sets aside memory for constants. @returns its address, a multiple of 64 */
  reserve(bytes: number): number;
}

/** Names under which a module imports memory and exports its entry. */
export const MODULE_NAMES = { module: "device", memory: "memory", run: "run" } as const;

/**
 * Writes the module of a program. Its export `run` takes the addresses of the scratch memory, of the inputs' and of the outputs'
 * buffers (0 for an output that replaces an input), and runs every kernel.
 */
export function programModule(
  program: KernelProgram,
  plan: MemoryPlan,
  edges: { readonly inputs: number; readonly outputs: number },
  target: ModuleTarget,
): Uint8Array<ArrayBuffer> {
  return new ProgramWriter(program, plan, edges, target).write();
}

class ProgramWriter implements ModuleServices {
  readonly #module = new ModuleBuilder();
  readonly #program: KernelProgram;
  readonly #plan: MemoryPlan;
  readonly #target: ModuleTarget;
  readonly #scratch: Global;
  readonly #inputs: readonly Global[];
  readonly #outputs: readonly Global[];
  readonly #routines = new Map<string, FunctionReference>();
  readonly #constants = new Map<string, number>();
  /** By loop: the time of its current turn. */
  readonly #times = new Map<number, Global>();
  /** By carry: the addresses of what the current turn reads and writes. */
  readonly #carries = new Map<number, { readonly read: Global; readonly write: Global }>();

  constructor(
    program: KernelProgram,
    plan: MemoryPlan,
    edges: { readonly inputs: number; readonly outputs: number },
    target: ModuleTarget,
  ) {
    this.#program = program;
    this.#plan = plan;
    this.#target = target;
    this.#module.importMemory({
      module: MODULE_NAMES.module,
      name: MODULE_NAMES.memory,
      initialPages: target.memoryPages.initial,
      maximumPages: target.memoryPages.maximum,
    });
    const address = (): Global => this.#module.global("i32", 0, { mutable: true });
    this.#scratch = address();
    this.#inputs = Array.from({ length: edges.inputs }, address);
    this.#outputs = Array.from({ length: edges.outputs }, address);
  }

  write(): Uint8Array<ArrayBuffer> {
    const bases = [this.#scratch, ...this.#inputs, ...this.#outputs];
    const kernels = this.#functions(this.#program.kernels);
    const entry = this.#module.function(
      bases.map(() => "i32"),
      [],
      MODULE_NAMES.run,
    );
    for (const [index, base] of bases.entries()) entry.get(entry.parameters[index]).globalSet(base);
    for (const kernel of kernels) entry.call(kernel);
    return this.#module.finish();
  }

  routine(
    key: string,
    parameterTypes: FunctionReference["parameterTypes"],
    build: (code: FunctionBuilder) => void,
    resultTypes: FunctionReference["resultTypes"] = [],
  ): FunctionReference {
    const known = this.#routines.get(key);
    if (known !== undefined) return known;
    const code = this.#module.function(parameterTypes, resultTypes);
    this.#routines.set(key, code);
    build(code);
    return code;
  }

  constantBytes(key: string, build: () => Uint8Array): number {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const bytes = build();
    const address = this.#target.reserve(bytes.length);
    this.#module.data(address, bytes);
    this.#constants.set(key, address);
    return address;
  }

  #functions(kernels: readonly Kernel[]): FunctionBuilder[] {
    return kernels.map((kernel) => {
      const code = this.#module.function([], []);
      this.#emit(kernel, code);
      return code;
    });
  }

  #emit(kernel: Kernel, code: FunctionBuilder): void {
    const context = this.#context(kernel, code);
    switch (kernel.kind) {
      case "map":
        emitMap(context, kernel);
        break;
      case "reduce":
        emitReduce(context, kernel);
        break;
      case "contract": {
        const epilogue = prepareBody(context, kernel.epilogue);
        emitContraction(context, kernel, (vectors, access) => epilogue.emit(vectors, access));
        break;
      }
      case "pool":
        emitMaxPool(context, kernel);
        break;
      case "index":
        emitIndexed(context, kernel);
        break;
      case "rows":
        emitRows(context, kernel);
        break;
      case "scan":
        this.#emitScan(kernel, code);
        break;
      default:
        kernel satisfies never;
    }
  }

  #context(kernel: Kernel, code: FunctionBuilder): KernelContext {
    return {
      features: this.#target.features,
      geometry: this.#target.geometry,
      body: code,
      routine: (key, parameterTypes, build, resultTypes) => this.routine(key, parameterTypes, build, resultTypes),
      constantBytes: (key, build) => this.constantBytes(key, build),
      pushAddress: (storage, byteOffset = 0) => this.#pushAddress(code, storage, byteOffset),
      pushScratch: (byteOffset = 0) => {
        code.globalGet(this.#scratch);
        addConstant(code, (this.#plan.scratch.get(kernel) ?? 0) + byteOffset);
      },
    };
  }

  #pushAddress(code: FunctionBuilder, storage: StorageId, byteOffset: number): void {
    const { place, dtype } = this.#program.storages[storage];
    const bytes = BYTES_PER_ELEMENT[dtype];
    switch (place.kind) {
      case "input":
        addConstant(code.globalGet(this.#inputs[place.index]), byteOffset);
        break;
      case "output":
        addConstant(code.globalGet(this.#outputs[place.index]), byteOffset);
        break;
      case "arena":
        addConstant(code.globalGet(this.#scratch), (this.#plan.storages.get(storage) ?? 0) + byteOffset);
        break;
      case "constant":
        code.i32(this.constantBytes(`storage ${storage}`, () => constantData(dtype, place.values)) + byteOffset);
        break;
      case "alias":
        this.#pushAddress(code, place.storage, place.offset * bytes + byteOffset);
        break;
      case "turn":
        this.#pushAddress(code, place.storage, place.offset * bytes + byteOffset);
        code
          .globalGet(this.#time(place.loop))
          .i32(place.stride * bytes)
          .op("i32.mul")
          .op("i32.add");
        return;
      case "carry":
        addConstant(code.globalGet(this.#carry(place.carry)[place.side]), byteOffset);
        break;
      default:
        place satisfies never;
    }
  }

  #time(loop: number): Global {
    const known = this.#times.get(loop) ?? this.#module.global("i32", 0, { mutable: true });
    this.#times.set(loop, known);
    return known;
  }

  #carry(carry: number): { readonly read: Global; readonly write: Global } {
    const address = (): Global => this.#module.global("i32", 0, { mutable: true });
    const known = this.#carries.get(carry) ?? { read: address(), write: address() };
    this.#carries.set(carry, known);
    return known;
  }

  /** Turn 0 reads the initial carries; writes alternate so that the last turn writes where the result belongs. */
  #emitScan(kernel: ScanKernel, code: FunctionBuilder): void {
    const { length, reverse } = kernel;
    const kernels = this.#functions(kernel.kernels);
    const time = this.#time(kernel.loop);
    const turn = code.local("i32");
    const exchanged = kernel.carries.map(({ carry, initial, last, other }) => {
      const { read, write } = this.#carry(carry);
      // What the turn after this one writes: neither what it reads nor, in turn 0, the initial carry.
      const next = code.local("i32");
      this.#pushAddress(code, initial, 0);
      code.globalSet(read);
      this.#pushAddress(code, length % 2 === 1 ? last : other, 0);
      code.globalSet(write);
      this.#pushAddress(code, length % 2 === 1 ? other : last, 0);
      code.set(next);
      return { read, write, next };
    });
    code.i32(reverse ? length - 1 : 0).globalSet(time);
    code.loopTo(turn, 0, length, 1, () => {
      for (const body of kernels) code.call(body);
      for (const { read, write, next } of exchanged) {
        code.globalGet(write).globalSet(read);
        code.get(next).globalSet(write);
        code.globalGet(read).set(next);
      }
      code
        .globalGet(time)
        .i32(reverse ? -1 : 1)
        .op("i32.add")
        .globalSet(time);
    });
  }
}

function addConstant(code: FunctionBuilder, bytes: number): void {
  if (bytes !== 0) code.i32(bytes).op("i32.add");
}
