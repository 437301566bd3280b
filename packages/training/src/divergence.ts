import { type Microbatch, sourceSample } from "@tributary/data";
import type { Device, DeviceBuffer } from "@tributary/kernels";
import { elementCount } from "@tributary/program";
import { layerPath } from "./inspection-programs.ts";
import { namedSumsOffset } from "./sums-layout.ts";
import type { TracedRun } from "./traced-run.ts";

/** What is known about a step whose loss or gradient is not finite. */
export interface DivergedStep {
  readonly traced: TracedRun;
  readonly device: Device;
  /** As they were before the step; borrowed. */
  readonly parameters: DeviceBuffer;
  /** Likewise. */
  readonly buffers: DeviceBuffer;
  /** One microbatch after the other; the memory of each may be overwritten by the next one. */
  readonly microbatches: () => Iterable<Microbatch>;
  /** Runs `gradient` on a microbatch alone, from sums of zero. @returns S */
  readonly gradientSums: (batch: Microbatch) => Promise<ArrayLike<number>>;
}

/**
 * Where numbers stopped being finite, in the order in which a step makes them: samples, parameters, the layers' outputs, loss, gradient.
 * Layers are looked at as in evaluation, where dropout does nothing.
 * @returns a sentence without its period: what it is, a colon, and how to mend it
 */
export async function findDivergence(step: DivergedStep): Promise<string> {
  for (const batch of step.microbatches()) {
    const found =
      notFiniteSample(step.traced, batch) ??
      (await notFiniteParameter(step)) ??
      (await notFiniteLayer(step, batch)) ??
      notFiniteSums(step.traced, await step.gradientSums(batch));
    if (found !== null) return found;
  }
  return "Every microbatch's gradient is finite, but their sum or its norm overflows float32: lower the learning rate, or scale the loss down";
}

function notFiniteSample({ data }: TracedRun, { fields, indices, size }: Microbatch): string | null {
  for (const { name } of data.manifest.fields) {
    const values = fields[name];
    const at = values instanceof Float32Array ? firstNotFinite(values) : -1;
    if (values === undefined || at < 0) continue;
    const sample = sourceSample(data.manifest, indices[Math.floor(at / (values.length / size))] ?? 0);
    return `Sample ${sample} of the training data holds ${values[at]} in ${name}: mend it, or leave it out`;
  }
  return null;
}

async function notFiniteParameter({ traced, device, parameters }: DivergedStep): Promise<string | null> {
  const values = await device.read(parameters);
  const entry = traced.layout.parameters.find(
    ({ offset, length }) => firstNotFinite(values.subarray(offset, offset + length)) >= 0,
  );
  if (entry === undefined) return null;
  return `The parameter ${entry.name} was not finite any more before the step, because the update before it was too large: lower the learning rate, or clip gradients`;
}

/** Runs the program `activations`; outputs are in the order in which layers ran, a container's behind those inside it. */
async function notFiniteLayer(step: DivergedStep, batch: Microbatch): Promise<string | null> {
  const { traced, device, parameters, buffers } = step;
  const program = traced.inspection.activations;
  const { inputs } = batch.fields;
  const executable = await device.compile(program);
  const own = new Map<string, DeviceBuffer>();
  try {
    for (const { name, dtype, shape } of [...program.inputs, ...program.outputs]) {
      if (name !== "parameters" && name !== "buffers") own.set(name, device.allocate(dtype, elementCount(shape)));
    }
    const given = own.get("inputs");
    if (given !== undefined && inputs !== undefined) await device.write(given, inputs);
    await executable.run({ parameters, buffers, ...Object.fromEntries(own) });
    for (const { name } of program.outputs) {
      const output = own.get(name);
      const values = output === undefined ? [] : await device.read(output);
      const at = firstNotFinite(values);
      if (at >= 0) {
        return `Layer ${layerPath(name)} is the first whose output is not finite (it gives ${values[at]}): look at its parameters and inputs, normalise, or lower the learning rate`;
      }
    }
    return null;
  } finally {
    for (const buffer of own.values()) buffer.dispose();
    executable.dispose();
  }
}

function notFiniteSums({ layout, sums }: TracedRun, values: ArrayLike<number>): string | null {
  const loss = values[namedSumsOffset(sums)] ?? 0;
  if (!Number.isFinite(loss)) {
    return `Every layer's output is finite, but the loss of them is ${loss}: look at the targets, or use a loss that takes logits`;
  }
  // The gradient runs from the last layer to the first, and what it meets behind the one where it began is not finite either.
  const entry = layout.parameters.findLast(
    ({ trainable, offset, length }) =>
      trainable && firstNotFinite(Array.from(values).slice(offset, offset + length)) >= 0,
  );
  if (entry === undefined) return null;
  return `Outputs and loss are finite, but the gradient of ${entry.name} is not: look for a square root, logarithm or division near 0, or clip gradients`;
}

/** Index of the first value that is NaN or infinite; -1 where there is none. */
function firstNotFinite(values: ArrayLike<number>): number {
  for (let index = 0; index < values.length; index += 1) if (!Number.isFinite(values[index])) return index;
  return -1;
}
