import { createProgram, GraphBuilder, type Program } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { open } from "../open.ts";
import { callKernels } from "./alike-kernels.ts";
import { LEAST_FEATURES } from "./testing/least-features.ts";
import { planProgram } from "./webgpu-program.ts";

const LAYERS = 12;
const LENGTH = 300;

/** The sums of the rows of a matrix, as a kernel for each row: layers of one shape. */
function rowSums(): Program {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [LAYERS, LENGTH] });
  const sums = Array.from({ length: LAYERS }, (_, row) => {
    const slice = builder.add("slice", { starts: [row, 0], ends: [row + 1, LENGTH], strides: [1, 1] }, [x]);
    return builder.add("sum", { axes: [1] }, [slice]);
  });
  const graph = builder.build([builder.add("concat", { axis: 0 }, sums)]);
  return createProgram({ name: "rows", graph, inputs: ["x"], outputs: [{ name: "y", replaces: null }] });
}

describe("kernels of a dispatch that differ in their places only", () => {
  it("are one function, called once", () => {
    const { dispatches } = planProgram(rowSums(), LEAST_FEATURES);
    expect(dispatches).toHaveLength(1);
    const [{ text, workgroups }] = dispatches;
    // Four sums are one kernel: so many share one reading.
    expect(workgroups).toBe(LAYERS / 4);
    expect(text.match(/fn kernel\d+/g)).toEqual(["fn kernel0"]);
    expect(text.match(/\bkernel0\(/g)).toHaveLength(2);
  });

  it("are told apart by their numbers: each has its workgroups and its bases, whatever stands between them", () => {
    const kernel = (name: string, workgroups: number, bases: number[]) => ({ name, workgroups, bases, work: 1 });
    const calls = callKernels(
      [kernel("a", 3, [1, 2, 3, 4]), kernel("b", 5, [9, 9, 9, 9]), kernel("a", 3, [5, 6, 7, 8]), kernel("c", 0, [])],
      [0, 0, 0, 0],
    );
    expect(calls.workgroups).toBe(11);
    expect(calls.bases).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9]);
    // Workgroups 0 ... 2 and 3 ... 5 are those of a, whose bases are vectors 1 and 2; the others are b's.
    expect(calls.text).toBe(
      "if (number < 6u) {\nlet own = number - 0u;\na(own % 3u, lid, 1u + own / 3u * 1u);\n} else " +
        "if (number < 11u) {\nlet own = number - 6u;\nb(own, lid, 3u);\n}",
    );
  });

  it("are called apart where they have different numbers of workgroups", () => {
    const bases = [1, 2, 3, 4];
    const { text } = callKernels(
      [4, 2].map((workgroups) => ({ name: "a", workgroups, bases, work: 1 })),
      [],
    );
    expect(text.match(/a\(own, lid/g)).toHaveLength(2);
  });

  // vitest.config.ts says so when there is no GPU in software.
  it.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("compute each its own", async () => {
    const device = await open("webgpu", { allowSoftware: true });
    const [x, y] = [device.allocate("float32", LAYERS * LENGTH), device.allocate("float32", LAYERS)];
    // Row r is r + 1 everywhere.
    await device.write(
      x,
      Float32Array.from({ length: LAYERS * LENGTH }, (_, i) => Math.floor(i / LENGTH) + 1),
    );
    await (await device.compile(rowSums())).run({ x, y });
    const expected = [300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3300, 3600];
    expect([...(await device.read(y))]).toEqual(expected);
    device.dispose();
  });
});
