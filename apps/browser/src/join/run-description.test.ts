import { describe, expect, it } from "vitest";
import { parseRuns } from "./run-description.ts";

const RUN = { run: "digits-1", name: "digits", parameters: 10, step: 3, workers: 2 };

describe("what a coordinator says of its run", () => {
  it("is read field by field", () => {
    const data = { bytes: 394_000, fields: [{ name: "inputs", dtype: "uint8", shape: [1, 28, 28] }] };
    expect(parseRuns([{ ...RUN, data }])).toEqual({ ...RUN, dataBytes: 394_000, fields: data.fields });
  });

  it("may leave out what is nice to know", () => {
    expect(parseRuns([{ run: "r" }])).toEqual({
      run: "r",
      name: "r",
      parameters: 0,
      step: 0,
      workers: 0,
      fields: [],
      dataBytes: null,
    });
  });

  it.each([[null], [[]], [[{}]], [["run"]], [[{ run: 7 }]], [{ run: "r" }]])("%j is none", (answer) => {
    expect(parseRuns(answer)).toBeNull();
  });

  it("believes nothing that is no count, and no field that is none", () => {
    const data = { bytes: "many", fields: [{ name: "x", dtype: "uint8", shape: ["<b>"] }, 7] };
    expect(parseRuns([{ ...RUN, parameters: -1, step: Number.NaN, data }])).toMatchObject({
      parameters: 0,
      step: 0,
      dataBytes: null,
      fields: [],
    });
  });
});
