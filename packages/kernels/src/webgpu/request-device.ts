import { KernelError } from "../errors.ts";
import { type AdapterOptions, type FoundAdapter, findAdapter } from "./find-adapter.ts";

/** A device that an adapter gave. */
export interface RequestedDevice extends Pick<FoundAdapter, "gpu" | "name"> {
  readonly device: GPUDevice;
}

/**
 * Asks for a device with all that the adapter says it has. Some drivers refuse what they promised: then for one with the least that WebGPU guarantees.
 * @throws KernelError BACKEND_UNAVAILABLE, which says what is missing and how to get it
 */
export async function requestDevice(options: AdapterOptions): Promise<RequestedDevice> {
  const { gpu, adapter, name, descriptor } = await findAdapter(options);
  try {
    return { gpu, name, device: await adapter.requestDevice(descriptor) };
  } catch {
    // An adapter that was asked once may be used up.
    const again = await findAdapter({ ...options, gpu });
    return { gpu, name, device: await leastDevice(again) };
  }
}

async function leastDevice({ adapter, name, descriptor: { label } }: FoundAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice(label === undefined ? {} : { label });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The GPU ${name} gives no device (${reason}): try again, or open wasm instead`;
    throw new KernelError("BACKEND_UNAVAILABLE", message, { cause });
  }
}
