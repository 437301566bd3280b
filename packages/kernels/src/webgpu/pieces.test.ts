import { createProgram, GraphBuilder, type Program } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { PIECE_WORK } from "./dispatch-work.ts";
import { openWebGpu } from "./open.ts";

const SIZE = 1024;
/** 2^30 products, 16 of which are a unit of work: two of the smallest pieces. */
const PIECES = SIZE ** 3 / 16 / PIECE_WORK;

function square(): Program {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [SIZE, SIZE] });
  const graph = builder.build([builder.add("matmul", { transposeA: false, transposeB: false }, [x, x])]);
  return createProgram({ name: "square", graph, inputs: ["x"], outputs: [{ name: "y", replaces: null }] });
}

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("a dispatch in pieces", () => {
  it("computes the same bits as at once, for a GPU that has proved slow", async () => {
    const device = await openWebGpu({ allowSoftware: true });
    const [x, y] = [device.allocate("float32", SIZE ** 2), device.allocate("float32", SIZE ** 2)];
    await device.write(
      x,
      Float32Array.from({ length: SIZE ** 2 }, (_, index) => Math.sin(index)),
    );
    const executable = await device.compile(square());
    await executable.run({ x, y });
    const whole = await device.read(y);
    const once = device.counters.dispatches;
    // So slow that only the smallest pieces are done in time.
    device.queue.pace.note(2 * PIECE_WORK, 1e9);
    await device.write(y, new Float32Array(SIZE ** 2));
    await executable.run({ x, y });
    expect(device.counters.dispatches - once).toBe(once - 1 + PIECES);
    expect(Buffer.compare(Buffer.from((await device.read(y)).buffer), Buffer.from(whole.buffer))).toBe(0);
    device.dispose();
    await device.disposed;
  });
});
