import { createProgram, type DType, GraphBuilder, type Program } from "@tributary/program";
import type { Device, DeviceBuffer, TensorData } from "../device.ts";
import { KernelError, type KernelErrorCode } from "../errors.ts";
import { emptyData } from "./random.ts";

/** A rule that every device keeps. */
export interface DeviceBehaviour {
  readonly name: string;
  /** Throws an Error that says what is wrong. Devices that it opens are its own to dispose of. */
  readonly check: (device: Device, openAnother: () => Promise<Device>) => Promise<void>;
}

/** A new buffer with these elements. */
export async function bufferWith(device: Device, dtype: DType, elements: readonly number[]): Promise<DeviceBuffer> {
  const buffer = device.allocate(dtype, elements.length);
  await device.write(buffer, dataOf(dtype, elements));
  return buffer;
}

/** Elements as write() takes them. */
export function dataOf(dtype: DType, elements: readonly number[]): TensorData {
  const data = emptyData(dtype, elements.length);
  data.set(elements);
  return data;
}

/** @throws Error unless the buffer holds exactly these elements */
export async function expectElements(device: Device, buffer: DeviceBuffer, expected: readonly number[]): Promise<void> {
  const data = await device.read(buffer);
  if (data.length === expected.length && expected.every((element, i) => element === data[i])) return;
  throw new Error(`The buffer holds [${[...data].slice(0, 16)}] instead of [${expected.slice(0, 16)}]`);
}

/** @throws Error unless `attempt` throws, or rejects with, a KernelError of this code */
export async function expectCode(code: KernelErrorCode, attempt: () => unknown): Promise<void> {
  let thrown: unknown;
  try {
    await attempt();
  } catch (error) {
    thrown = error;
  }
  if (thrown instanceof KernelError && thrown.code === code) return;
  const found = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : "nothing";
  throw new Error(`KernelError ${code} was expected, but ${found} was thrown`);
}

/** y = factor x + summand over float32 [length]; the output is named y, or replaces x. */
export function affineProgram(
  length: number,
  factor: number,
  summand: number,
  edges: { readonly input: string; readonly output: string; readonly inPlace?: boolean },
): Program {
  const builder = new GraphBuilder();
  const shape = [length];
  const x = builder.input({ dtype: "float32", shape });
  const constant = (value: number) => builder.add("constant", { dtype: "float32", shape, values: [value] }, []);
  const scaled = builder.add("mul", {}, [x, constant(factor)]);
  return createProgram({
    name: "affine",
    graph: builder.build([builder.add("add", {}, [scaled, constant(summand)])]),
    inputs: [edges.input],
    outputs: [{ name: edges.output, replaces: edges.inPlace === true ? edges.input : null }],
  });
}
