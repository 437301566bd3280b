import { describe, expect, it } from "vitest";
import { TrainingError } from "./errors.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsEntry } from "./safetensors.ts";

/** A file made by hand: eight bytes of header length, the header, then `dataBytes` bytes 0, 1, 2, ... */
function fileOf(header: string, dataBytes = 0, claimedHeaderBytes?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimedHeaderBytes ?? BigInt(text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = i;
  return bytes;
}

const entry = (dtype: string, shape: string, begin: number, end: number) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

describe("decodeSafetensors accepts", () => {
  const accepted: readonly (readonly [string, Uint8Array, readonly string[]])[] = [
    ["an empty header and no data", fileOf("{}"), []],
    ["trailing spaces in the header", fileOf("{}      "), []],
    ["a zero dimension", fileOf(`{"a":${entry("F32", "[0,3]", 0, 0)}}`), ["a"]],
    ["a scalar", fileOf(`{"a":${entry("F32", "[]", 0, 4)}}`, 4), ["a"]],
    ["BF16", fileOf(`{"a":${entry("BF16", "[2]", 0, 4)}}`, 4), ["a"]],
    ["F4, two elements a byte", fileOf(`{"a":${entry("F4", "[4]", 0, 2)}}`, 2), ["a"]],
    [
      "a U8 and then a misaligned F32",
      fileOf(`{"a":${entry("U8", "[1]", 0, 1)},"b":${entry("F32", "[1]", 1, 5)}}`, 5),
      ["a", "b"],
    ],
    [
      "entries in another order than their data",
      fileOf(`{"b":${entry("U8", "[1]", 1, 2)},"a":${entry("U8", "[1]", 0, 1)}}`, 2),
      ["b", "a"],
    ],
    ["an extra field in an entry", fileOf(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":1}}`, 1), ["a"]],
    [
      "the names ../x and __proto__",
      fileOf(`{"../x":${entry("U8", "[1]", 0, 1)},"__proto__":${entry("U8", "[1]", 1, 2)}}`, 2),
      ["../x", "__proto__"],
    ],
  ];
  it.each(accepted)("%s", (_, bytes, names) => {
    expect([...decodeSafetensors(bytes).tensors.keys()]).toEqual(names);
  });

  it("metadata of strings", () => {
    expect([...decodeSafetensors(fileOf(`{"__metadata__":{"step":"12"}}`)).metadata]).toEqual([["step", "12"]]);
  });

  it("and hands out exactly the bytes of each range", () => {
    const { tensors } = decodeSafetensors(
      fileOf(`{"a":${entry("U8", "[2]", 1, 3)},"b":${entry("U8", "[1]", 0, 1)}}`, 3),
    );
    expect([...(tensors.get("a")?.bytes ?? [])]).toEqual([1, 2]);
  });
});

describe("decodeSafetensors rejects", () => {
  const rejected: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["a file of less than eight bytes", new Uint8Array(7), /7 bytes/],
    ["a header of 10^9 bytes", fileOf("{}", 0, 1_000_000_000n), /claims 1000000000/],
    ["a header of 2^63 bytes", fileOf("{}", 0, 2n ** 63n), /claims 9223372036854775808/],
    ["a header longer than the file", fileOf("{}", 0, 3n), /cut off/],
    ["a leading space", fileOf(" {}"), /start with \{/],
    ["a header that is no object", fileOf("[]"), /start with \{/],
    ["broken JSON", fileOf('{"a":'), /JSON/],
    ["bytes that are not UTF-8", fileOf("{}").fill(0xff, 9), /JSON in UTF-8/],
    ["trailing data", fileOf(`{"a":${entry("U8", "[1]", 0, 1)}}`, 2), /section has 2/],
    ["missing data", fileOf(`{"a":${entry("U8", "[2]", 0, 2)}}`, 1), /cut off/],
    ["a hole", fileOf(`{"a":${entry("U8", "[1]", 0, 1)},"b":${entry("U8", "[1]", 2, 3)}}`, 3), /begins at byte 2/],
    ["an overlap", fileOf(`{"a":${entry("U8", "[2]", 0, 2)},"b":${entry("U8", "[2]", 1, 3)}}`, 3), /begins at byte 1/],
    [
      "ranges that all cover the same bytes",
      fileOf(`{"a":${entry("U8", "[2]", 0, 2)},"b":${entry("U8", "[2]", 0, 2)}}`, 2),
      /begins at byte 0/,
    ],
    ["a range that is not shape times dtype", fileOf(`{"a":${entry("F32", "[2]", 0, 4)}}`, 4), /takes 8/],
    ["a range that ends before it begins", fileOf(`{"a":${entry("U8", "[1]", 1, 0)}}`, 1), /data_offsets/],
    ["a negative offset", fileOf(`{"a":${entry("U8", "[1]", -1, 0)}}`, 0), /data_offsets/],
    ["a fractional dimension", fileOf(`{"a":${entry("U8", "[1.5]", 0, 1)}}`, 1), /shape/],
    ["a negative dimension", fileOf(`{"a":${entry("U8", "[-1]", 0, 1)}}`, 1), /shape/],
    ["a shape of 2^40 x 2^40", fileOf(`{"a":${entry("U8", "[1099511627776,1099511627776]", 0, 0)}}`), /not a size/],
    ["half a byte of F4", fileOf(`{"a":${entry("F4", "[1]", 0, 1)}}`, 1), /not a size/],
    ["an unknown dtype", fileOf(`{"a":${entry("F12", "[1]", 0, 1)}}`, 1), /unknown dtype "F12"/],
    [
      "a dtype that is a property of every object",
      fileOf(`{"a":${entry("toString", "[1]", 0, 1)}}`, 1),
      /unknown dtype/,
    ],
    ["metadata that is not a string", fileOf(`{"__metadata__":{"step":12}}`), /"step"/],
    ["metadata that is not an object", fileOf(`{"__metadata__":["x"]}`), /not an object/],
    [
      "a name that stands twice",
      fileOf(`{"a":${entry("U8", "[1]", 0, 1)},"a":${entry("U8", "[1]", 0, 1)}}`, 1),
      /"a" twice/,
    ],
    [
      "a name that stands twice under two spellings",
      fileOf(`{"a":${entry("U8", "[1]", 0, 1)},"\\u0061":${entry("U8", "[1]", 0, 1)}}`, 1),
      /"a" twice/,
    ],
  ];
  it.each(rejected)("%s", (_, bytes, message) => {
    const decode = () => decodeSafetensors(bytes);
    expect(decode).toThrow(TrainingError);
    expect(decode).toThrow(message);
  });
});

describe("encodeSafetensors", () => {
  const tensor = (dtype: SafetensorsEntry["dtype"], shape: number[], bytes: number[]): SafetensorsEntry => ({
    dtype,
    shape,
    bytes: Uint8Array.from(bytes),
  });

  it("writes the reference's bytes: padded header, larger elements first, then names in order", () => {
    const bytes = encodeSafetensors({
      tensors: new Map([
        ["u", tensor("U8", [1], [9])],
        ["b", tensor("F32", [1], [0, 0, 128, 63])],
        ["a", tensor("F32", [], [0, 0, 0, 64])],
      ]),
      metadata: new Map(),
    });
    const json =
      '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"u":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}';
    const headerBytes = Math.ceil(json.length / 8) * 8;
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(headerBytes));
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))).toBe(json.padEnd(headerBytes, " "));
    expect([...bytes.subarray(8 + headerBytes)]).toEqual([0, 0, 0, 64, 0, 0, 128, 63, 9]);
  });

  it("is read back equal, metadata included", () => {
    const tensors = new Map([
      ["__proto__", tensor("U8", [2, 1], [1, 2])],
      ["w", tensor("F16", [2], [0, 60, 0, 64])],
    ]);
    const file = decodeSafetensors(encodeSafetensors({ tensors, metadata: new Map([["__proto__", "x"]]) }));
    expect([...file.tensors.keys()]).toEqual(["w", "__proto__"]);
    expect(file.tensors.get("w")).toEqual(tensors.get("w"));
    expect([...file.metadata]).toEqual([["__proto__", "x"]]);
  });

  it("refuses bytes that do not match the shape", () => {
    const tensors = new Map([["w", tensor("F32", [2], [0])]]);
    expect(() => encodeSafetensors({ tensors, metadata: new Map() })).toThrow(/has 1 bytes, but F32 \[2\] takes 8/);
  });
});
