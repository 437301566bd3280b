import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/code-of.ts";
import { parseNpy } from "./npy.ts";

/** A file of version 1 as numpy.save writes it: header padded with blanks to a multiple of 64, then the elements. */
function npyOf(header: string, elements: readonly number[], version = 1): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const text = `${header.padEnd(Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix - 1)}\n`;
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    version,
    0,
    ...length,
    ...new TextEncoder().encode(text),
    ...elements,
  );
}

const header = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe("an NPY file", () => {
  it("gives shape and elements: what NumPy 1.24 writes for [[1.5, -2], [3, 4]]", () => {
    const bytes = npyOf(header("<f4", "(2, 2)"), [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40]);
    expect(bytes.byteLength).toBe(144);
    expect(parseNpy(bytes)).toEqual({ dtype: "float32", shape: [2, 2], data: Float32Array.of(1.5, -2, 3, 4) });
  });

  it("may hold one number, one dimension or no element, and be of version 2 or 3", () => {
    expect(parseNpy(npyOf(header("|u1", "()"), [7]))).toEqual({ dtype: "uint8", shape: [], data: Uint8Array.of(7) });
    expect(parseNpy(npyOf(header("|u1", "(2,)"), [7, 8], 2)).shape).toEqual([2]);
    expect(parseNpy(npyOf(header("|u1", "(0, 3)"), [], 3)).data.length).toBe(0);
  });

  // Each row: descriptor, bytes of two elements, what they are here.
  it.each([
    ["<f8", [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0], "float32", [1, -2]],
    [">f4", [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], "float32", [1, -2]],
    ["<f2", [0, 0x3c, 0, 0xc0], "float16", [0x3c00, 0xc000]],
    ["|b1", [0, 1], "bool", [0, 1]],
    ["|u1", [3, 255], "uint8", [3, 255]],
    ["|i1", [3, 255], "int32", [3, -1]],
    ["<i2", [1, 0, 0xff, 0xff], "int32", [1, -1]],
    [">u2", [0, 1, 0xff, 0xff], "int32", [1, 65535]],
    ["<i4", [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff], "int32", [1, -2]],
    ["<u4", [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], "uint32", [1, 4_294_967_295]],
    ["<i8", [5, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "int32", [5, -1]],
    [">u8", [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 0], "int32", [5, 256]],
  ])("reads %s", (descriptor, bytes, dtype, elements) => {
    const array = parseNpy(npyOf(header(descriptor, "(2,)"), bytes));
    expect([array.dtype, [...array.data]]).toEqual([dtype, elements]);
  });

  it("in Fortran's order is turned into rows: [[0, 1, 2], [3, 4, 5]] is stored by columns", () => {
    const bytes = npyOf(header(">i2", "(2, 3)", "True"), [0, 0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5]);
    expect(parseNpy(bytes)).toEqual({ dtype: "int32", shape: [2, 3], data: Int32Array.of(0, 1, 2, 3, 4, 5) });
    // Element (i, j, k) of 2 x 2 x 2 lies at i + 2j + 4k.
    const cube = parseNpy(npyOf(header("|u1", "(2, 2, 2)", "True"), [0, 1, 2, 3, 4, 5, 6, 7]));
    expect([...cube.data]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
  });

  it.each([
    ["other bytes", Uint8Array.of(1, 2, 3), "NPY_INVALID"],
    ["an unknown version", npyOf(header("|u1", "(1,)"), [1], 9), "NPY_INVALID"],
    ["elements that are missing", npyOf(header("<f4", "(2,)"), [0, 0, 0, 0]), "NPY_TRUNCATED"],
    ["elements left over", npyOf(header("|u1", "(1,)"), [0, 0]), "NPY_TRUNCATED"],
    ["pickled objects", npyOf(header("|O", "(1,)"), [0]), "NPY_DTYPE"],
    ["complex numbers", npyOf(header("<c8", "(1,)"), [0, 0, 0, 0, 0, 0, 0, 0]), "NPY_DTYPE"],
    ["records", npyOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0]), "NPY_DTYPE"],
    ["whole numbers past 32 bits", npyOf(header("<i8", "(1,)"), [0, 0, 0, 0, 1, 0, 0, 0]), "NPY_DTYPE"],
    [
      "code in place of a literal",
      npyOf("{'descr': '|u1', 'fortran_order': False, 'shape': (f(),), }", [0]),
      "NPY_INVALID",
    ],
    ["an unknown key", npyOf("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 'y'}", [0]), "NPY_INVALID"],
    ["a missing key", npyOf("{'descr': '|u1', 'shape': (1,), }", [0]), "NPY_INVALID"],
    ["a shape with a sign", npyOf(header("|u1", "(-1,)"), [0]), "NPY_INVALID"],
  ])("with %s is refused", (_, bytes, code) => {
    expect(codeOf(() => parseNpy(bytes))).toBe(code);
  });

  it("that is damaged anywhere is read or refused with a code, never anything else", () => {
    const whole = npyOf(
      header("<f4", "(2, 2)"),
      Array.from({ length: 16 }, () => 0),
    );
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const bytes = whole.slice();
        bytes[at] = byte;
        expect(typeof codeOf(() => parseNpy(bytes.subarray(0, length)))).toBe("string");
      }),
      { numRuns: 500 },
    );
  });
});
