import { createProgram, GraphBuilder } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { open } from "../open.ts";

function sumProgram() {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [3] });
  return createProgram({
    name: "sum",
    graph: builder.build([builder.add("sum", { axes: [0] }, [x])]),
    inputs: ["x"],
    outputs: [{ name: "y" }],
  });
}

describe("the reference device", () => {
  it("in float64 holds float32 tensors as Float64Array, and takes both kinds of array", async () => {
    const device = await open("reference", { precision: "float64" });
    const x = device.allocate("float32", 3);
    await device.write(x, new Float32Array([1, 2, 3]));
    await device.write(x, new Float64Array([0.1]), 1);
    const y = device.allocate("float32", 1);
    await (await device.compile(sumProgram())).run({ x, y });
    expect(await device.read(x)).toEqual(new Float64Array([1, 0.1, 3]));
    expect(await device.read(y)).toEqual(new Float64Array([4.1]));
    expect(device.arithmeticClass).toBe("reference-float64");
  });

  it("in float32 rounds every result", async () => {
    const device = await open("reference");
    const x = device.allocate("float32", 3);
    await device.write(x, new Float32Array([1, 0.1, 3]));
    const y = device.allocate("float32", 1);
    await (await device.compile(sumProgram())).run({ x, y });
    expect(await device.read(y)).toEqual(new Float32Array([4.1]));
    expect(device.arithmeticClass).toBe("reference-float32");
  });

  it("in float32 refuses a Float64Array", async () => {
    const device = await open("reference");
    await expect(device.write(device.allocate("float32", 1), new Float64Array(1))).rejects.toMatchObject({
      code: "DATA_MISMATCH",
    });
  });

  it("expands composites, whose numbers are PyTorch's", async () => {
    const builder = new GraphBuilder();
    const logits = builder.input({ dtype: "float32", shape: [2, 3] });
    const targets = builder.input({ dtype: "int32", shape: [2] });
    const losses = builder.add("softmaxCrossEntropy", {}, [logits, targets]);
    const program = createProgram({
      name: "losses",
      graph: builder.build([losses, builder.add("softmax", {}, [logits])]),
      inputs: ["logits", "targets"],
      outputs: [{ name: "losses" }, { name: "softmax" }],
    });
    const device = await open("reference", { precision: "float64" });
    const bindings = {
      logits: device.allocate("float32", 6),
      targets: device.allocate("int32", 2),
      losses: device.allocate("float32", 2),
      softmax: device.allocate("float32", 6),
    };
    await device.write(bindings.logits, new Float64Array([1, 2, 3, 0, -1, 100]));
    await device.write(bindings.targets, new Int32Array([2, 0]));
    await (await device.compile(program)).run(bindings);
    // torch.nn.functional.cross_entropy(..., reduction="none") and torch.softmax, in float64.
    expect((await device.read(bindings.losses))[0]).toBeCloseTo(0.4076059644443804, 14);
    expect((await device.read(bindings.losses))[1]).toBeCloseTo(100, 14);
    expect([...(await device.read(bindings.softmax, 0, 3))]).toEqual([
      expect.closeTo(0.09003057317038045, 15),
      expect.closeTo(0.2447284710547976, 15),
      expect.closeTo(0.6652409557748218, 15),
    ]);
  });
});

describe("open", () => {
  it("says that webgpu is not there yet", async () => {
    await expect(open("webgpu")).rejects.toMatchObject({ name: "KernelError", code: "BACKEND_UNAVAILABLE" });
  });

  it("refuses float64 on other backends than the reference", async () => {
    await expect(open("auto", { precision: "float64" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});
