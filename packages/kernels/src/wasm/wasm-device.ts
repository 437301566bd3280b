import { BYTES_PER_ELEMENT, type DType, ELEMENT_ARRAYS, type Program, validateProgram } from "@tributary/program";
import { resolveBindings } from "../bindings.ts";
import { checkCount, checkRange, dataMismatch } from "../buffer-range.ts";
import type { Bindings, Device, DeviceBuffer, Executable, TensorData } from "../device.ts";
import { KernelError } from "../errors.ts";
import type { Kernel, KernelProgram } from "../ir.ts";
import { lowerProgram } from "../lowering.ts";
import { planMemory } from "../memory-plan.ts";
import type { Features } from "./context.ts";
import { contractionScratchBytes } from "./contraction/contraction.ts";
import type { Geometry } from "./contraction/geometry.ts";
import { DeviceMemory, PAGES_MAX } from "./device-memory.ts";
import { maxPoolScratchBytes } from "./max-pool.ts";
import { MODULE_NAMES, programModule } from "./program-module.ts";

/** A piece of a device's memory. */
class WasmBuffer implements DeviceBuffer {
  readonly owner: WasmDevice;
  readonly dtype: DType;
  readonly length: number;
  #address: number | null;

  constructor(owner: WasmDevice, dtype: DType, length: number, address: number) {
    this.owner = owner;
    this.dtype = dtype;
    this.length = length;
    this.#address = address;
  }

  /** @throws KernelError BUFFER_DISPOSED */
  get address(): number {
    if (this.#address === null) {
      throw new KernelError("BUFFER_DISPOSED", `A ${this.dtype} buffer of ${this.length} was used after its disposal`);
    }
    return this.#address;
  }

  dispose(): void {
    if (this.#address !== null) this.owner.giveBack(this.#address);
    this.#address = null;
  }
}

/** All programs of a device share its memory, and one scratch region in it: they run one after the other. */
export class WasmDevice implements Device {
  readonly backend = "wasm";
  readonly arithmeticClass: string;
  readonly #features: Features;
  readonly #geometry: Geometry;
  readonly #lower: (program: Program) => KernelProgram;
  readonly #memory = new DeviceMemory();
  #scratch: { readonly address: number; readonly bytes: number } | null = null;
  #disposed = false;

  /** @param lower makes the kernels of a valid program */
  constructor(features: Features, geometry: Geometry, lower: (program: Program) => KernelProgram = lowerProgram) {
    this.#features = features;
    this.#geometry = geometry;
    this.#lower = lower;
    this.arithmeticClass = features.fma ? "wasm-fma" : "wasm";
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.checkAlive();
    checkCount("length", length);
    return new WasmBuffer(this, dtype, length, this.#memory.take(length * BYTES_PER_ELEMENT[dtype]));
  }

  async write(buffer: DeviceBuffer, data: TensorData, offset = 0): Promise<void> {
    const memory = this.#elements(this.ownBuffer(buffer, "write"));
    if (memory.constructor !== data.constructor) {
      throw dataMismatch(buffer, memory.constructor.name, data);
    }
    checkRange(buffer, offset, data.length);
    memory.set(data, offset);
  }

  async read(buffer: DeviceBuffer, offset = 0, length = buffer.length - offset): Promise<TensorData> {
    const memory = this.#elements(this.ownBuffer(buffer, "read"));
    checkRange(buffer, offset, length);
    return memory.slice(offset, offset + length);
  }

  readAll(buffers: readonly DeviceBuffer[]): Promise<readonly TensorData[]> {
    return Promise.all(buffers.map((buffer) => this.read(buffer)));
  }

  async compile(program: Program): Promise<Executable> {
    this.checkAlive();
    validateProgram(program);
    const kernels = this.#lower(program);
    const plan = planMemory(kernels, (kernel) => this.#scratchBytes(kernel));
    const reserved: number[] = [];
    const bytes = programModule(
      kernels,
      plan,
      { inputs: program.inputs.length, outputs: program.outputs.length },
      {
        features: this.#features,
        geometry: this.#geometry,
        memoryPages: { initial: 1, maximum: PAGES_MAX },
        reserve: (size) => {
          const address = this.#memory.take(size);
          reserved.push(address);
          return address;
        },
      },
    );
    const module = await WebAssembly.compile(bytes);
    const imports = { [MODULE_NAMES.module]: { [MODULE_NAMES.memory]: this.#memory.memory } };
    const instance = await WebAssembly.instantiate(module, imports);
    const entry = instance.exports[MODULE_NAMES.run];
    if (typeof entry !== "function") throw new Error(`The module of program ${program.name} exports no function`);
    return new WasmExecutable(this, program, {
      scratchBytes: plan.bytes,
      run: (...addresses) => void entry(...addresses),
      release: () => {
        for (const address of reserved) this.#memory.giveBack(address);
      },
    });
  }

  dispose(): void {
    this.#disposed = true;
  }

  /** Address of scratch memory of at least so many bytes; what is in it lasts as long as one run. */
  scratch(bytes: number): number {
    if (this.#scratch === null || this.#scratch.bytes < bytes) {
      if (this.#scratch !== null) this.#memory.giveBack(this.#scratch.address);
      this.#scratch = null;
      this.#scratch = { address: this.#memory.take(bytes), bytes };
    }
    return this.#scratch.address;
  }

  giveBack(address: number): void {
    this.#memory.giveBack(address);
  }

  /** Narrows a buffer to this device's. @throws KernelError BUFFER_FOREIGN, BUFFER_DISPOSED, DEVICE_DISPOSED */
  ownBuffer(buffer: DeviceBuffer, use: string): WasmBuffer {
    this.checkAlive();
    if (!(buffer instanceof WasmBuffer) || buffer.owner !== this) {
      throw new KernelError(
        "BUFFER_FOREIGN",
        `The buffer for ${use} belongs to another device: read and write it over`,
      );
    }
    // Reading the property is the check that the buffer is still there.
    void buffer.address;
    return buffer;
  }

  /** @throws KernelError DEVICE_DISPOSED */
  checkAlive(): void {
    if (this.#disposed) throw new KernelError("DEVICE_DISPOSED", "The wasm device was disposed of: open a new one");
  }

  #scratchBytes(kernel: Kernel): number {
    if (kernel.kind === "contract") return contractionScratchBytes(kernel, this.#geometry);
    return kernel.kind === "pool" ? maxPoolScratchBytes(kernel) : 0;
  }

  /** The memory of a buffer; valid until memory grows. */
  #elements(buffer: WasmBuffer): TensorData {
    return new ELEMENT_ARRAYS[buffer.dtype](this.#memory.memory.buffer, buffer.address, buffer.length);
  }
}

/** What compiling a program yields. */
interface Compiled {
  readonly scratchBytes: number;
  run(...addresses: number[]): void;
  release(): void;
}

class WasmExecutable implements Executable {
  readonly program: Program;
  readonly scratchBytes: number;
  readonly #device: WasmDevice;
  #compiled: Compiled | null;

  constructor(device: WasmDevice, program: Program, compiled: Compiled) {
    this.#device = device;
    this.program = program;
    this.scratchBytes = compiled.scratchBytes;
    this.#compiled = compiled;
  }

  async run(bindings: Bindings): Promise<void> {
    const compiled = this.#compiled;
    if (compiled === null) {
      throw new KernelError("EXECUTABLE_DISPOSED", `Program ${this.program.name} was disposed of: compile it again`);
    }
    const { inputs, outputs } = resolveBindings(this.program, bindings, (buffer, name) =>
      this.#device.ownBuffer(buffer, name),
    );
    const scratch = this.#device.scratch(compiled.scratchBytes);
    compiled.run(scratch, ...inputs.map((buffer) => buffer.address), ...outputs.map((buffer) => buffer.address));
  }

  dispose(): void {
    this.#compiled?.release();
    this.#compiled = null;
  }
}
