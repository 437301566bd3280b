import { describe, expect, it } from "vitest";
import { base64Length, base64OfBytes, bytesOfBase64 } from "./base64.ts";
import { imageForm, samplePixels } from "./sample-image.ts";

const field = (dtype: string, ...shape: number[]) => ({ name: "inputs", dtype, shape });

describe("samples as pictures", () => {
  it("are those with one or three channels", () => {
    expect(imageForm(field("uint8", 1, 28, 28))).toEqual({ channels: 1, width: 28, height: 28, dtype: "uint8" });
    expect(imageForm(field("float32", 3, 32, 48))).toEqual({ channels: 3, width: 48, height: 32, dtype: "float32" });
    expect(imageForm(field("uint8", 8, 8))).toEqual({ channels: 1, width: 8, height: 8, dtype: "uint8" });
  });

  it("are no texts, tables or series", () => {
    const others = [
      field("int32", 128),
      field("float32", 13),
      field("float32", 24, 7),
      field("uint8", 2, 8, 8),
      undefined,
    ];
    expect(others.map(imageForm)).toEqual(others.map(() => null));
  });

  it("are grey, or have their planes as colours", () => {
    const grey = { channels: 1, width: 2, height: 1, dtype: "uint8" } as const;
    expect([...samplePixels(grey, base64OfBytes(Uint8Array.of(7, 200)))]).toEqual([7, 7, 7, 255, 200, 200, 200, 255]);
    const colour = { ...grey, channels: 3 } as const;
    const planes = base64OfBytes(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect([...samplePixels(colour, planes)]).toEqual([1, 3, 5, 255, 2, 4, 6, 255]);
  });

  it("spread floats from the least to the largest", () => {
    const floats = base64OfBytes(new Uint8Array(Float32Array.of(-1, 1, 0, 0).buffer));
    const pixels = samplePixels({ channels: 1, width: 2, height: 2, dtype: "float32" }, floats);
    expect([pixels[0], pixels[4], pixels[8]]).toEqual([0, 255, 127]);
  });

  it("are black where the bytes are missing or no base64", () => {
    const form = { channels: 1, width: 2, height: 1, dtype: "uint8" } as const;
    expect([...samplePixels(form, "not base64!")]).toEqual([0, 0, 0, 255, 0, 0, 0, 255]);
    expect(bytesOfBase64("AQI=")).toEqual(Uint8Array.of(1, 2));
    expect(["", "AQ==", "AQI=", "AQID"].map(base64Length)).toEqual([0, 1, 2, 3]);
  });
});
