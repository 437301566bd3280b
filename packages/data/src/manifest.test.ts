import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "./errors.ts";
import { columnsOf, type Field } from "./field.ts";
import { encodeManifest, type Manifest, manifestHash, parseManifest, shardLayout } from "./manifest.ts";
import { codeOf } from "./testing/code-of.ts";

const FIELDS: readonly Field[] = [
  { name: "inputs", dtype: "uint8", shape: [1, 28, 28] },
  { name: "targets", dtype: "int32", shape: [] },
];
const HASH = "ab".repeat(32);
// Three samples: 3 * 784 = 2352 bytes, a multiple of 8; 3 * 4 = 12 bytes, padded to 16.
const MANIFEST: Manifest = {
  fields: FIELDS,
  splits: {
    train: { samples: 3, shards: [{ sha256: HASH, byteLength: 2368, samples: 3 }] },
    test: { samples: 0, shards: [] },
  },
};
const JSON_TEXT =
  '{"format":"tributary-manifest","version":1,"fields":[{"name":"inputs","dtype":"uint8","shape":[1,28,28]},' +
  '{"name":"targets","dtype":"int32","shape":[]}],"splits":{"train":[{"sha256":"' +
  HASH +
  '","byteLength":2368,"samples":3}],"test":[]}}';

type Editable = { [key: string]: unknown };

function edited(edit: (manifest: Editable) => void): string {
  const manifest: Editable = JSON.parse(JSON_TEXT);
  edit(manifest);
  return JSON.stringify(manifest);
}

function withField(field: unknown): string {
  return edited((manifest) => {
    manifest.fields = [field];
    manifest.splits = { train: [], test: [] };
  });
}

function withShard(shard: unknown): string {
  return edited((manifest) => {
    manifest.splits = { train: [shard], test: [] };
  });
}

/** What becomes of a manifest: "accepted", or the code of the error. */
const verdict = (json: string) => codeOf(() => parseManifest(json));

describe("the layout of a shard", () => {
  it("is one section a column, each beginning at a multiple of 8 bytes", () => {
    const layout = shardLayout(columnsOf(FIELDS), 3);
    expect(layout.sections.map((section) => section.byteOffset)).toEqual([0, 2352]);
    expect(layout.byteLength).toBe(2368);
    const scalars = columnsOf([
      { name: "a", dtype: "uint8", shape: [] },
      { name: "b", dtype: "float32", shape: [3] },
    ]);
    // 5 bytes padded to 8, then 5 * 3 * 4 = 60 padded to 64.
    expect(shardLayout(scalars, 5)).toMatchObject({ sections: [{ byteOffset: 0 }, { byteOffset: 8 }], byteLength: 72 });
  });

  it("stores the array under overlapping windows once, as far as the samples reach", () => {
    const window = { array: "tokens", length: 8, stride: 4 };
    const columns = columnsOf([
      { name: "inputs", dtype: "uint8", shape: [8], window: { ...window, offset: 0 } },
      { name: "targets", dtype: "uint8", shape: [8], window: { ...window, offset: 1 } },
    ]);
    expect(columns).toEqual([{ name: "tokens", dtype: "uint8", rowElements: 1, stride: 4, firstRow: 0, span: 9 }]);
    // Samples begin at rows 0, 4 and 8; the last target ends at row 8 + 1 + 8 = 17.
    expect(shardLayout(columns, 3)).toMatchObject({ sections: [{ byteOffset: 0, rows: 17 }], byteLength: 24 });
  });
});

describe("a manifest", () => {
  it("has one canonical JSON form, whatever the order of keys it was made with", () => {
    expect(encodeManifest(MANIFEST)).toBe(JSON_TEXT);
    const shuffled: Manifest = {
      splits: {
        test: { shards: [], samples: 0 },
        train: { shards: [{ samples: 3, byteLength: 2368, sha256: HASH }], samples: 3 },
      },
      fields: FIELDS.map(({ name, dtype, shape }) => ({ shape, dtype, name })),
    };
    expect(encodeManifest(shuffled)).toBe(JSON_TEXT);
  });

  it("is named by the SHA-256 of that form", () => {
    expect(manifestHash(MANIFEST)).toBe(createHash("sha256").update(JSON_TEXT).digest("hex"));
  });

  it("comes back from its JSON, windows included, with the samples of each split counted", () => {
    expect(parseManifest(JSON_TEXT)).toEqual(MANIFEST);
    const field = {
      name: "x",
      dtype: "float32",
      shape: [4, 2],
      window: { array: "series", length: 4, stride: 1, offset: 2 },
    };
    expect(parseManifest(withField(field)).fields).toEqual([field]);
    expect(encodeManifest(parseManifest(withField(field)))).toBe(withField(field));
  });
});

describe("a manifest from a stranger", () => {
  it("is refused when it is no JSON object of the known format and version", () => {
    for (const json of ["", "{", "null", "[]", "3", '"x"', "{}"]) expect(verdict(json)).toBe("MANIFEST_INVALID");
    expect(verdict(edited((manifest) => (manifest.version = 2)))).toBe("MANIFEST_INVALID");
    expect(verdict(edited((manifest) => (manifest.format = "other")))).toBe("MANIFEST_INVALID");
    expect(verdict(edited((manifest) => (manifest.extra = 1)))).toBe("MANIFEST_INVALID");
    expect(verdict(JSON_TEXT.replace('"version":1', '"version":1,"__proto__":{}'))).toBe("MANIFEST_INVALID");
    expect(verdict(edited((manifest) => delete manifest.splits))).toBe("MANIFEST_INVALID");
    expect(verdict(edited((manifest) => (manifest.splits = { train: [] })))).toBe("MANIFEST_INVALID");
  });

  it("is refused when a field is none", () => {
    const good = { name: "x", dtype: "uint8", shape: [2] };
    const window = { array: "a", length: 2, stride: 1, offset: 0 };
    expect(verdict(withField(good))).toBe("accepted");
    expect(verdict(withField({ ...good, dtype: "float64" }))).toBe("MANIFEST_INVALID");
    expect(verdict(withField({ ...good, shape: "2" }))).toBe("MANIFEST_INVALID");
    for (const dimension of [0, -1, 0.5, null, "3", 1e300]) {
      expect(verdict(withField({ ...good, shape: [dimension] }))).toBe("MANIFEST_INVALID");
    }
    expect(verdict(withField({ ...good, shape: [2 ** 40] }))).toBe("MANIFEST_TOO_LARGE");
    expect(verdict(withField({ ...good, shape: [8192, 8193] }))).toBe("FIELD_INVALID");
    expect(verdict(withField({ ...good, shape: Array(9).fill(1) }))).toBe("MANIFEST_TOO_LARGE");
    for (const name of ["", "1x", "__proto__", "a b", "x".repeat(65), "weights", "indices"]) {
      expect(verdict(withField({ ...good, name }))).toBe("FIELD_INVALID");
    }
    expect(verdict(withField({ ...good, window: { ...window, length: 3 } }))).toBe("FIELD_INVALID");
    expect(verdict(withField({ ...good, window: { ...window, stride: 0 } }))).toBe("MANIFEST_INVALID");
    expect(verdict(withField({ ...good, window: { ...window, array: "x y" } }))).toBe("FIELD_INVALID");
    expect(verdict(edited((manifest) => (manifest.fields = [])))).toBe("FIELD_INVALID");
    expect(verdict(edited((manifest) => (manifest.fields = [good, good])))).toBe("FIELD_INVALID");
    expect(verdict(edited((manifest) => (manifest.fields = Array(33).fill(good))))).toBe("MANIFEST_TOO_LARGE");
  });

  it("is refused when a shard's hash, bytes or samples cannot be right", () => {
    const good = { sha256: HASH, byteLength: 2368, samples: 3 };
    expect(verdict(withShard(good))).toBe("accepted");
    expect(verdict(withShard({ ...good, sha256: HASH.toUpperCase() }))).toBe("MANIFEST_INVALID");
    expect(verdict(withShard({ ...good, sha256: "../../etc/passwd" }))).toBe("MANIFEST_INVALID");
    expect(verdict(withShard({ ...good, byteLength: 2367 }))).toBe("MANIFEST_INVALID");
    expect(verdict(withShard({ ...good, samples: 4 }))).toBe("MANIFEST_INVALID");
    expect(verdict(withShard({ ...good, samples: 0 }))).toBe("MANIFEST_INVALID");
    expect(verdict(withShard({ ...good, byteLength: 2 ** 30 }))).toBe("MANIFEST_TOO_LARGE");
    expect(verdict(withShard({ ...good, samples: 2 ** 23 }))).toBe("MANIFEST_TOO_LARGE");
  });

  it("is refused before it is read when its text is longer than the limit", () => {
    expect(verdict(" ".repeat(16_777_217))).toBe("MANIFEST_TOO_LARGE");
  });
});

describe("any JSON at all", () => {
  it("is a manifest that comes back from its own canonical form, or an error with a code, and nothing else", () => {
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom(0, 1, 3, -1, 1e21, "train", HASH, "uint8", [], {}));
    const keys = fc.constantFrom("format", "version", "fields", "splits", "extra");
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, values), { maxLength: 3 }), (edits) => {
        const json = edited((manifest) => {
          for (const [key, value] of edits) manifest[key] = value;
        });
        try {
          const manifest = parseManifest(json);
          expect(parseManifest(encodeManifest(manifest))).toEqual(manifest);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("may be broken at any character", () => {
    fc.assert(
      fc.property(fc.nat(JSON_TEXT.length - 1), fc.string({ maxLength: 3 }), (at, inserted) => {
        try {
          const manifest = parseManifest(JSON_TEXT.slice(0, at) + inserted + JSON_TEXT.slice(at + 1));
          expect(parseManifest(encodeManifest(manifest))).toEqual(manifest);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
