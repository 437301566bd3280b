import { describe, expect, it } from "vitest";
import { decodeFrame, encodeChunkFrame, encodeMessageFrame } from "./frame.ts";
import { CHUNK_BYTES_MAX, CONTROL_BYTES_MAX, FRAME_BYTES_MAX, FRAME_HEADER_BYTES } from "./limits.ts";
import { codeOf } from "./testing/code-of.ts";

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
}

// magic "TRIB", frame version 1, kind 1, reserved; control length 3, tensor length 0; transfer 0, padding; offset 0.
const MESSAGE = "54524942 01 01 0000 03000000 00000000 00000000 00000000 0000000000000000 81a178 0000000000";
// kind 2; tensor length 2; transfer 7; offset 2^32 + 8.
const CHUNK = "54524942 01 02 0000 00000000 02000000 07000000 00000000 0800000001000000 aabb";

describe("frames", () => {
  it("[F2] a message frame has a header of 32 bytes, the control part, and zeros up to a multiple of 8", () => {
    expect(Buffer.from(encodeMessageFrame(bytes("81a178"))).toString("hex")).toBe(MESSAGE.replaceAll(" ", ""));
    expect(decodeFrame(bytes(MESSAGE))).toEqual({ kind: "message", control: bytes("81a178") });
  });

  it("[F2] a chunk frame has a header of 32 bytes and the piece of the tensor, its 64-bit offset little-endian", () => {
    expect(Buffer.from(encodeChunkFrame(7, 2 ** 32 + 8, bytes("aabb"))).toString("hex")).toBe(
      CHUNK.replaceAll(" ", ""),
    );
    expect(decodeFrame(bytes(CHUNK))).toEqual({
      kind: "chunk",
      transfer: 7,
      offset: 2 ** 32 + 8,
      bytes: bytes("aabb"),
    });
  });

  it("[F2] the parts of a Buffer are plain views, so that slice copies", () => {
    const decoded = decodeFrame(Buffer.from(CHUNK.replaceAll(" ", ""), "hex"));
    expect(decoded.kind === "chunk" && decoded.bytes.constructor).toBe(Uint8Array);
  });

  it("[F2] the parts of a decoded frame are views into it: nothing is copied", () => {
    const frame = bytes(CHUNK);
    const decoded = decodeFrame(frame);
    expect(decoded.kind === "chunk" && decoded.bytes.buffer === frame.buffer).toBe(true);
  });

  it.each([
    ["FRAME_TOO_SHORT", "5452494201"],
    ["FRAME_MAGIC", MESSAGE.replace("54524942", "54524943")],
    ["FRAME_VERSION", MESSAGE.replace("54524942 01", "54524942 02")],
    ["FRAME_KIND", MESSAGE.replace("01 01 0000", "01 03 0000")],
    ["FRAME_RESERVED", MESSAGE.replace("01 01 0000", "01 01 0100")],
    ["FRAME_RESERVED", MESSAGE.replace("81a178 0000000000", "81a178 0000000001")],
    ["FRAME_LENGTH", `${MESSAGE}00`],
    ["FRAME_LENGTH", MESSAGE.replace("03000000", "30000000")],
    ["FRAME_LENGTH", `${CHUNK}00`],
    ["FRAME_LENGTH", CHUNK.replace("aabb", "aa")],
    ["FRAME_KIND", MESSAGE.replace("03000000", "00000000")],
    ["FRAME_KIND", MESSAGE.replace("03000000 00000000", "03000000 01000000")],
    ["FRAME_KIND", CHUNK.replace("07000000", "00000000")],
    ["FRAME_KIND", CHUNK.replace("02000000", "00000000")],
    ["FRAME_OFFSET", CHUNK.replace("0800000001000000", "0400000001000000")],
    ["FRAME_OFFSET", CHUNK.replace("0800000001000000", "08000000ffffffff")],
    ["FRAME_TOO_LARGE", MESSAGE.replace("03000000", "01000100")],
    ["FRAME_TOO_LARGE", CHUNK.replace("02000000", "01000800")],
  ])("[F3] a malformed frame is refused with %s (%#)", (expected, hex) => {
    expect(codeOf(() => decodeFrame(bytes(hex)))).toBe(expected);
  });

  it("[F5] parts begin at a multiple of 8 of the frame, and chunks at a multiple of 8 of their tensor", () => {
    expect(FRAME_HEADER_BYTES % 8).toBe(0);
    expect(encodeMessageFrame(new Uint8Array(9)).byteLength).toBe(FRAME_HEADER_BYTES + 16);
    for (const offset of [1, 4, 12]) {
      expect(codeOf(() => encodeChunkFrame(1, offset, new Uint8Array(8)))).toBe("FRAME_OFFSET");
    }
  });

  it("[F4] a control part may have 64 KiB and a chunk 512 KiB, not one byte more", () => {
    expect(encodeMessageFrame(new Uint8Array(CONTROL_BYTES_MAX)).byteLength).toBe(FRAME_HEADER_BYTES + 65_536);
    expect(encodeChunkFrame(1, 0, new Uint8Array(CHUNK_BYTES_MAX)).byteLength).toBe(FRAME_BYTES_MAX);
    expect(codeOf(() => encodeMessageFrame(new Uint8Array(CONTROL_BYTES_MAX + 1)))).toBe("FRAME_TOO_LARGE");
    expect(codeOf(() => encodeChunkFrame(1, 0, new Uint8Array(CHUNK_BYTES_MAX + 1)))).toBe("FRAME_TOO_LARGE");
    expect(codeOf(() => encodeChunkFrame(1, 0, new Uint8Array(0)))).toBe("FRAME_TOO_LARGE");
  });
});
