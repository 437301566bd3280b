import { type Device, open } from "@tributary/kernels";
import { OPERATION_NAMES, type OperationAttributes, type OperationName, type TensorType } from "@tributary/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gradientsOf } from "../backpropagation.ts";
import { tensor } from "../creation.ts";
import { add, full, mul, reshape, sum } from "../primitives.ts";
import { Tensor } from "../tensor.ts";
import { traceProgram } from "../trace.ts";
import { isDifferentiable, type Value } from "../value.ts";
import { OPERATION_TABLE } from "./table.ts";

/** One application of an operation: what goes in, away from kinks and ties. */
interface Case<Name extends OperationName> {
  readonly attributes: OperationAttributes[Name];
  readonly inputs: readonly { readonly type: TensorType; readonly elements: readonly number[] }[];
}

type Input = Case<OperationName>["inputs"][number];

/** Different numbers between 0.2 and 1.4 in size, of both signs, from a formula. */
function wave(shape: readonly number[], phase = 0): Input {
  const count = shape.reduce((product, size) => product * size, 1);
  const elements = Array.from({ length: count }, (_, index) => {
    const sine = Math.sin(2.399 * index + phase + 0.5);
    return sine + 0.3 * Math.sign(sine) + 0.01 * index;
  });
  return { type: { dtype: "float32", shape }, elements };
}

/** As {@link wave}, but positive. */
function positive(shape: readonly number[], phase = 0): Input {
  const { type, elements } = wave(shape, phase);
  return { type, elements: elements.map((element) => Math.abs(element) + 0.2) };
}

function integers(shape: readonly number[], elements: readonly number[]): Input {
  return { type: { dtype: "int32", shape }, elements };
}

function booleans(shape: readonly number[], elements: readonly number[]): Input {
  return { type: { dtype: "bool", shape }, elements };
}

const float = (...shape: number[]): TensorType => ({ dtype: "float32", shape });
const unary = [{ attributes: {}, inputs: [wave([2, 3])] }];
const binary = [{ attributes: {}, inputs: [wave([2, 3]), wave([2, 3], 1)] }];
const asymmetric = {
  strides: [2, 1],
  padding: [
    [1, 0],
    [2, 1],
  ],
  dilation: [1, 2],
  groups: 2,
} as const;
// x [2, 2, 5, 4], kernel [4, 1, 3, 2]: y is [2, 4, 2, 5].
const image = wave([2, 2, 5, 4]);
const kernel = wave([4, 1, 3, 2], 2);
const convolved = wave([2, 4, 2, 5], 4);

/** Every operation; an empty list says that it has no derivative, and is tested to say so. */
const CASES: { readonly [Name in OperationName]: readonly Case<Name>[] } = {
  neg: unary,
  exp: unary,
  log: [{ attributes: {}, inputs: [positive([2, 3])] }],
  sqrt: [{ attributes: {}, inputs: [positive([2, 3])] }],
  tanh: unary,
  erf: unary,
  sin: unary,
  cos: unary,
  abs: unary,
  sign: unary,
  floor: [{ attributes: {}, inputs: [{ type: float(4), elements: [-1.5, -0.4, 0.3, 2.6] }] }],
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  pow: [{ attributes: {}, inputs: [positive([2, 3]), wave([2, 3], 1)] }],
  maximum: binary,
  minimum: binary,
  compare: [],
  where: [{ attributes: {}, inputs: [booleans([2, 3], [1, 0, 0, 1, 1, 0]), wave([2, 3]), wave([2, 3], 1)] }],
  cast: [{ attributes: { dtype: "float32" }, inputs: [wave([3])] }],
  sum: [
    { attributes: { axes: [1] }, inputs: [wave([2, 3, 2])] },
    { attributes: { axes: [0, 2] }, inputs: [wave([2, 3, 2])] },
  ],
  max: [
    { attributes: { axes: [1] }, inputs: [wave([2, 3, 2])] },
    { attributes: { axes: [0, 2] }, inputs: [wave([2, 3, 2])] },
  ],
  argmax: [],
  reshape: [{ attributes: { shape: [3, 4] }, inputs: [wave([2, 6])] }],
  permute: [{ attributes: { permutation: [2, 0, 1] }, inputs: [wave([2, 3, 4])] }],
  broadcast: [
    { attributes: { shape: [4, 2, 3] }, inputs: [wave([2, 1])] },
    { attributes: { shape: [2, 2] }, inputs: [wave([])] },
  ],
  slice: [
    { attributes: { starts: [1, 0], ends: [6, 3], strides: [2, 1] }, inputs: [wave([7, 4])] },
    { attributes: { starts: [0, 1], ends: [3, 8], strides: [1, 3] }, inputs: [wave([3, 9])] },
  ],
  pad: [{ attributes: { low: [1, 0], high: [0, 2], interior: [2, 0], value: 5 }, inputs: [wave([3, 2])] }],
  concat: [{ attributes: { axis: 1 }, inputs: [wave([2, 1]), wave([2, 3], 1), wave([2, 2], 2)] }],
  flip: [{ attributes: { axes: [0, 2] }, inputs: [wave([2, 2, 3])] }],
  matmul: [
    { attributes: { transposeA: false, transposeB: false }, inputs: [wave([2, 3]), wave([3, 4], 1)] },
    { attributes: { transposeA: true, transposeB: false }, inputs: [wave([2, 3, 2]), wave([2, 3, 2], 1)] },
    { attributes: { transposeA: false, transposeB: true }, inputs: [wave([2, 3]), wave([4, 3], 1)] },
    { attributes: { transposeA: true, transposeB: true }, inputs: [wave([3, 2]), wave([4, 3], 1)] },
  ],
  convolution: [{ attributes: asymmetric, inputs: [image, kernel] }],
  convolutionInputGradient: [{ attributes: { ...asymmetric, inputSize: [5, 4] }, inputs: [convolved, kernel] }],
  convolutionWeightGradient: [{ attributes: { ...asymmetric, kernelSize: [3, 2] }, inputs: [image, convolved] }],
  maxPool: [
    {
      attributes: {
        window: [3, 2],
        strides: [2, 1],
        padding: [
          [1, 1],
          [0, 1],
        ],
        dilation: [1, 1],
      },
      inputs: [wave([1, 2, 5, 4])],
    },
  ],
  gather: [{ attributes: {}, inputs: [wave([2, 3]), integers([2, 4], [2, 0, 2, -1, 1, 3, 1, 0])] }],
  scatterAdd: [{ attributes: { length: 3 }, inputs: [wave([2, 4]), integers([2, 4], [2, 0, 2, -1, 1, 3, 1, 0])] }],
  take: [{ attributes: {}, inputs: [wave([3, 2]), integers([2, 2], [2, 0, 2, 7])] }],
  scatterAddRows: [{ attributes: { rows: 3 }, inputs: [wave([2, 2, 2]), integers([2, 2], [2, 0, 2, 7])] }],
  threefry: [],
  constant: [],
  iota: [],
  scan: [false, true].map((reverse) => ({
    // carry' = tanh(carry w + slice); stacked: carry' * slice
    attributes: {
      length: 3,
      carries: 1,
      sliced: 1,
      reverse,
      body: {
        inputs: [float(1, 2), float(1, 2), float(2, 2)],
        nodes: [
          {
            operation: "matmul" as const,
            attributes: { transposeA: false, transposeB: false },
            inputs: [0, 2],
            firstOutput: 3,
            outputs: [float(1, 2)],
          },
          { operation: "add" as const, attributes: {}, inputs: [3, 1], firstOutput: 4, outputs: [float(1, 2)] },
          { operation: "tanh" as const, attributes: {}, inputs: [4], firstOutput: 5, outputs: [float(1, 2)] },
          { operation: "mul" as const, attributes: {}, inputs: [5, 1], firstOutput: 6, outputs: [float(1, 2)] },
        ],
        outputs: [5, 6],
      },
    },
    inputs: [wave([1, 2]), wave([3, 1, 2], 1), wave([2, 2], 2)],
  })),
  softmax: unary,
  logSoftmax: unary,
  // The last row's target is no class.
  softmaxCrossEntropy: [{ attributes: {}, inputs: [wave([3, 4]), integers([3], [1, 3, -100])] }],
  softmaxCrossEntropyGradient: [{ attributes: {}, inputs: [wave([3, 4]), integers([3], [1, 3, -100]), positive([3])] }],
};

let device: Device;
beforeAll(async () => {
  device = await open("reference", { precision: "float64" });
});
afterAll(() => device.dispose());

/** A scalar that depends on every element of some values, each with a weight of its own. */
function mixed(values: readonly Value[]): Value {
  const parts = values.filter(isDifferentiable).map((value, position) => {
    const weights = tensor(wave(value.shape, position + 5).elements.slice(), { shape: value.shape });
    const product = mul(value, weights.value);
    return sum(
      product,
      product.shape.map((_, axis) => axis),
    );
  });
  return parts.reduce(add);
}

/** A function of an operation's inputs that gives a scalar, and its derivatives, computed in float64. */
async function prepare({ inputs }: Case<OperationName>, scalar: (inputs: readonly Value[]) => Value) {
  const types = Object.fromEntries(inputs.map(({ type }, position) => [`x${position}`, type]));
  const floats = inputs.flatMap(({ type }, position) => (isDifferentiable(type) ? [position] : []));
  const program = traceProgram({ name: "check", inputs: types }, (named) => {
    const values = inputs.map((_, position) => named[`x${position}`].value);
    const value = scalar(values);
    const gradients = gradientsOf(
      value,
      floats.map((position) => values[position]),
      null,
    );
    const outputs = gradients.map((gradient, index) => [`d${floats[index]}`, new Tensor(gradient)]);
    return { value: new Tensor(value), ...Object.fromEntries(outputs) };
  });
  const executable = await device.compile(program);
  const buffers = Object.fromEntries(
    [...program.inputs, ...program.outputs].map(({ name, dtype, shape }) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, device.allocate(dtype, length)];
    }),
  );
  const write = async (position: number, elements: readonly number[]) => {
    const { dtype } = inputs[position].type;
    const buffer = buffers[`x${position}`];
    if (dtype === "int32") await device.write(buffer, Int32Array.from(elements));
    else if (dtype === "bool") await device.write(buffer, Uint8Array.from(elements));
    else await device.write(buffer, Float64Array.from(elements));
  };
  for (const [position, { elements }] of inputs.entries()) await write(position, elements);
  const run = async () => {
    await executable.run(buffers);
    return (await device.read(buffers.value))[0];
  };
  return { floats, write, run, gradient: (position: number) => device.read(buffers[`d${position}`]) };
}

/** Compares the derivatives of a scalar function with central differences, whose error here is about 1e-9. */
async function check(example: Case<OperationName>, scalar: (inputs: readonly Value[]) => Value) {
  const { floats, write, run, gradient } = await prepare(example, scalar);
  const step = 1e-5;
  for (const position of floats) {
    await run();
    const derivative = [...(await gradient(position))];
    const { elements } = example.inputs[position];
    const differences: number[] = [];
    for (const index of elements.keys()) {
      await write(position, elements.with(index, elements[index] + step));
      const above = await run();
      await write(position, elements.with(index, elements[index] - step));
      const below = await run();
      differences.push((above - below) / (2 * step));
    }
    await write(position, elements);
    derivative.forEach((actual, index) => {
      const expected = differences[index];
      const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
      expect(error, `input ${position}, element ${index}: ${actual}, but the difference is ${expected}`).toBeLessThan(
        1e-7,
      );
    });
  }
}

function forward(name: OperationName, example: Case<OperationName>, inputs: readonly Value[]): readonly Value[] {
  const row = OPERATION_TABLE[name] as { forward(inputs: readonly Value[], attributes: object): readonly Value[] };
  return row.forward(inputs, example.attributes);
}

describe.each(OPERATION_NAMES)("the derivative of %s", (name) => {
  const cases: readonly Case<OperationName>[] = CASES[name];
  if (cases.length === 0) {
    it("does not exist: its outputs are no floats, or it has no inputs that are", () => {
      const gradient = OPERATION_TABLE[name].gradient as (context: object) => readonly unknown[];
      const dummy = full([2], 1);
      const context = {
        attributes: {},
        inputs: [dummy, dummy, dummy],
        outputs: [dummy],
        cotangents: [dummy],
        needed: [],
      };
      expect(gradient(context).every((cotangent) => cotangent === null)).toBe(true);
    });
    return;
  }
  it("equals central differences in float64", async () => {
    for (const example of cases) await check(example, (inputs) => mixed(forward(name, example, inputs)));
  });
  it("has a derivative that equals central differences too", async () => {
    for (const example of cases) {
      await check(example, (inputs) => {
        const first = mixed(forward(name, example, inputs));
        const floats = inputs.filter(isDifferentiable);
        // A linear part keeps the scalar dependent on every input where the second derivative is zero.
        const linear = mixed(floats.map((input) => reshape(input, input.shape)));
        return add(mixed(gradientsOf(first, floats, null)), linear);
      });
    }
  });
});
