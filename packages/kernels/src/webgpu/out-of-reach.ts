import { BYTES_PER_ELEMENT, elementCount, type Program, type TensorType } from "@tributary/program";
import { KernelError } from "../errors.ts";
import type { GpuFeatures } from "./kernel-code.ts";
import type { MemoryWindow } from "./memory-windows.ts";

const MEBIBYTE = 2 ** 20;

/** A number of bytes for people. */
function sizeWords(bytes: number): string {
  return bytes < MEBIBYTE ? `${bytes} bytes` : `${Math.ceil((bytes / MEBIBYTE) * 10) / 10} MiB`;
}

/**
 * What to do about a tensor that is too large: flat vectors (parameters, sums) are as long whatever the microbatch is.
 * @param reach what the GPU can do
 * @param use what would be needed of it
 */
function tooLarge(type: TensorType | null, reach: string, use: string): KernelError {
  if (type?.shape.length === 1) {
    const words = `The model is too large for this GPU, ${reach}, because ${use}`;
    return new KernelError("MODEL_TOO_LARGE", `${words}: compute on the processor, or on another device`);
  }
  const words = `This GPU has too little memory, ${reach}, because ${use}`;
  return new KernelError("OUT_OF_MEMORY", `${words}: use a smaller microbatch, or another device`);
}

/** Says that an operation would use more of a memory than the GPU can bind, and cannot be cut. */
export function outOfReach({ memory, bytes }: MemoryWindow, program: Program, features: GpuFeatures): KernelError {
  const bound =
    memory.kind === "input"
      ? program.inputs[memory.index]
      : memory.kind === "output"
        ? program.outputs[memory.index]
        : null;
  const reach = `which reaches ${sizeWords(features.bindingBytes)} at once`;
  return tooLarge(bound, reach, operationUses(program, `${sizeWords(bytes)} of ${bound?.name ?? "scratch memory"}`));
}

/** Says that a workgroup would use more memory of its own than the GPU has for it. */
export function tooMuchAtOnce(bytes: number, program: Program, { workgroupBytes }: GpuFeatures): KernelError {
  return tooLarge(
    null,
    `which has ${sizeWords(workgroupBytes)} for a workgroup`,
    operationUses(program, sizeWords(bytes)),
  );
}

function operationUses({ name }: Program, what: string): string {
  return `an operation of program ${name} uses ${what}`;
}

/**
 * Makes sure that the GPU can have each buffer of a program.
 * @param banks bytes of those of scratch memory
 * @throws KernelError MODEL_TOO_LARGE, OUT_OF_MEMORY
 */
export function checkBuffers(program: Program, banks: readonly number[], { bufferBytes }: GpuFeatures): void {
  const check = (bytes: number, type: TensorType | null, what: string): void => {
    if (bytes <= bufferBytes) return;
    const reach = `whose largest buffer holds ${sizeWords(bufferBytes)}`;
    throw tooLarge(type, reach, `${what} of program ${program.name} take ${sizeWords(bytes)}`);
  };
  for (const bound of [...program.inputs, ...program.outputs]) {
    check(elementCount(bound.shape) * BYTES_PER_ELEMENT[bound.dtype], bound, bound.name);
  }
  for (const bytes of banks) check(bytes, null, "results");
}
