import {
  byteLength,
  type DType,
  expandComposites,
  type Graph,
  type Program,
  validateProgram,
} from "@tributary/program";
import { resolveBindings } from "../bindings.ts";
import { checkCount, checkRange, dataMismatch } from "../buffer-range.ts";
import type { Bindings, Device, DeviceBuffer, Executable, TensorData } from "../device.ts";
import { KernelError } from "../errors.ts";
import { checkOperations, evaluateGraph } from "./interpreter.ts";
import { allocateData, type Precision } from "./value.ts";

class ReferenceBuffer implements DeviceBuffer {
  readonly owner: ReferenceDevice;
  readonly dtype: DType;
  readonly length: number;
  #data: TensorData | null;

  constructor(owner: ReferenceDevice, dtype: DType, data: TensorData) {
    this.owner = owner;
    this.dtype = dtype;
    this.length = data.length;
    this.#data = data;
  }

  /** The memory itself, not a copy. */
  get data(): TensorData {
    if (this.#data === null) {
      throw new KernelError("BUFFER_DISPOSED", `A ${this.dtype} buffer of ${this.length} was used after its disposal`);
    }
    return this.#data;
  }

  dispose(): void {
    this.#data = null;
  }
}

/**
 * The oracle: interprets the graph in plain loops and is never optimised. Everything happens inside the call that asks
 * for it, so that runs, reads and writes are in the order in which they were asked for.
 */
export class ReferenceDevice implements Device {
  readonly backend = "reference";
  readonly arithmeticClass: string;
  readonly #precision: Precision;
  #disposed = false;

  constructor(precision: Precision) {
    this.#precision = precision;
    this.arithmeticClass = `reference-${precision}`;
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.#checkAlive();
    checkCount("length", length);
    return new ReferenceBuffer(this, dtype, allocateData(dtype, length, this.#precision));
  }

  async write(buffer: DeviceBuffer, data: TensorData, offset = 0): Promise<void> {
    this.#checkAlive();
    const memory = this.ownBuffer(buffer, "write").data;
    if (!fits(data, memory)) {
      throw dataMismatch(buffer, memory.constructor.name, data);
    }
    checkRange(buffer, offset, data.length);
    memory.set(data, offset);
  }

  async read(buffer: DeviceBuffer, offset = 0, length = buffer.length - offset): Promise<TensorData> {
    this.#checkAlive();
    const memory = this.ownBuffer(buffer, "read").data;
    checkRange(buffer, offset, length);
    return memory.slice(offset, offset + length);
  }

  readAll(buffers: readonly DeviceBuffer[]): Promise<readonly TensorData[]> {
    return Promise.all(buffers.map((buffer) => this.read(buffer)));
  }

  async compile(program: Program): Promise<Executable> {
    this.#checkAlive();
    validateProgram(program);
    const graph = expandComposites(program.graph);
    checkOperations(graph);
    return new ReferenceExecutable(this, program, graph, this.#precision);
  }

  dispose(): void {
    this.#disposed = true;
  }

  /** Narrows a buffer to this device's. @throws KernelError BUFFER_FOREIGN, BUFFER_DISPOSED, DEVICE_DISPOSED */
  ownBuffer(buffer: DeviceBuffer, use: string): ReferenceBuffer {
    this.#checkAlive();
    if (!(buffer instanceof ReferenceBuffer) || buffer.owner !== this) {
      throw new KernelError(
        "BUFFER_FOREIGN",
        `The buffer for ${use} belongs to another device: read and write it over`,
      );
    }
    // Reading the property is the check that the buffer is still there.
    void buffer.data;
    return buffer;
  }

  #checkAlive(): void {
    if (this.#disposed)
      throw new KernelError("DEVICE_DISPOSED", "The reference device was disposed of: open a new one");
  }
}

class ReferenceExecutable implements Executable {
  readonly program: Program;
  readonly scratchBytes: number;
  readonly #device: ReferenceDevice;
  readonly #graph: Graph;
  readonly #precision: Precision;
  #disposed = false;

  constructor(device: ReferenceDevice, program: Program, graph: Graph, precision: Precision) {
    this.program = program;
    // Float64 takes twice the bytes of a float32 tensor; twice everything is an upper bound.
    const factor = precision === "float64" ? 2 : 1;
    this.scratchBytes =
      factor * graph.nodes.flatMap((node) => node.outputs).reduce((n, type) => n + byteLength(type), 0);
    this.#device = device;
    this.#graph = graph;
    this.#precision = precision;
  }

  async run(bindings: Bindings): Promise<void> {
    if (this.#disposed) {
      throw new KernelError("EXECUTABLE_DISPOSED", `Program ${this.program.name} was disposed of: compile it again`);
    }
    const { inputs, outputs } = resolveBindings(this.program, bindings, (buffer, name) =>
      this.#device.ownBuffer(buffer, name),
    );
    const types = this.program.inputs;
    const results = evaluateGraph(
      this.#graph,
      inputs.map((buffer, i) => ({ dtype: buffer.dtype, shape: types[i].shape, data: buffer.data })),
      this.#precision,
    );
    // Results can be the bound inputs themselves: all are copied before any is written, so that two inputs can swap.
    const copies = results.map((result) => result.data.slice());
    copies.forEach((copy, i) => {
      outputs[i].data.set(copy);
    });
  }

  dispose(): void {
    this.#disposed = true;
  }
}

/** Whether `data` can be copied into `memory` without converting; float64 memory also takes float32 data. */
function fits(data: TensorData, memory: TensorData): boolean {
  if (data.constructor === memory.constructor) return true;
  return memory instanceof Float64Array && data instanceof Float32Array;
}
