import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../errors.ts";
import { npy, npz } from "./numpy-dataset.ts";
import { listZip } from "./zip.ts";

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

// numpy.savez_compressed of NumPy 1.24: x_train = [[0, 0.5], [1, 1.5], [2, 2.5]] (float64), y_train = [0, 1, 1] (int64), x_test = [[9, 8]],
// y_test = [1].
const COMPRESSED = bytesOf(
  "UEsDBBQAAAAIAAAAIQBCz+y7WAAAALAAAAALABQAeF90cmFpbi5ucHkBABAAsAAAAAAAAABYAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkaaOgq1CmQDLgYU8MAeQn+A0j+gNIMDhGJxAABQSwMEFAAAAAgAAAAhABRHnWRJAAAAmAAAAAsAFAB5X3RyYWluLm5weQEAEACYAAAAAAAAAEkAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALgYoYESjAVBLAwQUAAAACAAAACEAc2ykYU4AAACQAAAACgAUAHhfdGVzdC5ucHkBABAAkAAAAAAAAABOAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GoY6CkaaOgq1CmQDLgYwUHKA0AoOAFBLAwQUAAAACAAAACEAPpoUXkgAAACIAAAACgAUAHlfdGVzdC5ucHkBABAAiAAAAAAAAABIAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GoY6mjoKtQoUAC5GBggAAFBLAQIUAxQAAAAIAAAAIQBCz+y7WAAAALAAAAALAAAAAAAAAAAAAACAAQAAAAB4X3RyYWluLm5weVBLAQIUAxQAAAAIAAAAIQAUR51kSQAAAJgAAAALAAAAAAAAAAAAAACAAZUAAAB5X3RyYWluLm5weVBLAQIUAxQAAAAIAAAAIQBzbKRhTgAAAJAAAAAKAAAAAAAAAAAAAACAARsBAAB4X3Rlc3QubnB5UEsBAhQDFAAAAAgAAAAhAD6aFF5IAAAAiAAAAAoAAAAAAAAAAAAAAIABpQEAAHlfdGVzdC5ucHlQSwUGAAAAAAQABADiAAAAKQIAAAAA",
);
// numpy.savez of x = [[1, 2]] and y = [3], both uint8: stored, not packed.
const STORED = bytesOf(
  "UEsDBBQAAAAAAAAAIQCcAuQbggAAAIIAAAAFABQAeC5ucHkBABAAggAAAAAAAACCAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJ3x1MScsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgxLCAyKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAQJQSwMEFAAAAAAAAAAhAFfTqC6BAAAAgQAAAAUAFAB5Lm5weQEAEACBAAAAAAAAAIEAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoDUEsBAhQDFAAAAAAAAAAhAJwC5BuCAAAAggAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAhQDFAAAAAAAAAAhAFfTqC6BAAAAgQAAAAUAAAAAAAAAAAAAAIABuQAAAHkubnB5UEsFBgAAAAACAAIAZgAAAHEBAAAAAA==",
);
const file = (bytes: Uint8Array) => async () => bytes;

/** An NPY file of bytes, as numpy.save writes it. */
function npyOf(descr: string, shape: string, elements: readonly number[]): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  return Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, 118, 0, ...Buffer.from(`${header}\n`), ...elements);
}

describe("a dataset out of an NPZ archive", () => {
  it("finds training and test arrays by their usual names; integer targets are int32", async () => {
    const data = npz({ file: file(COMPRESSED) });
    expect(await data.train.take(3)).toEqual({
      inputs: { dtype: "float32", shape: [3, 2], data: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5) },
      targets: { dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 1) },
    });
    expect((await data.test.take(1)).inputs?.data).toEqual(Float32Array.of(9, 8));
  });

  it("may be stored without packing, and have no test arrays", async () => {
    const data = npz({ file: file(STORED) });
    expect(await data.train.take(1)).toEqual({
      inputs: { dtype: "uint8", shape: [1, 2], data: Uint8Array.of(1, 2) },
      targets: { dtype: "int32", shape: [1], data: Int32Array.of(3) },
    });
    expect((await data.test.load()).samples).toBe(0);
  });

  it("takes other names, and other shapes of a sample", async () => {
    const data = npz({
      file: file(COMPRESSED),
      train: { inputs: "x_test", targets: "y_test" },
      shapes: { inputs: [1, 2, 1] },
    });
    expect((await data.train.take(1)).inputs).toEqual({
      dtype: "float32",
      shape: [1, 1, 2, 1],
      data: Float32Array.of(9, 8),
    });
    expect((await data.test.load()).samples).toBe(0);
  });

  it("is refused when an array is not in it, naming those that are", async () => {
    await expect(npz({ file: file(STORED), train: { inputs: "z", targets: "y" } }).load()).rejects.toThrow(
      "The archive has no array z: name one of x, y",
    );
  });
});

describe("a ZIP archive", () => {
  const codes = (bytes: Uint8Array) => {
    try {
      for (const member of listZip(bytes)) member.read();
    } catch (error) {
      if (error instanceof DataError) return error.code;
      throw error;
    }
    return "accepted";
  };
  const changed = (at: number, byte: number) => {
    const bytes = STORED.slice();
    bytes[at] = byte;
    return bytes;
  };

  it("is refused when it is cut off, or a member's bytes are others", () => {
    expect(codes(STORED)).toBe("accepted");
    expect(codes(STORED.subarray(0, STORED.length - 1))).toBe("ZIP_INVALID");
    expect(codes(Uint8Array.of())).toBe("ZIP_INVALID");
    expect(codes(changed(150, 77))).toBe("ZIP_INVALID");
  });

  it("is refused when it is encrypted or packed otherwise", () => {
    // The directory begins at byte 0x171; flags and method are at 8 and 10 of an entry.
    expect(codes(changed(0x171 + 8, 1))).toBe("ZIP_UNSUPPORTED");
    expect(codes(changed(0x171 + 10, 14))).toBe("ZIP_UNSUPPORTED");
  });

  it("that is damaged anywhere is read or refused with a code, never anything else", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(STORED, COMPRESSED),
        fc.nat(800),
        fc.nat(255),
        fc.nat(801),
        (whole, at, byte, length) => {
          const bytes = whole.slice();
          bytes[at % bytes.length] = byte;
          expect(typeof codes(bytes.subarray(0, length))).toBe("string");
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("gives a member no more memory than its directory says, whatever is packed in it", () => {
    // The size of x_train.npy in the directory, which begins at byte 0x229, is made 1.
    const bytes = COMPRESSED.slice();
    bytes[0x229 + 24] = 1;
    expect(codes(bytes)).toBe("ZIP_INVALID");
  });
});

describe("a dataset out of NPY files", () => {
  const inputs = npyOf("|u1", "(2, 2)", [1, 2, 3, 4]);
  const targets = npyOf("|u1", "(2,)", [0, 1]);

  it("has one array per field", async () => {
    const data = npy({ train: { inputs: file(inputs), targets: file(targets) } });
    expect(await data.train.take(2)).toEqual({
      inputs: { dtype: "uint8", shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) },
      targets: { dtype: "int32", shape: [2], data: Int32Array.of(0, 1) },
    });
  });

  it("gives grey images a channel axis where that is asked for", async () => {
    const images = file(npyOf("|u1", "(1, 2, 2)", [1, 2, 3, 4]));
    const train = { inputs: images, targets: file(npyOf("|u1", "(1,)", [0])) };
    expect((await npy({ train }).train.take(1)).inputs?.shape).toEqual([1, 2, 2]);
    expect((await npy({ train, channelAxis: true }).train.take(1)).inputs?.shape).toEqual([1, 1, 2, 2]);
  });

  it("cuts a test off where there is none, if that is asked for", async () => {
    const train = { inputs: file(inputs), targets: file(targets) };
    const { train: one, test } = await npy({ train, testShare: 0.5 }).load();
    expect([one.samples, test.samples]).toEqual([1, 1]);
    const whole = await npy({ train, test: train, testShare: 0.5 }).load();
    expect([whole.train.samples, whole.test.samples]).toEqual([2, 2]);
  });

  it("is refused when arrays have different numbers of samples, or test arrays another form", async () => {
    const three = file(npyOf("|u1", "(3,)", [0, 1, 2]));
    await expect(npy({ train: { inputs: file(inputs), targets: three } }).load()).rejects.toThrow(
      "Array targets of train is uint8 [3], where int32 [2] was to be expected",
    );
    const train = { inputs: file(inputs), targets: file(targets) };
    await expect(npy({ train, test: { inputs: three, targets: three } }).load()).rejects.toThrow(
      "Array inputs of test is uint8 [3]",
    );
    await expect(npy({ train, shapes: { inputs: [3] } }).load()).rejects.toThrow("so that a sample is no [3]");
  });

  it("is refused when it is empty, or holds NaN, unless that is allowed", async () => {
    const empty = { inputs: file(npyOf("|u1", "(0, 2)", [])), targets: file(npyOf("|u1", "(0,)", [])) };
    await expect(npy({ train: empty }).load()).rejects.toThrow("npy has no training samples");
    const train = { inputs: file(npyOf("<f4", "(2,)", [0, 0, 0, 0, 0, 0, 0xc0, 0x7f])), targets: file(targets) };
    await expect(npy({ train }).load()).rejects.toThrow("Sample 1 of train holds NaN in inputs");
    expect((await npy({ train, allowNotFinite: true }).load()).train.samples).toBe(2);
  });
});
