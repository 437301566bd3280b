import { expandComposites, GraphBuilder, type Program, ProgramError } from "@tributary/program";
import type { Device } from "../device.ts";
import { evaluateGraph } from "../reference/interpreter.ts";
import { allocateValue } from "../reference/value.ts";
import { affineProgram, bufferWith, type DeviceBehaviour, expectCode, expectElements } from "./behaviour.ts";
import { perceptronStep } from "./training-cases.ts";

const MANY_RUNS = 2000;
const TRAINING_STEPS = 10;
/** Of the norm of the parameters, after {@link TRAINING_STEPS}. */
const TRAINING_TOLERANCE = 1e-5;
const COMPILATIONS = 300;

async function describesItself(device: Device): Promise<void> {
  if (device.arithmeticClass.length === 0) throw new Error("The device does not say its arithmetic class");
  const program = affineProgram(3, 1, 0, { input: "x", output: "y" });
  const executable = await device.compile(program);
  if (executable.program !== program) throw new Error("The executable does not hand out its program");
  if (!(executable.scratchBytes >= 0))
    throw new Error(`The executable claims ${executable.scratchBytes} scratch bytes`);
  executable.dispose();
}

async function sharedBuffers(device: Device): Promise<void> {
  const first = await device.compile(affineProgram(3, 2, 1, { input: "x", output: "y" }));
  const second = await device.compile(affineProgram(3, 10, 0, { input: "y", output: "z" }));
  const x = await bufferWith(device, "float32", [1, 2, 3]);
  const y = device.allocate("float32", 3);
  const z = device.allocate("float32", 3);
  await first.run({ x, y });
  await second.run({ y, z });
  // One buffer may be bound under other names in another program, and a second set to the same one.
  await first.run({ x: z, y });
  await expectElements(device, z, [30, 50, 70]);
  await expectElements(device, y, [61, 101, 141]);
  await expectElements(device, x, [1, 2, 3]);
}

async function orderOfRuns(device: Device): Promise<void> {
  const double = await device.compile(affineProgram(7, 2, 0, { input: "x", output: "x", inPlace: true }));
  const addOne = await device.compile(affineProgram(7, 1, 1, { input: "x", output: "x", inPlace: true }));
  const x = await bufferWith(device, "float32", [0, 0, 0, 0, 0, 0, 0]);
  const runs: Promise<void>[] = [];
  for (let turn = 0; turn < 10; turn += 1) runs.push(addOne.run({ x }), double.run({ x }));
  await Promise.all(runs);
  // Each turn makes 2 (x + 1) of x: after n turns 2 ** (n + 1) - 2.
  await expectElements(
    device,
    x,
    Array.from({ length: 7 }, () => 2046),
  );
}

async function manyCompilationsAtOnce(device: Device): Promise<void> {
  const factors = [1, 2, 3, 4, 5, 6, 7, 8];
  const executables = await Promise.all(
    factors.map((factor) => device.compile(affineProgram(33, factor, 0, { input: "x", output: "y" }))),
  );
  const x = await bufferWith(
    device,
    "float32",
    Array.from({ length: 33 }, (_, i) => i),
  );
  const outputs = factors.map(() => device.allocate("float32", 33));
  await Promise.all(executables.map((executable, i) => executable.run({ x, y: outputs[i] })));
  for (const [i, factor] of factors.entries()) {
    await expectElements(
      device,
      outputs[i],
      Array.from({ length: 33 }, (_, j) => factor * j),
    );
  }
}

async function wrongBindings(device: Device, openAnother: () => Promise<Device>): Promise<void> {
  const executable = await device.compile(affineProgram(3, 2, 0, { input: "x", output: "y" }));
  const x = await bufferWith(device, "float32", [1, 2, 3]);
  const y = device.allocate("float32", 3);
  await expectCode("BINDING_MISSING", () => executable.run({ x }));
  await expectCode("BINDING_MISSING", () => executable.run({ y }));
  await expectCode("BINDING_MISMATCH", () => executable.run({ x: device.allocate("int32", 3), y }));
  await expectCode("BINDING_MISMATCH", () => executable.run({ x, y: device.allocate("float32", 4) }));
  await expectCode("BINDING_ALIASED", () => executable.run({ x, y: x }));
  const other = await openAnother();
  const foreign = other.allocate("float32", 3);
  await expectCode("BUFFER_FOREIGN", () => executable.run({ x, y: foreign }));
  other.dispose();
  const gone = device.allocate("float32", 3);
  gone.dispose();
  await expectCode("BUFFER_DISPOSED", () => executable.run({ x, y: gone }));
  // None of it keeps a right call from working; a name that the program does not have is no matter.
  await executable.run({ x, y, z: x });
  await expectElements(device, y, [2, 4, 6]);
}

async function oneInputTwice(device: Device): Promise<void> {
  const builder = new GraphBuilder();
  const type = { dtype: "float32", shape: [3] } as const;
  const [a, b] = [builder.input(type), builder.input(type)];
  const graph = builder.build([builder.add("add", {}, [a, b])]);
  const program: Program = {
    name: "sum",
    graph,
    inputs: [
      { ...type, name: "a" },
      { ...type, name: "b" },
    ],
    outputs: [{ ...type, name: "c", replaces: null }],
  };
  const executable = await device.compile(program);
  const x = await bufferWith(device, "float32", [1, 2, 3]);
  const c = device.allocate("float32", 3);
  await executable.run({ a: x, b: x, c });
  await expectElements(device, c, [2, 4, 6]);
}

async function invalidPrograms(device: Device): Promise<void> {
  const program = affineProgram(3, 2, 0, { input: "x", output: "y" });
  const forged: Program = { ...program, outputs: [{ ...program.outputs[0], shape: [4] }] };
  const error = await device.compile(forged).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProgramError)) throw new Error(`A program with a forged shape was met with ${String(error)}`);
}

async function disposal(device: Device, openAnother: () => Promise<Device>): Promise<void> {
  const program = affineProgram(3, 2, 0, { input: "x", output: "x", inPlace: true });
  const x = await bufferWith(device, "float32", [1, 2, 3]);
  const executable = await device.compile(program);
  executable.dispose();
  executable.dispose();
  await expectCode("EXECUTABLE_DISPOSED", () => executable.run({ x }));
  await expectElements(device, x, [1, 2, 3]);
  const other = await openAnother();
  const left = other.allocate("float32", 3);
  const late = await other.compile(program);
  other.dispose();
  other.dispose();
  await expectCode("DEVICE_DISPOSED", () => other.allocate("float32", 1));
  await expectCode("DEVICE_DISPOSED", () => other.read(left));
  await expectCode("DEVICE_DISPOSED", () => other.compile(program));
  await expectCode("DEVICE_DISPOSED", () => late.run({ x: left }));
  // Owners may still give back what is gone already.
  left.dispose();
  late.dispose();
}

async function manyRuns(device: Device): Promise<void> {
  const executable = await device.compile(affineProgram(65, 1, 1, { input: "x", output: "x", inPlace: true }));
  const x = device.allocate("float32", 65);
  for (let turn = 0; turn < MANY_RUNS; turn += 1) await executable.run({ x });
  await expectElements(
    device,
    x,
    Array.from({ length: 65 }, () => MANY_RUNS),
  );
}

async function compilationsComeBack(device: Device): Promise<void> {
  // Each needs 16 MiB between its two products, five GiB in all unless a disposed executable gives its memory back.
  const side = 2048;
  const builder = new GraphBuilder();
  const column = builder.input({ dtype: "float32", shape: [side, 1] });
  const product = { transposeA: false, transposeB: false };
  const square = builder.add("matmul", { ...product, transposeB: true }, [column, column]);
  const graph = builder.build([builder.add("matmul", product, [square, column])]);
  const type = { dtype: "float32", shape: [side, 1] } as const;
  const program: Program = {
    name: "large",
    graph,
    inputs: [{ ...type, name: "x" }],
    outputs: [{ ...type, name: "y", replaces: null }],
  };
  for (let turn = 0; turn < COMPILATIONS; turn += 1) (await device.compile(program)).dispose();
}

async function growthBetweenRuns(device: Device): Promise<void> {
  const executable = await device.compile(affineProgram(3, 2, 0, { input: "x", output: "x", inPlace: true }));
  const x = await bufferWith(device, "float32", [1, 2, 3]);
  await executable.run({ x });
  const large = Array.from({ length: 4 }, () => device.allocate("float32", 2 ** 23));
  await executable.run({ x });
  await expectElements(device, x, [4, 8, 12]);
  const y = device.allocate("float32", 3);
  for (const buffer of large) buffer.dispose();
  await executable.run({ x: y });
  await executable.run({ x });
  await expectElements(device, x, [8, 16, 24]);
}

async function sameBitsTwice(device: Device): Promise<void> {
  const { program, inputs } = perceptronStep(91);
  const results: string[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const executable = await device.compile(program);
    const [flat, x, labels] = inputs.map((input) => device.allocate(input.dtype, input.data.length));
    await device.write(flat, inputs[0].data);
    await device.write(x, inputs[1].data);
    await device.write(labels, inputs[2].data);
    const gradient = device.allocate("float32", program.outputs[1].shape[0]);
    const losses = device.allocate("float32", program.outputs[2].shape[0]);
    const bindings = { input0: flat, input1: x, input2: labels, output1: gradient, output2: losses };
    await executable.run(bindings);
    results.push(`${[...(await device.read(gradient))]} ${[...(await device.read(losses))]}`);
  }
  if (results[0] !== results[1]) throw new Error("The same program on the same inputs gave other bits");
}

async function training(device: Device): Promise<void> {
  const { program, inputs } = perceptronStep(92);
  const graph = expandComposites(program.graph);
  let values = inputs.map((input) => {
    const value = allocateValue(input, "float64");
    value.data.set(input.data);
    return value;
  });
  const executable = await device.compile(program);
  const [input0, input1, input2] = inputs.map((input) => device.allocate(input.dtype, input.data.length));
  await device.write(input0, inputs[0].data);
  await device.write(input1, inputs[1].data);
  await device.write(input2, inputs[2].data);
  const output1 = device.allocate("float32", program.outputs[1].shape[0]);
  const output2 = device.allocate("float32", program.outputs[2].shape[0]);
  for (let step = 0; step < TRAINING_STEPS; step += 1) {
    const [parameters] = evaluateGraph(graph, values, "float64");
    values = [parameters, ...values.slice(1)];
    await executable.run({ input0, input1, input2, output1, output2 });
  }
  const trained = await device.read(input0);
  const expected = values[0].data;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i += 1) {
    difference += (trained[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  const relative = Math.sqrt(difference / norm);
  if (!(relative <= TRAINING_TOLERANCE)) throw new Error(`The parameters differ by ${relative} of their norm`);
}

/** Rules of programs and runs. */
export const RUN_BEHAVIOURS: readonly DeviceBehaviour[] = [
  { name: "device and executable say what they are", check: describesItself },
  { name: "programs of one device share its buffers", check: sharedBuffers },
  { name: "runs happen in the order in which they were asked for", check: orderOfRuns },
  { name: "programs can be compiled and run at once", check: manyCompilationsAtOnce },
  { name: "wrong bindings are refused with their code", check: wrongBindings },
  { name: "one buffer may serve two inputs that are only read", check: oneInputTwice },
  { name: "an invalid program is refused", check: invalidPrograms },
  { name: "what was disposed of is refused", check: disposal },
  { name: "thousands of runs need no more memory", check: manyRuns },
  { name: "a disposed executable gives its memory back", check: compilationsComeBack },
  { name: "programs still run after the device's memory has grown", check: growthBetweenRuns },
  { name: "the same program on the same inputs gives the same bits", check: sameBitsTwice },
  { name: "ten steps of training end at the reference's parameters", check: training },
];
