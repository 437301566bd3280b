import { createProgram, GraphBuilder, type Program } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import { open } from "../open.ts";
import { LEAST_FEATURES } from "./testing/least-features.ts";
import { planProgram } from "./webgpu-program.ts";

/** An odd number of turns, of which one workgroup has to do everything: some 3000 elements of work each, 27 million in all. */
const TURNS = 9001;
const WIDTH = 1024;

/** total <- (total + slice) less its largest element, from the last slice to the first: whole numbers, exact in any order. */
function walk(): Program {
  const inside = new GraphBuilder();
  const [total, slice] = [0, 1].map(() => inside.input({ dtype: "float32", shape: [WIDTH] }));
  const next = inside.add("add", {}, [total, slice]);
  const largest = inside.add("max", { axes: [0] }, [next]);
  const body = inside.build([inside.add("sub", {}, [next, inside.add("broadcast", { shape: [WIDTH] }, [largest])])]);
  const builder = new GraphBuilder();
  const inputs = [[WIDTH], [TURNS, WIDTH]].map((shape) => builder.input({ dtype: "float32", shape }));
  const last = builder.add("scan", { length: TURNS, carries: 1, sliced: 1, reverse: true, body }, inputs);
  const graph = builder.build([last]);
  return createProgram({ name: "walk", graph, inputs: ["x", "steps"], outputs: [{ name: "y", replaces: null }] });
}

async function walked(device: Device): Promise<number[]> {
  const [x, y] = [device.allocate("float32", WIDTH), device.allocate("float32", WIDTH)];
  const steps = device.allocate("float32", TURNS * WIDTH);
  // -3 ... 3 in an order without a pattern.
  await device.write(
    steps,
    Float32Array.from({ length: TURNS * WIDTH }, (_, index) => ((Math.imul(index, 0x9e3779b1) >>> 8) % 7) - 3),
  );
  await (await device.compile(walk())).run({ x, steps, y });
  const result = [...(await device.read(y))];
  device.dispose();
  return result;
}

describe("a recurrence that is too long for one dispatch", () => {
  it("is several, one behind the other", () => {
    const { dispatches } = planProgram(walk(), LEAST_FEATURES);
    const segments = dispatches.filter(({ text }) => text.includes("turn"));
    expect(segments.length).toBeGreaterThan(1);
    for (const { pieces } of segments) for (const { work } of pieces) expect(work).toBeLessThan(1.01 * 2 ** 24);
  });

  // vitest.config.ts says so when there is no GPU in software.
  it.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("ends as on wasm", async () => {
    const expected = await walked(await open("wasm"));
    expect(new Set(expected).size).toBeGreaterThan(10);
    expect(await walked(await open("webgpu", { allowSoftware: true }))).toEqual(expected);
  });
});
