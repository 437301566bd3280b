import { createProgram, GraphBuilder, type UnaryName } from "@tributary/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../device.ts";
import { erf } from "../../reference/erf.ts";
import { openWasm } from "../open.ts";

/** Float64 functions of JavaScript (erf: of the reference), which are right to an ulp or two of float64. */
const TRUTH: Readonly<Record<string, (x: number) => number>> = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  erf,
  sin: Math.sin,
  cos: Math.cos,
};

/** Every 2^stride-th of all float32 numbers, of both signs, infinities and NaN among them. */
function sweep(stride: number): Float32Array {
  const count = 2 ** (32 - stride);
  const bits = Uint32Array.from({ length: count }, (_, index) => index * 2 ** stride);
  return new Float32Array(bits.buffer);
}

/** Numbers around 0 and a few thousand, where the interesting things happen. */
function around(): Float32Array {
  return Float32Array.from({ length: 100_000 }, (_, index) => (index - 50_000) / 997);
}

function unaryProgram(operation: UnaryName, length: number) {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [length] });
  const graph = builder.build([builder.add(operation, {}, [x])]);
  return createProgram({ name: operation, graph, inputs: ["x"], outputs: [{ name: "y" }] });
}

describe("functions of one argument", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openWasm();
  });
  afterAll(() => device.dispose());

  async function evaluate(operation: UnaryName, values: Float32Array): Promise<Float32Array> {
    const executable = await device.compile(unaryProgram(operation, values.length));
    const x = device.allocate("float32", values.length);
    const y = device.allocate("float32", values.length);
    await device.write(x, values);
    await executable.run({ x, y });
    const result = await device.read(y);
    for (const owned of [x, y, executable]) owned.dispose();
    if (!(result instanceof Float32Array)) throw new Error("A float32 buffer was read as something else");
    return result;
  }

  it.each(["exp", "log", "tanh", "erf", "sin", "cos"] as const)(
    "%s is within 1e-6 + 1e-5 |reference| of the float64 function over all of float32",
    async (operation) => {
      const reference = TRUTH[operation];
      if (reference === undefined) throw new Error(`No reference for ${operation}`);
      for (const values of [sweep(14), around()]) {
        const found = await evaluate(operation, values);
        const wrong: string[] = [];
        for (const [index, x] of values.entries()) {
          const exact = reference(x);
          const rounded = Math.fround(exact);
          const same =
            Object.is(found[index], rounded) || Math.abs((found[index] ?? 0) - exact) <= 1e-6 + 1e-5 * Math.abs(exact);
          if (!same) wrong.push(`${operation}(${x}) = ${found[index]}, not ${rounded}`);
        }
        expect(wrong.slice(0, 10)).toEqual([]);
      }
    },
  );

  it("exp, log, tanh and erf keep most of float32's precision where results are not small", async () => {
    for (const operation of ["exp", "log", "tanh", "erf"] as const) {
      const values = around().map((x) => (operation === "log" ? Math.abs(x) + 1e-3 : x));
      const found = await evaluate(operation, values);
      let worst = 0;
      for (const [index, x] of values.entries()) {
        const exact = TRUTH[operation]?.(x) ?? 0;
        if (Math.abs(exact) < 1e-30 || Math.abs(exact) > 3e38) continue;
        worst = Math.max(worst, Math.abs((found[index] ?? 0) / exact - 1));
      }
      // 2^-24 = 6e-8 is half a unit in the last place.
      expect(worst).toBeLessThan(operation === "log" ? 2e-6 : 5e-7);
    }
  });

  it("tanh and erf are exactly 1 and -1 where nothing nearer is left, so that their derivatives vanish", async () => {
    for (const operation of ["tanh", "erf"] as const) {
      const found = await evaluate(operation, Float32Array.of(9.1, 25, 1e30, Infinity, -9.1, -25, -1e30, -Infinity));
      expect([...found]).toEqual([1, 1, 1, 1, -1, -1, -1, -1]);
    }
  });
});

describe("sums", () => {
  it("of 100,000 equal numbers are within 1e-6 of the sum of their magnitudes, along and across memory", async () => {
    const device = await openWasm();
    for (const shape of [
      [100_000, 1],
      [100_000, 3],
      [3, 100_000],
    ] as const) {
      const axis = shape[0] > shape[1] ? 0 : 1;
      const builder = new GraphBuilder();
      const x = builder.input({ dtype: "float32", shape });
      const graph = builder.build([builder.add("sum", { axes: [axis] }, [x])]);
      const executable = await device.compile(
        createProgram({ name: "sum", graph, inputs: ["x"], outputs: [{ name: "y" }] }),
      );
      const length = shape[0] * shape[1];
      const bound = { x: device.allocate("float32", length), y: device.allocate("float32", length / 100_000) };
      await device.write(bound.x, new Float32Array(length).fill(0.1));
      await executable.run(bound);
      // 0.1 is 0.100000001490116... in float32.
      for (const total of await device.read(bound.y)) expect(Math.abs(total - 10000.0001490116)).toBeLessThan(0.01);
    }
    device.dispose();
  });
});
