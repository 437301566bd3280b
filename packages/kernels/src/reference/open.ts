import type { Device } from "../device.ts";
import { ReferenceDevice } from "./reference-device.ts";
import type { Precision } from "./value.ts";

/** Opens a reference device. With float64, float32 tensors are held and read as Float64Array. */
export async function openReference(precision: Precision): Promise<Device> {
  return new ReferenceDevice(precision);
}
