import { type BinaryName, createProgram, type DType, GraphBuilder, type UnaryName } from "@tributary/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device, TensorData } from "../../device.ts";
import { open } from "../../open.ts";
import { erf } from "../../reference/erf.ts";
import { powerTable } from "./power.ts";
import { twoOverPi } from "./trigonometric.ts";

/** Float64 functions of JavaScript (erf: of the reference), which are right to an ulp or two of float64. */
const TRUTH = { exp: Math.exp, log: Math.log, tanh: Math.tanh, erf, sin: Math.sin, cos: Math.cos } as const;
const FUNCTIONS = ["exp", "log", "tanh", "erf", "sin", "cos"] as const;

/** The distance of 1 from the float32 above it. */
const ULP = 2 ** -23;

/** Every 2^stride-th of all float32 numbers, of both signs, infinities and NaN among them. */
function sweep(stride: number): Float32Array {
  const count = 2 ** (32 - stride);
  return new Float32Array(Uint32Array.from({ length: count }, (_, index) => index * 2 ** stride).buffer);
}

/** Numbers around 0 and a few dozen, where the interesting things happen. */
function around(): Float32Array {
  return Float32Array.from({ length: 100_000 }, (_, index) => (index - 50_000) / 997);
}

async function evaluate(
  device: Device,
  operation: UnaryName | BinaryName | "cast",
  inputs: readonly TensorData[],
  dtypes: readonly DType[],
  dtype: DType,
): Promise<TensorData> {
  const builder = new GraphBuilder();
  const shape = [inputs[0]?.length ?? 0];
  const ids = dtypes.map((own) => builder.input({ dtype: own, shape }));
  const graph = builder.build([builder.add(operation, operation === "cast" ? { dtype } : {}, ids)]);
  const names = ids.map((id) => `x${id}`);
  const executable = await device.compile(
    createProgram({ name: operation, graph, inputs: names, outputs: [{ name: "y" }] }),
  );
  const buffers = dtypes.map((own, index) => device.allocate(own, inputs[index]?.length ?? 0));
  const y = device.allocate(dtype, shape[0] ?? 0);
  for (const [index, buffer] of buffers.entries()) {
    const data = inputs[index];
    if (data !== undefined) await device.write(buffer, data);
  }
  await executable.run({ y, ...Object.fromEntries(buffers.map((buffer, index) => [names[index] ?? "", buffer])) });
  const result = await device.read(y);
  for (const owned of [...buffers, y, executable]) owned.dispose();
  return result;
}

describe("tables", () => {
  it("2 / pi in words of 32 bits is 0.a2f9836e 4e441529 fc2757d1 ... in base 16", () => {
    // Source: the digits that every libm carries (FDLIBM, e_rem_pio2.c, two_over_pi, 24 bits a word).
    const digits = [0xa2f983, 0x6e4e44, 0x1529fc, 0x2757d1, 0xf534dd, 0xc0db62, 0x95993c, 0x439041, 0xfe5163];
    const text = digits.map((word) => word.toString(16).padStart(6, "0")).join("");
    const words = [0, 8, 16, 24, 32, 40].map((start) => Number.parseInt(text.slice(start, start + 8), 16));
    expect(twoOverPi().slice(0, 7)).toEqual([0, ...words]);
  });

  it("the logarithms of a power's table begin at 0, end at 1 and lose nothing near either", () => {
    const table = powerTable();
    expect(table).toHaveLength(32);
    expect(table[0]).toEqual({ factor: 256, head: 0, tail: 0 });
    expect(table[31]).toEqual({ factor: 128, head: 1, tail: 0 });
    // Mantissas from 1.5 to 1.53125: 256 / 1.515625 = 168.9, and log2(256 / 169) = 8 - 2 log2(13) = 8 - 2 * 3.70043972.
    expect(table[16]?.factor).toBe(169);
    expect(table[16]?.head).toBe(2454 / 4096);
    expect((table[16]?.head ?? 0) + (table[16]?.tail ?? 0)).toBeCloseTo(0.59912056, 7);
  });
});

describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("scalar functions on a GPU", () => {
  let device: Device;
  beforeAll(async () => {
    device = await open("webgpu", { allowSoftware: true });
  });
  afterAll(() => device.dispose());

  it.each(FUNCTIONS)(
    "%s is within 1e-6 + 1e-5 |reference| of the float64 function over all of float32",
    async (name) => {
      for (const values of [sweep(14), around()]) {
        const found = await evaluate(device, name, [values], ["float32"], "float32");
        const wrong: string[] = [];
        for (const [index, x] of values.entries()) {
          const exact = TRUTH[name](x);
          const rounded = Math.fround(exact);
          const value = found[index] ?? Number.NaN;
          const same = Object.is(value, rounded) || Math.abs(value - exact) <= 1e-6 + 1e-5 * Math.abs(exact);
          if (!same) wrong.push(`${name}(${x}) = ${value}, not ${rounded}`);
        }
        expect(wrong.slice(0, 10)).toEqual([]);
      }
    },
  );

  it.each([
    ["exp", 1],
    ["log", 1],
    ["tanh", 4],
    ["erf", 4],
  ] as const)("%s is within %i units in the last place where results are not small", async (name, units) => {
    const values = around().map((x) => (name === "log" ? Math.abs(x) + 1e-3 : x));
    const found = await evaluate(device, name, [values], ["float32"], "float32");
    let worst = 0;
    for (const [index, x] of values.entries()) {
      const exact = TRUTH[name](x);
      if (Math.abs(exact) < 1e-30 || Math.abs(exact) > 3e38) continue;
      worst = Math.max(worst, Math.abs((found[index] ?? 0) / exact - 1));
    }
    expect(worst).toBeLessThan(units * ULP);
  });

  it("tanh and erf are exactly 1 and -1 where nothing nearer is left, so that their derivatives vanish", async () => {
    for (const name of ["tanh", "erf"] as const) {
      const ends = Float32Array.of(9.1, 25, 1e30, Infinity, -9.1, -25, -1e30, -Infinity);
      expect([...(await evaluate(device, name, [ends], ["float32"], "float32"))]).toEqual([1, 1, 1, 1, -1, -1, -1, -1]);
    }
  });

  it("powers keep their precision for large exponents and bases next to 1", async () => {
    const bases = [0.99999994, 1.0000001, 0.999, 0.9, 2, 10, 1e-30, 1e30, 1.5, 0.01];
    const exponents = [16777215, 5e6, 10000, 100, 126.5, -37.5, 1.2, -1.2, 200, 19];
    const pairs = bases.flatMap((base) => exponents.map((exponent) => [base, exponent] as const));
    const x = Float32Array.from(pairs, ([base]) => base);
    const y = Float32Array.from(pairs, ([, exponent]) => exponent);
    const found = await evaluate(device, "pow", [x, y], ["float32", "float32"], "float32");
    for (const index of pairs.keys()) {
      const exact = (x[index] ?? 0) ** (y[index] ?? 0);
      const value = found[index] ?? 0;
      if (exact < 2 ** -126) expect(value).toBe(0);
      else if (Math.fround(exact) === Infinity) expect(value).toBe(Infinity);
      else expect(Math.abs(value / exact - 1)).toBeLessThan(3 * ULP);
    }
  });

  it("float32 becomes float16 by rounding to nearest even, and comes back", async () => {
    // 65519 rounds down to the largest float16, 65520 is half way to 2^16; 2^-25 is half of the smallest and 3 * 2^-26 above half.
    const given = Float32Array.of(
      1,
      -2,
      2049,
      2051,
      65519,
      65520,
      2 ** -25,
      3 * 2 ** -26,
      2 ** -14 - 2 ** -25,
      NaN,
      -0,
    );
    const bits = await evaluate(device, "cast", [given], ["float32"], "float16");
    expect([...bits]).toEqual([0x3c00, 0xc000, 0x6800, 0x6802, 0x7bff, 0x7c00, 0x0000, 0x0001, 0x0400, 0x7e00, 0x8000]);
    const back = await evaluate(device, "cast", [Uint16Array.from(bits)], ["float16"], "float32");
    expect([...back]).toEqual([1, -2, 2048, 2052, 65504, Infinity, 0, 2 ** -24, 2 ** -14, NaN, -0]);
  });

  it("floats become integers by truncation and saturation, and NaN becomes 0", async () => {
    const given = Float32Array.of(-0.9, 2.9, -2.9, 3e9, -3e9, 5e9, NaN, Infinity, -Infinity, 300);
    const as = async (dtype: DType) => [...(await evaluate(device, "cast", [given], ["float32"], dtype))];
    const largest = 2 ** 31 - 1;
    expect(await as("int32")).toEqual([0, 2, -2, largest, -(2 ** 31), largest, 0, largest, -(2 ** 31), 300]);
    expect(await as("uint32")).toEqual([0, 2, 0, 3e9, 0, 2 ** 32 - 1, 0, 2 ** 32 - 1, 0, 300]);
    expect(await as("uint8")).toEqual([0, 2, 0, 255, 0, 255, 0, 255, 0, 255]);
    expect(await as("bool")).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("large uint32 become the nearest float32", async () => {
    // Above 2^31 float32 has every 256th number: 2773637503 is 127 above one, 2147483776 half way between two.
    const given = Uint32Array.of(2773637503, 2773637505, 2147483776, 2147484032, 4294967295);
    expect([...(await evaluate(device, "cast", [given], ["uint32"], "float32"))]).toEqual([
      2773637376, 2773637632, 2147483648, 2147484160, 4294967296,
    ]);
  });
});
