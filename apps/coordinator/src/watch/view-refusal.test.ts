import { describe, expect, it } from "vitest";
import type { InspectionSetup } from "../compute/compute-message.ts";
import { type ViewRequest, viewRefusal } from "./view-refusal.ts";

/** Three classes, five test samples, and inputs of 2 x 4 bytes. */
const SETUP: InspectionSetup = {
  predict: new Uint8Array(0),
  activations: new Uint8Array(0),
  fields: [{ name: "inputs", dtype: "float32", shape: [2] }],
  shards: [],
  samples: 5,
  classes: 3,
  activationBytesMax: 1_024,
};

const bytes = (count: number) => Buffer.from(new Uint8Array(count)).toString("base64");
const codeOf = (request: ViewRequest, change: Partial<InspectionSetup> = {}) =>
  viewRefusal(request, { ...SETUP, ...change })?.code ?? null;

describe("a wish to look inside the model", () => {
  it.each([
    ["the first sample", 0, null],
    ["the last sample", 4, null],
    ["the one behind the last", 5, "BAD_INPUT"],
  ])("[W5] %s, by whatever request: %s is answered with %s", (_, index, expected) => {
    const source = { sample: index };
    expect(codeOf({ type: "sample", request: 1, index })).toBe(expected);
    expect(codeOf({ type: "activations", request: 1, source })).toBe(expected);
    expect(codeOf({ type: "follow", request: 1, source })).toBe(expected);
  });

  it("[W5] no sample is offered where the run has no test data", () => {
    expect(codeOf({ type: "sample", request: 1, index: 0 }, { samples: 0 })).toBe("NOT_OFFERED");
    expect(codeOf({ type: "follow", request: 1, source: { sample: 0 } }, { samples: 0 })).toBe("NOT_OFFERED");
  });

  it("[W5] nobody is refused who follows nothing any more", () => {
    expect(codeOf({ type: "follow", request: 1, source: null }, { samples: 0 })).toBe(null);
  });

  it.each([
    [7, "BAD_INPUT"],
    [8, null],
    [9, "BAD_INPUT"],
    [0, "BAD_INPUT"],
  ])("[W5] inputs of %i bytes, where a sample has 8: %s", (count, expected) => {
    const inputs = bytes(count);
    expect(codeOf({ type: "predict", request: 1, inputs })).toBe(expected);
    expect(codeOf({ type: "activations", request: 1, source: { inputs } })).toBe(expected);
  });

  it.each([
    [0, 0, null],
    [2, 2, null],
    [3, 0, "BAD_INPUT"],
    [0, 3, "BAD_INPUT"],
  ])("[W5] samples of class %i taken for class %i of three: %s", (label, predicted, expected) => {
    expect(codeOf({ type: "samples", request: 1, label, predicted })).toBe(expected);
  });

  it.each([
    ["is no classifier", { classes: null }],
    ["has no test data", { samples: 0 }],
  ])("[W5] samples of a class are not offered where the run %s", (_, change) => {
    expect(codeOf({ type: "samples", request: 1, label: 0, predicted: 0 }, change)).toBe("NOT_OFFERED");
  });
});
