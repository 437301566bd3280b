import { describe, expect, it } from "vitest";
import { decodeControl, encodeControl } from "./control-codec.ts";
import { CONTROL_NODES_MAX } from "./limits.ts";
import { codeOf } from "./testing/code-of.ts";

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

/** {"a": <value>} */
const inMap = (value: string) => `81 a161 ${value}`;
const nested = (depth: number) => `81a161${"91".repeat(depth - 1)}c0`;

describe("control part", () => {
  it("[C1] is the MessagePack of one map, in the fewest bytes", () => {
    // Worked by hand from the MessagePack specification: fixmap, fixstr, positive fixint, float 64, bin 8, fixarray, nil.
    const hex = "85 a16e 07 a166 cb3ff8000000000000 a162 c4020102 a16c 92c2c3 a17a c0";
    const value = { n: 7, f: 1.5, b: new Uint8Array([1, 2]), l: [false, true], z: null };
    expect(Buffer.from(encodeControl(value)).toString("hex")).toBe(hex.replaceAll(" ", ""));
    expect(decodeControl(bytes(hex))).toEqual(value);
  });

  it("[C1] integers beyond 32 bits travel as float 64, exact up to 2^53", () => {
    const value = { big: 2 ** 53 - 1, negative: -(2 ** 40) };
    expect(decodeControl(encodeControl(value))).toEqual(value);
  });

  it.each([
    ["CONTROL_NOT_A_MAP", ""],
    ["CONTROL_NOT_A_MAP", "93010203"],
    ["CONTROL_NOT_A_MAP", "df00000000"],
    ["CONTROL_TYPE", inMap("c1")],
    ["CONTROL_TYPE", inMap("cf0000000000000001")],
    ["CONTROL_TYPE", inMap("d30000000000000001")],
    ["CONTROL_TYPE", inMap("c6ffffffff")],
    ["CONTROL_TYPE", inMap("dbffffffff")],
    ["CONTROL_TYPE", inMap("ddffffffff")],
    ["CONTROL_TYPE", inMap("dfffffffff")],
    ["CONTROL_TYPE", inMap("c9ffffffff00")],
    ["CONTROL_TYPE", inMap("d40000")], // undefined
    ["CONTROL_TYPE", inMap("c70142 01")], // BigInt
    ["CONTROL_TYPE", inMap("c70378 92a161")], // RegExp
    ["CONTROL_TYPE", inMap("d6ff00000000")], // Date
    ["CONTROL_TYPE", inMap("d67000000001")], // reference
    ["CONTROL_TYPE", inMap("c70274 0101")], // typed array
    ["CONTROL_TYPE", inMap("d57240 40 91a161")], // record definition
    ["CONTROL_TRUNCATED", inMap("a5 6162")],
    ["CONTROL_TRUNCATED", inMap("c5ffff 00")],
    ["CONTROL_TRUNCATED", inMap("dcffff c0")],
    ["CONTROL_TRUNCATED", inMap("")],
    ["CONTROL_TRAILING", `${inMap("01")} 00`],
    ["CONTROL_KEY", "82 a161 01 a161 02"],
    ["CONTROL_KEY", "81 01 01"],
    ["CONTROL_KEY", "81 a2c3a9 01"],
    ["CONTROL_KEY", "81 a95f5f70726f746f5f5f 80"],
    ["CONTROL_DEPTH", nested(9)],
    ["CONTROL_DEPTH", nested(5_000)],
  ])("[C2] hostile bytes are refused with %s before MessagePack sees them (%#)", (expected, hex) => {
    expect(codeOf(() => decodeControl(bytes(hex)))).toBe(expected);
  });

  it("[C2] eight levels and 4,096 values are let through, one more of either is not", () => {
    expect(codeOf(() => decodeControl(bytes(nested(8))))).toBe("no error");
    // The map, its key and the array are values too.
    const items = (count: number) => bytes(`81a161dc${count.toString(16).padStart(4, "0")}${"01".repeat(count)}`);
    expect(codeOf(() => decodeControl(items(CONTROL_NODES_MAX - 3)))).toBe("no error");
    expect(codeOf(() => decodeControl(items(CONTROL_NODES_MAX - 2)))).toBe("CONTROL_NODES");
  });

  it.each([
    ["a Float32Array", new Float32Array(2)],
    ["a DataView", new DataView(new ArrayBuffer(2))],
    ["a Date", new Date(0)],
    ["a Map", new Map()],
    ["a BigInt", 1n],
    ["undefined", undefined],
    ["a function", () => 0],
  ])("[C3] a message with %s in it is not encoded", (_, value) => {
    expect(codeOf(() => encodeControl({ value }))).toBe("CONTROL_NOT_ENCODABLE");
  });

  it("[C3] a message over 64 KiB is not encoded", () => {
    expect(codeOf(() => encodeControl({ value: new Uint8Array(65_536) }))).toBe("FRAME_TOO_LARGE");
  });
});
