import { findAdapter } from "@tributary/kernels";

/** A GPU in software whose devices a test can take away, and make small. */
export class WatchedGpu {
  /** Devices handed out so far. */
  readonly devices: GPUDevice[] = [];
  readonly #reachBytes: number | null;
  // Dawn stops when nobody holds these.
  readonly #held: GPU[] = [];

  /** @param reachBytes limits what a device says a buffer may hold; null: as it is */
  constructor(reachBytes: number | null = null) {
    this.#reachBytes = reachBytes;
  }

  /** What `open("webgpu", { gpu })` takes. */
  get gpu(): GPU {
    const requestAdapter = async () => {
      const { gpu, adapter } = await findAdapter({ allowSoftware: true });
      this.#held.push(gpu);
      const requestDevice = adapter.requestDevice.bind(adapter);
      const handOut = async (descriptor?: GPUDeviceDescriptor) => this.#watched(await requestDevice(descriptor));
      return Object.defineProperty(adapter, "requestDevice", { value: handOut });
    };
    // Only an adapter is asked for.
    return { requestAdapter } as unknown as GPU;
  }

  /** Takes the newest device away, as a driver's reset does. */
  destroyLast(): void {
    this.devices.at(-1)?.destroy();
  }

  #watched(device: GPUDevice): GPUDevice {
    this.devices.push(device);
    if (this.#reachBytes === null) return device;
    const names = ["maxComputeWorkgroupStorageSize", "maxStorageBuffersPerShaderStage"] as const;
    const own = Object.fromEntries(names.map((name) => [name, device.limits[name]]));
    const limits = { ...own, maxBufferSize: this.#reachBytes, maxStorageBufferBindingSize: this.#reachBytes };
    return Object.defineProperty(device, "limits", { value: limits });
  }
}
