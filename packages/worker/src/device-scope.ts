import type { CompileOptions, Device, DeviceBuffer, Executable } from "@tributary/kernels";
import type { DType, Program } from "@tributary/program";

/** Buffers and executables made on a device for one purpose, given back together: also when not all could be made. */
export class DeviceScope {
  readonly device: Device;
  #made: (DeviceBuffer | Executable)[] = [];

  /** @param device not disposed of with the scope */
  constructor(device: Device) {
    this.device = device;
  }

  /** @throws KernelError, as Device.allocate */
  allocate(dtype: DType, length: number): DeviceBuffer {
    const buffer = this.device.allocate(dtype, length);
    this.#made.push(buffer);
    return buffer;
  }

  /** @throws KernelError, as Device.compile */
  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const executable = await this.device.compile(program, options);
    this.#made.push(executable);
    return executable;
  }

  dispose(): void {
    for (const made of this.#made) made.dispose();
    this.#made = [];
  }
}
