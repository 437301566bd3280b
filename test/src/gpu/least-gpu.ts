import { findAdapter } from "@tributary/kernels";

/** GPUBufferUsage.STORAGE, which is no global in Node: of this usage alone is what the host can neither write nor read. */
const STORAGE = 0x80;

/** Every bit set: a NaN as a float32, a large or negative whole number as anything else. */
const POISON = 0xff;

/**
 * A GPU in software that offers no more than WebGPU guarantees: default limits, no optional feature. Scratch memory is full of NaN at first, so that a
 * kernel which reads what nothing wrote is found out.
 */
export async function leastGpu(): Promise<GPU> {
  const { gpu, adapter } = await findAdapter({ allowSoftware: true });
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const own = await gpu.requestAdapter(options);
    const device = await own?.requestDevice();
    if (device === undefined) throw new Error("The adapter that was there is gone");
    return {
      info: adapter.info,
      features: new Set<string>(),
      limits: device.limits,
      requestDevice: () => Promise.resolve(poisoned(device)),
    };
  };
  // Only an adapter is asked for; the property holds Dawn, which stops when nobody does.
  return { requestAdapter, held: gpu } as unknown as GPU;
}

/** The same device, whose scratch memory is not zero at first. */
function poisoned(device: GPUDevice): GPUDevice {
  const createBuffer = device.createBuffer.bind(device);
  const create = (descriptor: GPUBufferDescriptor): GPUBuffer => {
    if (descriptor.usage !== STORAGE) return createBuffer(descriptor);
    const buffer = createBuffer({ ...descriptor, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).fill(POISON);
    buffer.unmap();
    return buffer;
  };
  return Object.defineProperty(device, "createBuffer", { value: create });
}
