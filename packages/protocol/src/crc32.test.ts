import { crc32 as zlibCrc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";

describe("crc32", () => {
  it("[T3] of the ASCII digits 1 to 9 is 0xcbf43926, the check value of CRC-32/ISO-HDLC", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it("[T3] equals zlib's for every length around the block of eight, and goes on from an earlier value", () => {
    const data = Uint8Array.from({ length: 100 }, (_, index) => (index * 37 + 11) & 0xff);
    for (let length = 0; length <= data.length; length++) {
      const part = data.subarray(0, length);
      expect(crc32(part)).toBe(zlibCrc32(part));
      expect(crc32(data.subarray(length), crc32(part))).toBe(zlibCrc32(data));
    }
  });
});
