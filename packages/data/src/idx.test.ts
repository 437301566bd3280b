import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError, type DataErrorCode } from "./errors.ts";
import { findIdxNames, parseIdx, readIdx } from "./idx.ts";
import { idx } from "./idx-dataset.ts";

const gunzip = async (bytes: Uint8Array, limitBytes: number) =>
  new Uint8Array(gunzipSync(bytes, { maxOutputLength: limitBytes }));

// Two images of 2 x 3 pixels, worked by hand after the description of the format.
const IMAGES = Uint8Array.of(
  0,
  0,
  8,
  3,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  3,
  1,
  2,
  3,
  4,
  5,
  6,
  250,
  251,
  252,
  253,
  254,
  255,
);
const LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);

function idxOf(kind: number, ...elements: number[]): Uint8Array {
  return Uint8Array.of(0, 0, kind, 1, 0, 0, 0, 2, ...elements);
}

async function codeOf(action: () => unknown): Promise<DataErrorCode | "accepted"> {
  try {
    await action();
  } catch (error) {
    if (error instanceof DataError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("an IDX file", () => {
  it("gives its dimensions and elements", () => {
    expect(parseIdx(IMAGES)).toEqual({
      dtype: "uint8",
      shape: [2, 2, 3],
      data: Uint8Array.of(1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255),
    });
    expect(parseIdx(LABELS)).toEqual({ dtype: "uint8", shape: [2], data: Uint8Array.of(7, 9) });
  });

  it("may hold integers of 1, 2 and 4 bytes and floats of 4 and 8, all big-endian", () => {
    expect(parseIdx(idxOf(0x09, 255, 1))).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(-1, 1) });
    expect(parseIdx(idxOf(0x0b, 1, 0, 255, 254)).data).toEqual(Int32Array.of(256, -2));
    expect(parseIdx(idxOf(0x0c, 0, 1, 0, 0, 255, 255, 255, 255)).data).toEqual(Int32Array.of(65536, -1));
    // 1.5 and -2 are 3fc00000 and c0000000 in single precision, 3ff8... and c000... in double precision.
    expect(parseIdx(idxOf(0x0d, 0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0)).data).toEqual(Float32Array.of(1.5, -2));
    const doubles = [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0];
    expect(parseIdx(idxOf(0x0e, ...doubles)).data).toEqual(Float32Array.of(1.5, -2));
  });

  it("is refused with a code when it is something else, cut short, or too long", async () => {
    expect(await codeOf(() => parseIdx(new Uint8Array(0)))).toBe("IDX_MAGIC");
    expect(await codeOf(() => parseIdx(Uint8Array.of(0x89, 0x50, 0x4e, 0x47)))).toBe("IDX_MAGIC");
    expect(await codeOf(() => parseIdx(Uint8Array.of(0, 0, 0x0a, 1, 0, 0, 0, 0)))).toBe("IDX_MAGIC");
    expect(await codeOf(() => parseIdx(Uint8Array.of(0, 0, 8, 0)))).toBe("IDX_MAGIC");
    expect(await codeOf(() => parseIdx(IMAGES.subarray(0, 9)))).toBe("IDX_TRUNCATED");
    expect(await codeOf(() => parseIdx(IMAGES.subarray(0, 27)))).toBe("IDX_TRUNCATED");
    expect(await codeOf(() => parseIdx(Uint8Array.of(...IMAGES, 0)))).toBe("IDX_TRUNCATED");
  });

  it("is refused before memory is taken when it claims more than the limit", async () => {
    const huge = Uint8Array.of(0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255);
    expect(await codeOf(() => parseIdx(huge))).toBe("IDX_TOO_LARGE");
  });

  it("may be packed with gzip when a function to unpack it is given", async () => {
    const packed = new Uint8Array(gzipSync(IMAGES));
    expect(await readIdx(packed, gunzip)).toEqual(parseIdx(IMAGES));
    expect(await readIdx(IMAGES)).toEqual(parseIdx(IMAGES));
    expect(await codeOf(() => readIdx(packed))).toBe("IDX_GZIP");
    expect(await codeOf(() => readIdx(packed.subarray(0, packed.length - 9), gunzip))).toBe("IDX_GZIP");
    expect(await codeOf(() => readIdx(new Uint8Array(gzipSync(IMAGES.subarray(1))), gunzip))).toBe("IDX_MAGIC");
  });
});

describe("the names of IDX files in a folder", () => {
  const names = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte",
    "t10k-images.idx3-ubyte",
    "t10k-labels-idx1-ubyte.gz",
  ];

  it("are found by the standard names, packed or not, among others", () => {
    expect(findIdxNames(["README.md", ...names, "model.safetensors"])).toEqual({
      trainImages: names[0],
      trainLabels: names[1],
      testImages: names[2],
      testLabels: names[3],
    });
    expect(findIdxNames([...names, "train-images-idx3-ubyte"])?.trainImages).toBe("train-images-idx3-ubyte");
  });

  it("are none in another folder, and an error names them when only some are there", () => {
    expect(findIdxNames(["a.csv", "train-images-idx3-ubyte.zip"])).toBeUndefined();
    expect(() => findIdxNames(names.slice(0, 2))).toThrow(
      "Of the four IDX files there are only train-images-idx3-ubyte.gz, train-labels-idx1-ubyte: put",
    );
  });
});

describe("a dataset out of IDX files", () => {
  const file = (bytes: Uint8Array) => async () => bytes;
  const files = {
    trainImages: file(new Uint8Array(gzipSync(IMAGES))),
    trainLabels: file(LABELS),
    testImages: file(IMAGES),
    testLabels: file(new Uint8Array(gzipSync(LABELS))),
  };

  it("has images with a channel axis as inputs, and labels as int32 targets", async () => {
    const data = idx({ name: "tiny", files, gunzip });
    expect((await data.load()).fields).toEqual([
      { name: "inputs", dtype: "uint8", shape: [1, 2, 3] },
      { name: "targets", dtype: "int32", shape: [] },
    ]);
    expect(await data.test.take(1, 1)).toEqual({
      inputs: { dtype: "uint8", shape: [1, 1, 2, 3], data: Uint8Array.of(250, 251, 252, 253, 254, 255) },
      targets: { dtype: "int32", shape: [1], data: Int32Array.of(9) },
    });
  });

  it("is found in a folder, and unpacked, without being told how", async () => {
    const names = {
      trainImages: "train-images-idx3-ubyte.gz",
      trainLabels: "train-labels-idx1-ubyte",
      testImages: "t10k-images-idx3-ubyte",
      testLabels: "t10k-labels-idx1-ubyte.gz",
    };
    const folder = async () => [
      { path: names.trainImages, read: files.trainImages },
      { path: names.trainLabels, read: files.trainLabels },
      { path: names.testImages, read: files.testImages },
      { path: names.testLabels, read: files.testLabels },
    ];
    const expected = await idx({ files, gunzip }).train.take(2);
    expect(await idx({ folder }).train.take(2)).toEqual(expected);
    expect(await codeOf(() => idx({ folder: async () => [] }).load())).toBe("IDX_FILES_MISSING");
    const damaged = new Uint8Array(gzipSync(IMAGES)).fill(0xff, -4);
    expect(await codeOf(() => idx({ files: { ...files, trainImages: file(damaged) } }).load())).toBe("IDX_GZIP");
  });

  it("is refused when images and labels do not belong together", async () => {
    const three = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3);
    const other = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5);
    const load = (changed: object) => codeOf(() => idx({ files: { ...files, ...changed }, gunzip }).load());
    expect(await load({})).toBe("accepted");
    expect(await load({ trainLabels: file(three) })).toBe("IDX_SHAPE");
    expect(await load({ testLabels: file(IMAGES) })).toBe("IDX_SHAPE");
    expect(await load({ testImages: file(other) })).toBe("IDX_SHAPE");
  });
});

describe("bytes from a stranger", () => {
  it("are an IDX array of as many elements as its dimensions say, or an error with a code, and nothing else", () => {
    const header = fc.tuple(
      fc.constant(0),
      fc.constant(0),
      fc.integer({ min: 7, max: 15 }),
      fc.integer({ min: 0, max: 4 }),
    );
    const small = fc.array(
      fc.integer({ min: 0, max: 3 }).map((dimension) => [0, 0, 0, dimension]),
      { maxLength: 5 },
    );
    const rest = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 });
    fc.assert(
      fc.property(header, small, rest, (start, dimensions, elements) => {
        try {
          const array = parseIdx(Uint8Array.from([...start, ...dimensions.flat(), ...elements]));
          expect(array.data.length).toBe(array.shape.reduce((product, dimension) => product * dimension, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
