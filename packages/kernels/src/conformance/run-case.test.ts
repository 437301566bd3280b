import { GraphBuilder } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Device, TensorData } from "../device.ts";
import { evaluateGraph } from "../reference/interpreter.ts";
import { openReference } from "../reference/open.ts";
import { type ConformanceCase, graphCase, operationCase, type Tolerance } from "./conformance-case.ts";
import { composedGroups, operationGroups } from "./groups.ts";
import { magnitudeGraph } from "./magnitudes.ts";
import { given } from "./random.ts";
import { failuresOf } from "./run-case.ts";

/** The reference, but what is read of a buffer passes through `spoil`, which gets the elements and the buffer's dtype. */
async function openSpoiled(spoil: (data: TensorData, dtype: string) => void): Promise<Device> {
  const device = await openReference("float32");
  return {
    backend: device.backend,
    arithmeticClass: device.arithmeticClass,
    allocate: (dtype, length) => device.allocate(dtype, length),
    write: (buffer, data, offset) => device.write(buffer, data, offset),
    read: async (buffer, offset, length) => {
      const data = await device.read(buffer, offset, length);
      spoil(data, buffer.dtype);
      return data;
    },
    readAll: (buffers) => device.readAll(buffers),
    compile: (program) => device.compile(program),
    dispose: () => device.dispose(),
  };
}

/** y = a b over whole numbers, 2 x 3 by 3 x 1: 14 and 32, whose sums of |a b| are 14 and 32 too. */
function product(tolerance: Tolerance): ConformanceCase {
  const a = given("float32", [2, 3], [1, 2, 3, 4, 5, 6]);
  const b = given("float32", [3, 1], [1, 2, 3]);
  return operationCase("matmul", { transposeA: false, transposeB: false }, [a, b], tolerance);
}

describe("the comparison of a backend with the reference", () => {
  it.each([
    ["contraction", 1e-5, true],
    ["contraction", 5e-5, false],
    ["elementwise", 2e-4, true],
    ["elementwise", 5e-4, false],
    ["exact", 5e-6, false],
    ["norm", 2e-4, true],
    ["norm", 5e-4, false],
  ] as const)("%s: an error of %d in 32 passes: %s", async (tolerance, error, passes) => {
    const device = await openSpoiled((data) => {
      if (data.length === 2) data[1] += error;
    });
    expect((await failuresOf(device, product(tolerance))).length === 0).toBe(passes);
  });

  it("a single wrong integer, byte or bit of a half float is seen", async () => {
    for (const dtype of ["int32", "uint32", "uint8", "bool", "float16"] as const) {
      const device = await openSpoiled((data) => {
        data[1] ^= 1;
      });
      const testCase = operationCase("reshape", { shape: [3] }, [given(dtype, [3, 1], [1, 0, 1])], "exact");
      expect(await failuresOf(device, testCase)).not.toEqual([]);
    }
  });

  it("a NaN or an infinity instead of a number is seen, and a number instead of a NaN", async () => {
    const inputs = [given("float32", [2], [1, Number.NaN])];
    const testCase = graphCase({ name: "copy", inputs, tolerance: "composed" }, (builder, [x]) => [
      builder.add("neg", {}, [x]),
    ]);
    for (const [place, wrong] of [
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      [1, 0],
    ]) {
      const device = await openSpoiled((data) => {
        data[place] = wrong;
      });
      expect(await failuresOf(device, testCase)).not.toEqual([]);
    }
  });

  it("an error thrown by the device is a failure in words", async () => {
    const device = await openReference("float32");
    device.compile = () => Promise.reject(new Error("Not today"));
    expect(await failuresOf(device, product("exact"))).toEqual(["Error: Not today"]);
  });

  it("every case with outputs of elements is failed by a device that reads only zeros and ones", async () => {
    const device = await openSpoiled((data) => {
      data.forEach((element, i) => {
        data[i] = element === 0 ? 1 : 0;
      });
    });
    for (const group of [...operationGroups(), ...composedGroups()]) {
      const [testCase] = group.cases.filter(({ program }) => program.outputs.some(({ shape }) => !shape.includes(0)));
      expect(await failuresOf(device, testCase), testCase.name).not.toEqual([]);
    }
  });
});

describe("magnitudes", () => {
  it("are the sums of absolute values, through every operation", () => {
    const builder = new GraphBuilder();
    const x = builder.input({ dtype: "float32", shape: [2] });
    const y = builder.input({ dtype: "float32", shape: [2] });
    const difference = builder.add("sub", {}, [x, builder.add("neg", {}, [y])]);
    const squared = builder.add("mul", {}, [difference, x]);
    const graph = builder.build([difference, builder.add("sum", { axes: [0] }, [squared])]);
    const inputs = [
      { dtype: "float32", shape: [2], data: new Float64Array([1, -2]) },
      { dtype: "float32", shape: [2], data: new Float64Array([-3, 4]) },
    ] as const;
    const [ofDifference, ofSum] = evaluateGraph(magnitudeGraph(graph), inputs, "float64");
    // |1| + |-3| and |-2| + |4|; then 4 * 1 + 6 * 2.
    expect([...ofDifference.data]).toEqual([4, 6]);
    expect([...ofSum.data]).toEqual([16]);
  });
});
