import { crc32 } from "node:zlib";
import { createProgram, encodeProgram, GraphBuilder } from "@tributary/program";
import { decodeCoordinatorMessage, decodeFrame, float16Codec } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import type { ComputeSetup, EncodedParameters, StagedContribution } from "./compute-message.ts";
import { TensorStore } from "./tensor-store.ts";

const vector = (length: number) => ({ dtype: "float32", shape: [length] }) as const;

/** The first `count` floats of a vector. */
function head(builder: GraphBuilder, from: number, start: number, end: number): number {
  return builder.add("slice", { starts: [start], ends: [end], strides: [1] }, [from]);
}

/** parameters = [1, 1, 1, 1]. */
function initializeProgram() {
  const builder = new GraphBuilder();
  builder.input({ dtype: "uint32", shape: [2] });
  const ones = builder.add("constant", { dtype: "float32", shape: [4], values: [1] }, []);
  const state = builder.add("constant", { dtype: "float32", shape: [0], values: [] }, []);
  const buffers = builder.add("constant", { dtype: "float32", shape: [0], values: [] }, []);
  return createProgram({
    name: "initialize",
    graph: builder.build([ones, state, buffers]),
    inputs: ["seed"],
    outputs: [{ name: "parameters" }, { name: "state" }, { name: "buffers" }],
  });
}

/** measures = [sum of the squared gradient, count of its elements that differ from themselves or are infinite]. */
function measureProgram() {
  const builder = new GraphBuilder();
  const sums = builder.input(vector(7));
  const gradient = head(builder, sums, 0, 4);
  const squares = builder.add("mul", {}, [gradient, gradient]);
  const total = builder.add("sum", { axes: [0] }, [squares]);
  const zeros = builder.add("sub", {}, [gradient, gradient]);
  const notFinite = builder.add("compare", { comparator: "notEqual" }, [zeros, zeros]);
  const count = builder.add("sum", { axes: [0] }, [builder.add("cast", { dtype: "float32" }, [notFinite])]);
  const pair = [total, count].map((value) => builder.add("reshape", { shape: [1] }, [value]));
  return createProgram({
    name: "measure",
    graph: builder.build([builder.add("concat", { axis: 0 }, pair)]),
    inputs: ["sums"],
    outputs: [{ name: "measures" }],
  });
}

/** parameters - learning-rate factor * gradient / total weight. */
function updateProgram() {
  const builder = new GraphBuilder();
  const parameters = builder.input(vector(4));
  const sums = builder.input(vector(7));
  const scalars = builder.input(vector(5));
  const scalar = (index: number) =>
    builder.add("broadcast", { shape: [4] }, [head(builder, scalars, index, index + 1)]);
  const mean = builder.add("div", {}, [head(builder, sums, 0, 4), scalar(3)]);
  const change = builder.add("mul", {}, [mean, scalar(2)]);
  return createProgram({
    name: "update",
    graph: builder.build([builder.add("sub", {}, [parameters, change])]),
    inputs: ["parameters", "sums", "scalars"],
    outputs: [{ name: "parameters", replaces: "parameters" }],
  });
}

const SETUP: ComputeSetup = {
  backend: "reference",
  initialize: encodeProgram(initializeProgram()),
  measure: encodeProgram(measureProgram()),
  update: encodeProgram(updateProgram()),
  parameterLength: 4,
  trainableLength: 4,
  statisticsLength: 0,
  stateLength: 0,
  bufferLength: 0,
  sumsLength: 7,
  evaluationSumsLength: 3,
  seed: 1,
  parametersCodec: "float32",
  step: 0,
  tensors: null,
};

function bytesOf(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** A contribution of these gradients; loss, weight and samples behind them. */
function contribution(gradient: number[], loss: number, samples: number): StagedContribution {
  return { codec: "float32", bytes: bytesOf(...gradient), sums: bytesOf(loss, samples, samples) };
}

/** Parameters as a worker takes them out of the frames. */
function parametersOf({ frames }: EncodedParameters): { step: number; values: number[] } {
  const [first, chunk, ...more] = frames.map((frame) => decodeFrame(frame));
  if (first?.kind !== "message" || chunk?.kind !== "chunk" || more.length > 0)
    throw new Error("Not one message and one chunk");
  const message = decodeCoordinatorMessage(first.control);
  if (message.type !== "parameters") throw new Error(`Not parameters but ${message.type}`);
  expect(message.tensor).toMatchObject({
    elements: 4,
    byteLength: 16,
    crc32: crc32(chunk.bytes),
    transfer: chunk.transfer,
  });
  return { step: message.step, values: [...new Float32Array(chunk.bytes.slice().buffer)] };
}

describe("TensorStore", () => {
  it("encodes the first parameters once, as a message and its chunks", async () => {
    const store = await TensorStore.open(SETUP);
    expect(parametersOf(await store.encode(0))).toEqual({ step: 0, values: [1, 1, 1, 1] });
  });

  it("checks a contribution: checksum, norm, sample count, and whether every value is finite", async () => {
    const store = await TensorStore.open(SETUP);
    const good = contribution([3, 0, 4, 0], 2.5, 6);
    expect(store.check(good)).toEqual({ crc32: crc32(good.bytes), finite: true, norm: 5, samples: 6 });
    expect(store.check(contribution([3, Number.NaN, 4, 0], 2.5, 6)).finite).toBe(false);
    expect(store.check(contribution([3, Number.POSITIVE_INFINITY, 4, 0], 2.5, 6)).finite).toBe(false);
    expect(store.check(contribution([3, 0, 4, 0], Number.NaN, 6)).finite).toBe(false);
  });

  it("leaves statistics of layers out of the norm, but not out of what must be finite", async () => {
    const store = await TensorStore.open({ ...SETUP, statisticsLength: 2, sumsLength: 9 });
    expect(store.check(contribution([3, 0, 4, 0, 1e6, 7], 2.5, 6))).toMatchObject({ finite: true, norm: 5 });
    expect(store.check(contribution([3, 0, 4, 0, 1e6, Number.NaN], 2.5, 6))).toMatchObject({ finite: false, norm: 5 });
  });

  it("folds, divides by the total weight, updates, and clears the sum", async () => {
    const store = await TensorStore.open(SETUP);
    store.fold("gradient", [contribution([2, 4, 6, 8], 3, 2), contribution([6, 4, 2, 0], 5, 6)]);
    const result = await store.update(0, 0, 1);
    // The sum [8, 8, 8, 8] over 8 samples is 1 each; its norm is 2.
    expect(result).toMatchObject({ applied: true, gradientNorm: 2, sums: Float32Array.of(8, 8, 8) });
    expect(result.encoded === null ? null : parametersOf(result.encoded)).toEqual({ step: 1, values: [0, 0, 0, 0] });
    store.fold("gradient", [contribution([4, 0, 0, 0], 1, 4)]);
    const second = await store.update(1, 8, 0.5);
    expect(second.encoded === null ? null : parametersOf(second.encoded)).toEqual({ step: 2, values: [-0.5, 0, 0, 0] });
  });

  it("decodes other codecs before it adds", async () => {
    const store = await TensorStore.open(SETUP);
    const coded = new Uint8Array(float16Codec.encodedByteLength(4));
    float16Codec.encode(Float32Array.of(8, 0, -8, 4), coded);
    store.fold("gradient", [{ codec: "float16", bytes: coded, sums: bytesOf(1, 8, 8) }]);
    const { encoded } = await store.update(0, 0, 1);
    expect(encoded === null ? null : parametersOf(encoded).values).toEqual([0, 1, 2, 0.5]);
  });

  it("does not apply a sum that is not finite, as two finite contributions may give", async () => {
    const store = await TensorStore.open(SETUP);
    store.fold("gradient", [contribution([3e38, 0, 0, 0], 1, 1), contribution([3e38, 0, 0, 0], 1, 1)]);
    const result = await store.update(0, 0, 1);
    expect(result).toMatchObject({ applied: false, gradientNorm: Number.NaN, encoded: null });
    expect((await store.snapshot()).parameters).toEqual(Float32Array.of(1, 1, 1, 1));
  });

  it("adds evaluations apart from gradients, and clears them when they are read", async () => {
    const store = await TensorStore.open(SETUP);
    const none = { codec: "float32", bytes: new Uint8Array(0) };
    store.fold("evaluate", [
      { ...none, sums: bytesOf(1, 2, 2) },
      { ...none, sums: bytesOf(3, 4, 4) },
    ]);
    expect(store.evaluate()).toEqual(Float32Array.of(4, 6, 6));
    expect(store.evaluate()).toEqual(Float32Array.of(0, 0, 0));
  });

  it("restores what a checkpoint holds", async () => {
    const tensors = {
      parameters: Float32Array.of(4, 3, 2, 1),
      state: new Float32Array(0),
      buffers: new Float32Array(0),
    };
    const store = await TensorStore.open({ ...SETUP, step: 9, tensors });
    expect(parametersOf(await store.encode(9))).toEqual({ step: 9, values: [4, 3, 2, 1] });
    expect(await store.snapshot()).toEqual(tensors);
  });
});
