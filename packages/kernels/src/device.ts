import type { DType, Program } from "@tributary/program";

/** The backends there are; a device is opened on one of them. */
export type Backend = "reference" | "wasm" | "webgpu";

/** Elements of a buffer as they are in memory. float16 travels as its raw bits; bool as bytes; only the float64 reference device reads (and accepts) Float64Array for float32. */
export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Memory on a device, owned by whoever allocated it. */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** Number of elements. */
  readonly length: number;
  /** Gives the memory back; using the buffer afterwards is an error. */
  dispose(): void;
}

/** What a run of a program reads and writes: a buffer for every input and every output that replaces no input, by name. */
export type Bindings = Readonly<Record<string, DeviceBuffer>>;

/** A program made ready to run on one device. Compiling does all the work that can be done once. */
export interface Executable {
  readonly program: Program;
  /** Bytes of scratch memory that a run uses beside the bound buffers. */
  readonly scratchBytes: number;
  /**
   * Runs the program once. Runs of one device happen in the order in which they were asked for.
   * A binding that the program has no name for is passed over.
   * @throws KernelError BINDING_MISSING, BINDING_MISMATCH when a binding is absent or of another dtype or length;
   *   BINDING_ALIASED when a buffer that the run writes is bound under a second name; BUFFER_FOREIGN, BUFFER_DISPOSED
   */
  run(bindings: Bindings): Promise<void>;
  dispose(): void;
}

/** What whoever compiles may want to know meanwhile. */
export interface CompileOptions {
  /** Hears how many of the program's pieces are ready; backends that compile in one piece say nothing. */
  readonly onProgress?: (ready: number, of: number) => void;
}

/** A place where programs run. Programs of one device share its buffers. */
export interface Device {
  readonly backend: Backend;
  /** Backend, fused multiply-add and float16: results are bit-equal only within one class. */
  readonly arithmeticClass: string;
  /** What the device computes with, for people; absent where there is nothing to tell apart. */
  readonly adapterName?: string;
  /** What of the adapter is left unused and why, in words for people that fit behind its name and "; "; absent where there is nothing to say. */
  remark?: string | undefined;
  /** Elements are zero at first. */
  allocate(dtype: DType, length: number): DeviceBuffer;
  /** Copies `data` into the buffer from element `offset` on; borrows `data` until the promise resolves. */
  write(buffer: DeviceBuffer, data: TensorData, offset?: number): Promise<void>;
  /** Copies `length` elements from element `offset` on; without them, all. The result belongs to the caller. */
  read(buffer: DeviceBuffer, offset?: number, length?: number): Promise<TensorData>;
  /** Reads several whole buffers, as they are when it is their turn: one trip to the device. */
  readAll(buffers: readonly DeviceBuffer[]): Promise<readonly TensorData[]>;
  /** @throws KernelError UNSUPPORTED_OPERATION; ProgramError when the program is not valid */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  dispose(): void;
  /** Resolves when all is given back after dispose(): a thread must not end before. Absent where dispose() does it at once. */
  readonly disposed?: Promise<void>;
}
