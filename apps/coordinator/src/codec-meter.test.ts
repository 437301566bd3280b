import { describe, expect, it } from "vitest";
import { CodecMeter } from "./codec-meter.ts";

describe("CodecMeter", () => {
  it("adds up the bytes of each codec, and what its gradients would have been as float32", () => {
    const meter = new CodecMeter();
    meter.sent("float32", 400);
    meter.received("float16", 208, 100);
    meter.received("float16", 208, 100);
    meter.sent("float32", 400);
    expect(meter.traffic).toEqual([
      { codec: "float32", bytesIn: 0, bytesOut: 800, uncodedBytesIn: 0 },
      { codec: "float16", bytesIn: 416, bytesOut: 0, uncodedBytesIn: 800 },
    ]);
  });
});
