import { BYTES_PER_ELEMENT, type DType, ELEMENT_ARRAYS, type Program, validateProgram } from "@tributary/program";
import { checkCount, checkRange, dataMismatch } from "../buffer-range.ts";
import type { CompileOptions, Device, DeviceBuffer, Executable, TensorData } from "../device.ts";
import { KernelError } from "../errors.ts";
import { type DispatchCode, FIRST_WORKGROUP_SLOT } from "./dispatch-code.ts";
import { WebGpuBuffer, wordBytes } from "./gpu-buffer.ts";
import { type DeviceCounters, GpuQueue } from "./gpu-queue.ts";
import type { GpuFeatures } from "./kernel-code.ts";
import { Pipelines } from "./pipelines.ts";
import { type Arena, ScratchMemory } from "./scratch-memory.ts";
import { StagingBuffers } from "./staging-buffers.ts";
import { BUFFER_USAGE } from "./usage.ts";
import { WebGpuExecutable } from "./webgpu-executable.ts";
import { type PlannedProgram, planProgram } from "./webgpu-program.ts";

/** Offsets of uniform buffers are multiples of this many bytes on every adapter (WebGPU's minUniformBufferOffsetAlignment). */
const UNIFORM_ALIGNMENT_BYTES = 256;

/** Longest arithmetic class, in characters: a message can carry 64, and a worker may add how many parts or threads it computes in ("-m16"). */
const CLASS_LENGTH_MAX = 56;

/** A GPU that was opened, and what is known of it. */
export interface OpenedGpu {
  /** Where it was found. */
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly features: GpuFeatures;
  /** For people. */
  readonly adapterName: string;
  /** What of it is left unused and why, in words that fit behind "the GPU computes; ". */
  readonly remark?: string;
}

/** Programs on a GPU. Those of one device share its buffers, its pipelines, and one arena of scratch memory. */
export class WebGpuDevice implements Device {
  readonly backend = "webgpu";
  // Whether a GPU fuses multiplications with additions is its driver's to choose: adapters of one name compute alike.
  readonly arithmeticClass: string;
  readonly adapterName: string;
  remark: string | undefined;
  readonly queue: GpuQueue;
  readonly #features: GpuFeatures;
  readonly #pipelines: Pipelines;
  readonly #staging: StagingBuffers;
  readonly #scratch: ScratchMemory;
  #disposed = false;

  constructor({ gpu, device, features, adapterName, remark }: OpenedGpu) {
    this.queue = new GpuQueue(device, gpu);
    this.#features = features;
    this.#pipelines = new Pipelines(this.queue);
    this.#staging = new StagingBuffers(this.queue);
    this.#scratch = new ScratchMemory(this.queue);
    this.adapterName = adapterName;
    this.remark = remark;
    // Sums within subgroups are added in another order than those through memory.
    const order = features.subgroupLanes === 1 ? "" : `-s${features.subgroupLanes}`;
    const named = `webgpu-${adapterName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
    this.arithmeticClass = `${named.slice(0, CLASS_LENGTH_MAX - order.length)}${order}`;
  }

  /** What the device has done so far. */
  get counters(): DeviceCounters {
    return { ...this.queue.counters };
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.checkAlive();
    checkCount("length", length);
    const size = wordBytes(length * BYTES_PER_ELEMENT[dtype]);
    const { bufferBytes } = this.#features;
    if (size > bufferBytes) {
      const words = `The GPU's largest buffer holds ${bufferBytes} bytes, but one of ${length} ${dtype} takes ${size}`;
      throw new KernelError(
        "OUT_OF_MEMORY",
        `${words}: compute on the processor, on another device, or on fewer samples at once`,
      );
    }
    const { STORAGE, COPY_SRC, COPY_DST } = BUFFER_USAGE;
    return new WebGpuBuffer(
      this,
      dtype,
      length,
      this.queue.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST }),
    );
  }

  async write(buffer: DeviceBuffer, data: TensorData, offset = 0): Promise<void> {
    const own = this.ownBuffer(buffer, "write");
    const taken = ELEMENT_ARRAYS[own.dtype];
    if (!(data instanceof taken)) throw dataMismatch(own, taken.name, data);
    checkRange(own, offset, data.length);
    const { memory } = own;
    await this.queue.enqueue(() => this.#staging.write(memory, data, offset * data.BYTES_PER_ELEMENT, own.bytes));
  }

  async read(buffer: DeviceBuffer, offset = 0, length = buffer.length - offset): Promise<TensorData> {
    const own = this.ownBuffer(buffer, "read");
    checkRange(own, offset, length);
    const element = BYTES_PER_ELEMENT[own.dtype];
    const { memory } = own;
    const bytes = await this.#staging.read(memory, offset * element, length * element);
    this.queue.check();
    return new ELEMENT_ARRAYS[own.dtype](bytes);
  }

  async readAll(buffers: readonly DeviceBuffer[]): Promise<readonly TensorData[]> {
    const own = buffers.map((buffer) => this.ownBuffer(buffer, "read"));
    const ranges = own.map(({ memory, bytes }) => ({ buffer: memory, start: 0, length: bytes }));
    const read = await this.#staging.readAll(ranges);
    this.queue.check();
    return own.map(({ dtype }, index) => new ELEMENT_ARRAYS[dtype](read[index]));
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    this.checkAlive();
    this.queue.check();
    validateProgram(program);
    const planned = planProgram(program, this.#features);
    const onProgress = options.onProgress ?? (() => {});
    const { pipelines, dispatches, constants, banks } = await this.#pipelinesOf(planned, onProgress).catch(
      (error: unknown) => {
        if (!(error instanceof KernelError) || error.code !== "DEVICE_FAILED") throw error;
        // Some drivers cannot compile long shaders: each kernel by itself may be short enough.
        return this.#pipelinesOf(planProgram(program, this.#features, 0), onProgress);
      },
    );
    const { buffer: bases, offsets: basesOffsets } = await this.#bases(dispatches);
    const constantBuffer = constants.length === 0 ? null : await this.#filled(BUFFER_USAGE.STORAGE, constants);
    const compiled = { dispatches, pipelines, bases, basesOffsets, constants: constantBuffer, banks };
    return new WebGpuExecutable(this, program, compiled);
  }

  async #pipelinesOf(planned: PlannedProgram, onProgress: (ready: number, of: number) => void) {
    return { ...planned, pipelines: await this.#pipelines.compile(planned.dispatches, onProgress) };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.queue.dispose();
  }

  get disposed(): Promise<void> {
    return this.queue.disposed;
  }

  /** Scratch memory for one run, of at least so many bytes in each bank. @throws KernelError OUT_OF_MEMORY, DEVICE_LOST */
  arena(banks: readonly number[]): Promise<Arena> {
    return this.#scratch.take(banks);
  }

  /** Takes back the memory of a buffer once everything asked for before is done with it. */
  release(memory: GPUBuffer): void {
    if (this.#disposed) return;
    this.queue.afterwards(() => memory.destroy());
  }

  /** Narrows a buffer to this device's. @throws KernelError BUFFER_FOREIGN, BUFFER_DISPOSED, DEVICE_DISPOSED */
  ownBuffer(buffer: DeviceBuffer, use: string): WebGpuBuffer {
    this.checkAlive();
    if (!(buffer instanceof WebGpuBuffer) || buffer.owner !== this) {
      throw new KernelError(
        "BUFFER_FOREIGN",
        `The buffer for ${use} belongs to another device: read and write it over`,
      );
    }
    // Reading the property is the check that the buffer is still there.
    void buffer.memory;
    return buffer;
  }

  /** @throws KernelError DEVICE_DISPOSED */
  checkAlive(): void {
    if (this.#disposed) throw new KernelError("DEVICE_DISPOSED", "The webgpu device was disposed of: open a new one");
  }

  /** The bases of all dispatches in one buffer, once for each piece. */
  async #bases(dispatches: readonly DispatchCode[]): Promise<{ buffer: GPUBuffer; offsets: number[][] }> {
    let end = 0;
    const offsets = dispatches.map(({ bases, pieces }) =>
      pieces.map(() => {
        const start = end;
        end += Math.ceil(bases.byteLength / UNIFORM_ALIGNMENT_BYTES) * UNIFORM_ALIGNMENT_BYTES;
        return start;
      }),
    );
    const words = new Uint32Array(end / Uint32Array.BYTES_PER_ELEMENT);
    for (const [index, { bases, pieces }] of dispatches.entries()) {
      for (const [number, { first }] of pieces.entries()) {
        const start = offsets[index][number] / Uint32Array.BYTES_PER_ELEMENT;
        words.set(bases, start);
        words[start + FIRST_WORKGROUP_SLOT] = first;
      }
    }
    return { buffer: await this.#filled(BUFFER_USAGE.UNIFORM, words), offsets };
  }

  async #filled(usage: number, words: Uint32Array<ArrayBuffer>): Promise<GPUBuffer> {
    const buffer = await this.queue.allocate({
      size: wordBytes(words.byteLength),
      usage: usage | BUFFER_USAGE.COPY_DST,
    });
    if (words.length > 0) this.queue.device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }
}
