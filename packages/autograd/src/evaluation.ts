import {
  type Backend,
  type Device,
  type DeviceBuffer,
  type OpenOptions,
  open,
  type TensorData,
} from "@tributary/kernels";
import { createProgram, elementCount, type Program, programHash, showType, type TensorType } from "@tributary/program";
import { buildGraph } from "./graph-conversion.ts";
import { collect, resolve } from "./recording.ts";
import { requireNoTrace, valueInTrace } from "./trace-state.ts";
import type { Value } from "./value.ts";

/** Programs that stay compiled for values asked for again with other data. */
const EXECUTABLES_KEPT_MAX = 64;

/** A device and what has been compiled for it, in the order of last use. */
interface Evaluator {
  readonly device: Device;
  readonly executables: Map<string, Awaited<ReturnType<Device["compile"]>>>;
}

let settings: { readonly backend: Backend | "auto"; readonly options: OpenOptions } = {
  backend: "reference",
  options: {},
};
let opened: Promise<Evaluator> | null = null;

/**
 * Chooses where values are computed that are asked for outside of traces. Takes effect at the next `data()`; the device
 * used before is given back. Default: the reference backend, in float32.
 */
export async function setDefaultBackend(backend: Backend | "auto", options: OpenOptions = {}): Promise<void> {
  const before = opened;
  settings = { backend, options };
  opened = null;
  if (before === null) return;
  const { device, executables } = await before;
  for (const executable of executables.values()) executable.dispose();
  device.dispose();
}

async function openEvaluator(): Promise<Evaluator> {
  return { device: await open(settings.backend, settings.options), executables: new Map() };
}

async function executableFor({ device, executables }: Evaluator, program: Program) {
  const key = programHash(program);
  const executable = executables.get(key) ?? (await device.compile(program));
  executables.delete(key);
  executables.set(key, executable);
  const [oldest] = executables;
  if (executables.size > EXECUTABLES_KEPT_MAX && oldest !== undefined) {
    executables.delete(oldest[0]);
    oldest[1].dispose();
  }
  return executable;
}

/** Elements that need no computing: given by the program's author, or computed before. */
function known(value: Value): TensorData | null {
  return value.computed ?? (value.origin.kind === "data" ? value.origin.elements : null);
}

/** The data as the device wants it: Float64Array is for the float64 reference alone. */
function accepted(data: TensorData): TensorData {
  const isDouble = data instanceof Float64Array && settings.options.precision !== "float64";
  return isDouble ? Float32Array.from(data) : data;
}

async function run(evaluator: Evaluator, program: Program, inputs: readonly TensorData[], type: TensorType) {
  const { device } = evaluator;
  const executable = await executableFor(evaluator, program);
  const buffers: Record<string, DeviceBuffer> = {};
  const bind = (name: string, { dtype, shape }: TensorType): DeviceBuffer => {
    const buffer = device.allocate(dtype, elementCount(shape));
    buffers[name] = buffer;
    return buffer;
  };
  try {
    const output = bind("value", type);
    for (const [index, input] of program.inputs.entries()) {
      const data = inputs[index];
      if (data !== undefined) await device.write(bind(input.name, input), accepted(data));
    }
    await executable.run(buffers);
    return await device.read(output);
  } finally {
    for (const buffer of Object.values(buffers)) buffer.dispose();
  }
}

/**
 * Computes a value: compiles what it is made of once, runs it on the default device, and keeps the elements.
 * @returns elements that belong to the value: copy them before handing them out
 * @throws AutogradError VALUE_IN_TRACE at once, while a function is traced or when the value depends on an input of a trace
 */
export function evaluate(value: Value): Promise<TensorData> {
  const what = `The data of a ${showType(value)}`;
  requireNoTrace(what);
  const target = resolve(value);
  const done = known(target);
  if (done !== null) return Promise.resolve(done);
  const { leaves } = collect([target], (each) => known(each) !== null);
  const inputs = leaves.filter((leaf) => known(leaf) !== null);
  if (inputs.length < leaves.length) throw valueInTrace(what);
  return compute(target, inputs);
}

async function compute(target: Value, inputs: readonly Value[]): Promise<TensorData> {
  const program = createProgram({
    name: "value",
    graph: buildGraph(inputs, [target]),
    inputs: inputs.map((_, index) => `input${index}`),
    outputs: [{ name: "value" }],
  });
  opened ??= openEvaluator();
  const elements = await run(
    await opened,
    program,
    inputs.flatMap((input) => known(input) ?? []),
    target,
  );
  target.computed = elements;
  return elements;
}
