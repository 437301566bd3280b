import type { Device, DeviceBuffer, TensorData } from "../device.ts";
import { differences } from "./compare.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { emptyData } from "./random.ts";

/** What output buffers hold before a run: a run that leaves an element unwritten must not pass by luck. */
const FILLER = 1;

async function allocateBuffers(device: Device, testCase: ConformanceCase): Promise<Map<string, DeviceBuffer>> {
  const buffers = new Map<string, DeviceBuffer>();
  const { inputs, outputs } = testCase.program;
  for (const [i, input] of inputs.entries()) {
    const { data } = testCase.inputs[i];
    const buffer = device.allocate(input.dtype, data.length);
    buffers.set(input.name, buffer);
    await device.write(buffer, data);
  }
  for (const output of outputs) {
    if (output.replaces !== null) continue;
    const length = output.shape.reduce((product, dimension) => product * dimension, 1);
    const buffer = device.allocate(output.dtype, length);
    buffers.set(output.name, buffer);
    await device.write(buffer, emptyData(output.dtype, length).fill(FILLER));
  }
  return buffers;
}

function bufferOf(buffers: ReadonlyMap<string, DeviceBuffer>, name: string): DeviceBuffer {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new RangeError(`There is no buffer named ${name}`);
  return buffer;
}

function equal(a: TensorData, b: TensorData): boolean {
  return a.length === b.length && a.every((element, i) => Object.is(element, b[i]));
}

/** Names of the inputs that a run changed although no output replaces them. */
async function changedInputs(
  device: Device,
  testCase: ConformanceCase,
  buffers: ReadonlyMap<string, DeviceBuffer>,
): Promise<string[]> {
  const replaced = new Set(testCase.program.outputs.map((output) => output.replaces));
  const changed: string[] = [];
  for (const [i, input] of testCase.program.inputs.entries()) {
    if (replaced.has(input.name)) continue;
    const data = await device.read(bufferOf(buffers, input.name));
    if (!equal(data, testCase.inputs[i].data)) changed.push(input.name);
  }
  return changed;
}

/**
 * Runs a case on a device that computes in float32.
 * @returns what is wrong, in words; none when the device conforms
 */
export async function failuresOf(device: Device, testCase: ConformanceCase): Promise<string[]> {
  const buffers = await allocateBuffers(device, testCase);
  try {
    const executable = await device.compile(testCase.program);
    await executable.run(Object.fromEntries(buffers));
    const outputs: TensorData[] = [];
    for (const { name, replaces } of testCase.program.outputs) {
      outputs.push(await device.read(bufferOf(buffers, replaces ?? name)));
    }
    const changed = await changedInputs(device, testCase, buffers);
    executable.dispose();
    return [...differences(testCase, outputs), ...changed.map((name) => `${name} was changed by the run`)];
  } catch (error) {
    return [error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
  } finally {
    for (const buffer of buffers.values()) buffer.dispose();
  }
}
