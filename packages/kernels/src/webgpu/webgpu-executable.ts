import type { Program } from "@tributary/program";
import { resolveBindings } from "../bindings.ts";
import type { Bindings, Executable } from "../device.ts";
import { KernelError } from "../errors.ts";
import type { DispatchCode } from "./dispatch-code.ts";
import { joinPieces, WORKGROUPS_PER_AXIS } from "./dispatch-work.ts";
import type { Pipeline } from "./pipelines.ts";
import type { WebGpuDevice } from "./webgpu-device.ts";

/** Sets of buffers whose bind groups are kept: a program is run with few, again and again. */
const BIND_GROUP_SETS_MAX = 8;

/** A program on its GPU. */
export interface CompiledProgram {
  readonly dispatches: readonly DispatchCode[];
  readonly pipelines: readonly Pipeline[];
  /** The bases of all dispatches, for each piece of each at its offset in bytes. */
  readonly bases: GPUBuffer;
  readonly basesOffsets: readonly (readonly number[])[];
  readonly constants: GPUBuffer | null;
  /** Bytes of each bank of scratch memory. */
  readonly banks: readonly number[];
}

/** The bind groups of a dispatch, one for each piece. */
type BindGroups = readonly GPUBindGroup[];

/** Commands that are handed over together, and how much work they are. */
interface Submission {
  readonly commands: GPUCommandBuffer;
  readonly work: number;
}

/** Runs a planned program: a run is one pass of one command buffer, unless it is very much work. */
export class WebGpuExecutable implements Executable {
  readonly program: Program;
  readonly scratchBytes: number;
  readonly #device: WebGpuDevice;
  #compiled: CompiledProgram | null;
  /** Bind groups by the buffers that they bind, the set used last at the end. */
  readonly #groups = new Map<string, readonly BindGroups[]>();

  constructor(device: WebGpuDevice, program: Program, compiled: CompiledProgram) {
    this.#device = device;
    this.program = program;
    this.scratchBytes = compiled.banks.reduce((sum, bytes) => sum + bytes, 0);
    this.#compiled = compiled;
  }

  async run(bindings: Bindings): Promise<void> {
    const compiled = this.#compiled;
    if (compiled === null) {
      throw new KernelError("EXECUTABLE_DISPOSED", `Program ${this.program.name} was disposed of: compile it again`);
    }
    const resolved = resolveBindings(this.program, bindings, (buffer, name) => this.#device.ownBuffer(buffer, name));
    // Their memory is asked for now: whoever disposes of a buffer behind this call does not mean this run.
    const inputs = resolved.inputs.map(({ id, memory }) => ({ id, memory }));
    const outputs = resolved.outputs.map(({ id, memory }) => ({ id, memory }));
    const { queue } = this.#device;
    await queue.enqueue(async () => {
      for (const { memory } of [...inputs, ...outputs]) queue.checkBuffer(memory);
      const groups = await this.#bindGroups(compiled, inputs, outputs);
      if (compiled.dispatches.length === 0) return;
      for (const { commands, work } of this.#commands(compiled, groups)) await queue.submitRun(commands, work);
    });
  }

  /** Commands for a run: one command buffer, or several where one would be more than the GPU does in a short time. */
  #commands(compiled: CompiledProgram, groups: readonly BindGroups[]): Submission[] {
    const { device, counters, pace } = this.#device.queue;
    const submissions: Submission[] = [];
    let encoder = device.createCommandEncoder();
    let pass = encoder.beginComputePass();
    let work = 0;
    const finish = (): void => {
      pass.end();
      submissions.push({ commands: encoder.finish(), work });
    };
    for (const [index, { pieces }] of compiled.dispatches.entries()) {
      for (const piece of joinPieces(pieces, pace.dispatchWork)) {
        if (work > 0 && work + piece.work > pace.submitWork) {
          finish();
          encoder = device.createCommandEncoder();
          pass = encoder.beginComputePass();
          work = 0;
        }
        pass.setPipeline(compiled.pipelines[index].pipeline);
        pass.setBindGroup(0, groups[index][piece.number]);
        const width = Math.min(piece.workgroups, WORKGROUPS_PER_AXIS);
        pass.dispatchWorkgroups(width, Math.ceil(piece.workgroups / width));
        counters.dispatches += 1;
        work += piece.work;
      }
    }
    finish();
    return submissions;
  }

  dispose(): void {
    const compiled = this.#compiled;
    this.#compiled = null;
    if (compiled === null) return;
    for (const buffer of [compiled.bases, compiled.constants]) if (buffer !== null) this.#device.release(buffer);
    this.#groups.clear();
  }

  async #bindGroups(
    compiled: CompiledProgram,
    inputs: readonly NamedMemory[],
    outputs: readonly NamedMemory[],
  ): Promise<readonly BindGroups[]> {
    const arena = await this.#device.arena(compiled.banks);
    const key = [arena.generation, ...inputs.map(({ id }) => id), ...outputs.map(({ id }) => id)].join();
    const known = this.#groups.get(key);
    this.#groups.delete(key);
    const groups =
      known ??
      compiled.dispatches.map((_, index) =>
        this.#bindPieces(compiled, index, { inputs, outputs, arena: arena.buffers }),
      );
    this.#groups.set(key, groups);
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= BIND_GROUP_SETS_MAX) break;
      this.#groups.delete(oldest);
    }
    return groups;
  }

  #bindPieces(compiled: CompiledProgram, index: number, buffers: BoundBuffers): BindGroups {
    const { bindings, bases } = compiled.dispatches[index];
    const entries: GPUBindGroupEntry[] = bindings.map(({ memory, start, bytes }, number) => ({
      binding: number + 1,
      resource: { buffer: bufferOf(memory, buffers, compiled.constants), offset: start, size: bytes },
    }));
    return compiled.basesOffsets[index].map((offset) => {
      const resource = { buffer: compiled.bases, offset, size: bases.byteLength };
      return this.#device.queue.device.createBindGroup({
        layout: compiled.pipelines[index].layout,
        entries: [{ binding: 0, resource }, ...entries],
      });
    });
  }
}

/** A buffer's memory, and the number of that buffer among all. */
interface NamedMemory {
  readonly id: number;
  readonly memory: GPUBuffer;
}

interface BoundBuffers {
  readonly inputs: readonly NamedMemory[];
  readonly outputs: readonly NamedMemory[];
  readonly arena: readonly GPUBuffer[];
}

function bufferOf(
  memory: DispatchCode["bindings"][number]["memory"],
  { inputs, outputs, arena }: BoundBuffers,
  constants: GPUBuffer | null,
): GPUBuffer {
  switch (memory.kind) {
    case "arena":
      return arena[memory.bank];
    case "constants":
      if (constants === null) throw new Error("A dispatch reads constants that the program does not have");
      return constants;
    case "input":
      return inputs[memory.index].memory;
    case "output":
      return outputs[memory.index].memory;
    default:
      return memory satisfies never;
  }
}
