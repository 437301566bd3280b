import type { DeviceBuffer, TensorData } from "./device.ts";
import { KernelError } from "./errors.ts";

/** @throws KernelError LENGTH_INVALID */
export function checkCount(name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new KernelError(
      "LENGTH_INVALID",
      `The ${name} is ${count}, but must be a whole number of elements, 0 or more`,
    );
  }
}

/** Checks a part of a buffer. @throws KernelError LENGTH_INVALID, RANGE_OUTSIDE_BUFFER */
export function checkRange(buffer: DeviceBuffer, offset: number, length: number): void {
  checkCount("offset", offset);
  checkCount("length", length);
  if (offset + length > buffer.length) {
    throw new KernelError(
      "RANGE_OUTSIDE_BUFFER",
      `Elements ${offset} to ${offset + length} were asked for, but the buffer has ${buffer.length}`,
    );
  }
}

/** Says that an array is not of the type that a buffer takes. */
export function dataMismatch(buffer: DeviceBuffer, taken: string, given: TensorData): KernelError {
  return new KernelError(
    "DATA_MISMATCH",
    `A ${buffer.dtype} buffer takes a ${taken}, not a ${given.constructor.name}: convert the data`,
  );
}
