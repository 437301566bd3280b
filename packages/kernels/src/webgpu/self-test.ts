import { createProgram, elementCount, GraphBuilder, type Program } from "@tributary/program";
import type { Device, DeviceBuffer, TensorData } from "../device.ts";
import { KernelError } from "../errors.ts";
import { digestOf, type SelfTestCase, type SelfTestExpectation, selfTestCases } from "./self-test-cases.ts";

/** How far a number may be from what is expected: far beyond rounding, far below what a broken driver computes. */
const ABSOLUTE = 1e-5;
const RELATIVE = 1e-4;

/**
 * Computes a small program of each kernel family, whose result is known: some drivers compute wrong (recurrences whose
 * gradients are zero, tanh that is not a number), and training on them would be worse than on the CPU.
 * @returns the families that came out wrong, in words that fit behind "this GPU computes"; none on a device that can be trusted
 * @throws KernelError DEVICE_LOST, OUT_OF_MEMORY
 */
export async function failedFamilies(device: Device): Promise<readonly string[]> {
  const cases = selfTestCases();
  const passed = await Promise.all(cases.map((testCase) => passes(device, testCase)));
  return [...new Set(cases.flatMap(({ family }, index) => (passed[index] === true ? [] : [family])))];
}

async function passes(device: Device, testCase: SelfTestCase): Promise<boolean> {
  const buffers: DeviceBuffer[] = [];
  try {
    return isExpected(await resultOf(device, testCase, buffers), testCase.expected);
  } catch (error) {
    // A kernel that the driver refuses to build is as good as a wrong one.
    const isGone = error instanceof KernelError && (error.code === "DEVICE_LOST" || error.code === "OUT_OF_MEMORY");
    if (isGone) throw error;
    return false;
  } finally {
    for (const buffer of buffers) buffer.dispose();
  }
}

/** @param buffers gets what is allocated, for the caller to dispose of */
async function resultOf(device: Device, testCase: SelfTestCase, buffers: DeviceBuffer[]): Promise<TensorData> {
  const program = programOf(testCase);
  const executable = await device.compile(program);
  try {
    const bindings: Record<string, DeviceBuffer> = {};
    for (const [index, { dtype, data }] of testCase.inputs.entries()) {
      const buffer = device.allocate(dtype, data.length);
      buffers.push(buffer);
      bindings[inputName(index)] = buffer;
      await device.write(buffer, data);
    }
    const [{ name, dtype, shape }] = program.outputs;
    const output = device.allocate(dtype, elementCount(shape));
    buffers.push(output);
    await executable.run({ ...bindings, [name]: output });
    return await device.read(output);
  } finally {
    executable.dispose();
  }
}

/** The program of a case. */
function programOf({ inputs, build }: SelfTestCase): Program {
  const builder = new GraphBuilder();
  const ids = inputs.map(({ dtype, shape }) => builder.input({ dtype, shape }));
  const graph = builder.build([build(builder, ids)]);
  return createProgram({
    name: "selfTest",
    graph,
    inputs: inputs.map((_, index) => inputName(index)),
    outputs: [{ name: "result", replaces: null }],
  });
}

function inputName(index: number): string {
  return `input${index}`;
}

function isExpected(found: TensorData, expected: SelfTestExpectation): boolean {
  if ("digest" in expected) return digestOf(found) === expected.digest;
  const { near } = expected;
  const isRounded = found instanceof Float32Array;
  // Not a number is near nothing.
  const isRight = (value: number, index: number) => (isRounded ? isNear(found[index], value) : found[index] === value);
  return found.length === near.length && near.every(isRight);
}

function isNear(found: number, expected: number): boolean {
  return Math.abs(found - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected);
}
