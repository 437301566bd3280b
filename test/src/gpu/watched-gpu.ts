import { findAdapter } from "@tributary/kernels";

/** GPUBufferUsage.STORAGE, which is no global in Node. */
const STORAGE = 0x80;
/** WebGPU's minStorageBufferOffsetAlignment, in bytes. */
const OFFSET_ALIGNMENT = 256;

/** What a device is made to say, and held to, of its memory. */
export interface Reach {
  /** maxStorageBufferBindingSize, in bytes. */
  readonly bindingBytes: number;
  /** maxBufferSize of buffers that dispatches use, in bytes. */
  readonly bufferBytes: number;
}

/** A GPU in software whose devices a test can take away, and make small. */
export class WatchedGpu {
  /** Devices handed out so far. */
  readonly devices: GPUDevice[] = [];
  readonly #reach: Reach | null;
  // Dawn stops when nobody holds these.
  readonly #held: GPU[] = [];

  /** @param reach limits what a device says a buffer may hold, and what of it a dispatch reaches: it throws where more is asked for; null: as it is */
  constructor(reach: Reach | null = null) {
    this.#reach = reach;
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
    return this.#reach === null ? device : smaller(device, this.#reach);
  }
}

/** The same device with other limits, which are kept as WebGPU's own are ("createBindGroup", "createBuffer"). */
function smaller(device: GPUDevice, { bindingBytes, bufferBytes }: Reach): GPUDevice {
  const names = ["maxComputeWorkgroupStorageSize", "maxStorageBuffersPerShaderStage"] as const;
  const own = Object.fromEntries(names.map((name) => [name, device.limits[name]]));
  const limits = { ...own, maxBufferSize: bufferBytes, maxStorageBufferBindingSize: bindingBytes };
  const createBuffer = device.createBuffer.bind(device);
  const createBindGroup = device.createBindGroup.bind(device);
  return Object.defineProperties(device, {
    limits: { value: limits },
    createBuffer: {
      value: (descriptor: GPUBufferDescriptor) => {
        const isStorage = (descriptor.usage & STORAGE) !== 0;
        if (isStorage && descriptor.size > bufferBytes) throw new Error(`A buffer has ${descriptor.size} bytes`);
        return createBuffer(descriptor);
      },
    },
    createBindGroup: {
      value: (descriptor: GPUBindGroupDescriptor) => {
        for (const { resource } of descriptor.entries) checkBinding(resource, bindingBytes);
        return createBindGroup(descriptor);
      },
    },
  });
}

function checkBinding(resource: GPUBindingResource, bindingBytes: number): void {
  if (!("buffer" in resource) || (resource.buffer.usage & STORAGE) === 0) return;
  const { buffer, offset = 0, size = buffer.size - offset } = resource;
  if (size > bindingBytes) throw new Error(`${size} bytes are bound`);
  if (offset % OFFSET_ALIGNMENT !== 0) throw new Error(`What is bound begins at byte ${offset}`);
}
