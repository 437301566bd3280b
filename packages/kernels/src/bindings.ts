import { elementCount, type Program, type TensorType } from "@tributary/program";
import type { Bindings, DeviceBuffer } from "./device.ts";
import { KernelError } from "./errors.ts";

/** A program's buffers in the order of its inputs and outputs; an output that replaces an input has that input's buffer. */
export interface ResolvedBindings<Buffer extends DeviceBuffer> {
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
}

/**
 * Finds and checks the buffers of one run.
 * @param own narrows a buffer to the device's own kind; throws BUFFER_FOREIGN or BUFFER_DISPOSED when it cannot be used
 * @throws KernelError BINDING_MISSING, BINDING_MISMATCH, BINDING_ALIASED, and what `own` throws
 */
export function resolveBindings<Buffer extends DeviceBuffer>(
  program: Program,
  bindings: Bindings,
  own: (buffer: DeviceBuffer, name: string) => Buffer,
): ResolvedBindings<Buffer> {
  const resolve = (name: string, type: TensorType): Buffer => {
    const bound = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
    if (bound === undefined) {
      throw new KernelError(
        "BINDING_MISSING",
        `Program ${program.name} needs a buffer named ${name} (${type.dtype} [${type.shape}]); ` +
          `bound are: ${Object.keys(bindings).join(", ") || "none"}`,
      );
    }
    const length = elementCount(type.shape);
    if (bound.dtype !== type.dtype || bound.length !== length) {
      throw new KernelError(
        "BINDING_MISMATCH",
        `Program ${program.name}: ${name} is ${type.dtype} [${type.shape}] of ${length} elements, ` +
          `but its buffer is ${bound.dtype} of ${bound.length}: allocate("${type.dtype}", ${length})`,
      );
    }
    return own(bound, name);
  };
  const inputs = program.inputs.map((input) => resolve(input.name, input));
  const outputs = program.outputs.map((output) => resolve(output.replaces ?? output.name, output));
  checkAliases(program, bindings);
  return { inputs, outputs };
}

/** A buffer that is written must be bound once only: otherwise what a run reads would depend on the order of its kernels. */
function checkAliases(program: Program, bindings: Bindings): void {
  const written = new Set(program.outputs.map((output) => output.replaces ?? output.name));
  const names = new Set([...program.inputs.map((input) => input.name), ...written]);
  const nameOf = new Map<DeviceBuffer, string>();
  for (const name of names) {
    const buffer = bindings[name];
    const other = nameOf.get(buffer);
    if (other !== undefined && (written.has(name) || written.has(other))) {
      throw new KernelError(
        "BINDING_ALIASED",
        `Program ${program.name} writes one buffer that is bound as both ${other} and ${name}: bind two buffers`,
      );
    }
    nameOf.set(buffer, name);
  }
}
