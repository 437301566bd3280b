import { type Device, failedFamilies, isSoftwareAdapter, type OpenOptions, open } from "@tributary/kernels";
import { WorkerError } from "./errors.ts";

/** Which GPU is opened. */
export type TrustedDeviceOptions = Pick<OpenOptions, "gpu" | "allowSoftware">;

/**
 * Opens a GPU, and tests each family of its kernels before anything is computed for a run: some drivers compute wrong. What is wrong with
 * subgroup operations, and right without, is computed without, and the device's remark says so.
 * @returns a device of the caller's own
 * @throws KernelError BACKEND_UNAVAILABLE, DEVICE_LOST, OUT_OF_MEMORY; WorkerError DEVICE_WRONG
 */
export async function openTrustedDevice(options: TrustedDeviceOptions = {}): Promise<Device> {
  const device = await open("webgpu", options);
  // A program that plays a GPU has no driver whose faults could be found, and is slow to test.
  if (isSoftwareAdapter({ vendor: "", architecture: "", device: device.adapterName ?? "", description: "" }))
    return device;
  const failed = await failuresOf(device);
  if (failed.length === 0) return device;
  device.dispose();
  const plain = await open("webgpu", { ...options, subgroups: false });
  const isOther = plain.arithmeticClass !== device.arithmeticClass;
  if (isOther && (await failuresOf(plain)).length === 0) {
    plain.remark = `its subgroups are left unused, because it computes ${listOf(failed)} wrong with them`;
    return plain;
  }
  plain.dispose();
  const name = device.adapterName === undefined ? "This GPU" : `This GPU (${device.adapterName})`;
  throw new WorkerError("DEVICE_WRONG", `${name} computes ${listOf(failed)} wrong: update its driver, or use wasm`);
}

/** The families that come out wrong; the device is disposed of where that cannot be found out. */
async function failuresOf(device: Device): Promise<readonly string[]> {
  try {
    return await failedFamilies(device);
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** "a, b and c"; of a long list its beginning. */
function listOf(families: readonly string[]): string {
  if (families.length > 3)
    return `${families.slice(0, 2).join(", ")} and ${families.length - 2} other kinds of operations`;
  if (families.length < 2) return families.join("");
  return `${families.slice(0, -1).join(", ")} and ${families.at(-1)}`;
}
