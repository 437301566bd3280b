import { createLayout } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { modelFromSafetensors, modelToSafetensors } from "./model-tensors.ts";
import type { SafetensorsEntry, SafetensorsFile } from "./safetensors.ts";

/** weight [1, 2] at float 0, bias [1] at float 4, and a buffer of 3. */
const layout = createLayout({
  parameters: [
    { name: "weight", shape: [1, 2], trainable: true },
    { name: "bias", shape: [1], trainable: true },
  ],
  buffers: [{ name: "mean", shape: [3] }],
});
const model = { parameters: Float32Array.of(1, 2, 0, 0, 3, 0, 0, 0), buffers: Float32Array.of(4, 5, 6, 0) };

const fileOf = (entries: Record<string, SafetensorsEntry>): SafetensorsFile => ({
  tensors: new Map(Object.entries(entries)),
  metadata: new Map(),
});
const entry = (dtype: SafetensorsEntry["dtype"], shape: number[], bytes: Iterable<number>): SafetensorsEntry => ({
  dtype,
  shape,
  bytes: Uint8Array.from(bytes),
});

describe("modelToSafetensors", () => {
  it("gives every tensor its own name, shape and bytes, without the layout's padding", () => {
    const { tensors } = modelToSafetensors(layout, model, { step: "3" });
    const floats = (name: string) => [
      ...new Float32Array(tensors.get(name)?.bytes.slice().buffer ?? new ArrayBuffer(0)),
    ];
    expect([...tensors.keys()]).toEqual(["weight", "bias", "mean"]);
    expect([floats("weight"), floats("bias"), floats("mean")]).toEqual([[1, 2], [3], [4, 5, 6]]);
  });

  it("is taken back by modelFromSafetensors", () => {
    expect(modelFromSafetensors(layout, modelToSafetensors(layout, model, {}))).toEqual(model);
  });
});

describe("modelFromSafetensors", () => {
  const others = { bias: entry("F32", [1], [0, 0, 64, 64]), mean: entry("F32", [3], new Uint8Array(12)) };

  it.each<[SafetensorsEntry["dtype"], number[]]>([
    // 1.5 and -2 in each form.
    ["F32", [0, 0, 192, 63, 0, 0, 0, 192]],
    ["F64", [0, 0, 0, 0, 0, 0, 248, 63, 0, 0, 0, 0, 0, 0, 0, 192]],
    ["F16", [0, 62, 0, 192]],
    ["BF16", [192, 63, 0, 192]],
  ])("converts %s", (dtype, bytes) => {
    const { parameters } = modelFromSafetensors(layout, fileOf({ ...others, weight: entry(dtype, [1, 2], bytes) }));
    expect([...parameters]).toEqual([1.5, -2, 0, 0, 3, 0, 0, 0]);
  });

  it("leaves out the step counter of PyTorch's batch normalisation, and no other tensor", () => {
    const normalised = createLayout({ parameters: [], buffers: [{ name: "1.running_mean", shape: [1] }] });
    const mean = entry("F32", [1], [0, 0, 128, 63]);
    const counter = entry("I64", [], [3, 0, 0, 0, 0, 0, 0, 0]);
    const file = fileOf({ "1.running_mean": mean, "1.num_batches_tracked": counter });
    expect(modelFromSafetensors(normalised, file).buffers[0]).toBe(1);
    const other = fileOf({ "1.running_mean": mean, "2.num_batches_tracked": counter });
    expect(() => modelFromSafetensors(normalised, other)).toThrow(/has 2.num_batches_tracked, which the model lacks/);
  });

  it("names what is missing and what is too much", () => {
    const file = fileOf({ bias: others.bias, extra: others.bias });
    expect(() => modelFromSafetensors(layout, file)).toThrow(/lacks weight, mean and has extra, which the model lacks/);
  });

  it("shows both shapes, and a dtype that it does not convert", () => {
    const wrongShape = fileOf({ ...others, weight: entry("F32", [2, 1], new Uint8Array(8)) });
    expect(() => modelFromSafetensors(layout, wrongShape)).toThrow(
      /weight is \[2,1\] in the file, but \[1,2\] in the model/,
    );
    const wrongDType = fileOf({ ...others, weight: entry("I32", [1, 2], new Uint8Array(8)) });
    expect(() => modelFromSafetensors(layout, wrongDType)).toThrow(/weight is I32/);
  });
});
