import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLayout, parseLayout, SEGMENT_FLOATS_MAX } from "./index.ts";
import { codeOf } from "./testing/code-of.ts";

const trained = (name: string, ...shape: number[]) => ({ name, shape, trainable: true });
const frozen = (name: string, ...shape: number[]) => ({ name, shape, trainable: false });

describe("a layout", () => {
  const layout = createLayout({
    parameters: [trained("0.weight", 3, 5), frozen("embedding", 2, 3), trained("0.bias", 3), trained("scale")],
    buffers: [
      { name: "norm.mean", shape: [5] },
      { name: "norm.count", shape: [] },
    ],
  });

  it("puts trainable parameters first, each at a multiple of 4 floats", () => {
    // 15 floats at 0, 3 at 16, 1 at 20, then the trainable prefix ends at 24.
    expect(layout.parameters).toEqual([
      { name: "0.weight", shape: [3, 5], offset: 0, length: 15, trainable: true },
      { name: "0.bias", shape: [3], offset: 16, length: 3, trainable: true },
      { name: "scale", shape: [], offset: 20, length: 1, trainable: true },
      { name: "embedding", shape: [2, 3], offset: 24, length: 6, trainable: false },
    ]);
    expect(layout.trainableLength).toBe(24);
    expect(layout.parameterLength).toBe(32);
  });

  it("lays buffers out by themselves", () => {
    expect(layout.buffers.map(({ name, offset, length }) => [name, offset, length])).toEqual([
      ["norm.mean", 0, 5],
      ["norm.count", 8, 1],
    ]);
    expect(layout.bufferLength).toBe(12);
  });

  it("is one segment while it is small, and none when it is empty", () => {
    expect(layout.segments).toEqual([{ offset: 0, length: 32 }]);
    const empty = createLayout({ parameters: [], buffers: [] });
    expect(empty.segments).toEqual([]);
    expect([empty.parameterLength, empty.trainableLength, empty.bufferLength]).toEqual([0, 0, 0]);
  });

  it("keeps a tensor without elements", () => {
    const some = createLayout({ parameters: [trained("a", 0, 3), trained("b", 2)], buffers: [] });
    expect(some.parameters.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 0],
      [0, 2],
    ]);
  });
});

describe("segments of 128 MiB", () => {
  it("a tensor that does not fit into the rest of one begins the next, at a multiple of 64 floats", () => {
    // 2^25 floats a segment. 20,000,001 and 20,000,000 do not fit together: the second begins at 20,000,064.
    const { parameters, segments, parameterLength } = createLayout({
      parameters: [trained("a", 20_000_001), trained("b", 20_000_000), trained("c", 5)],
      buffers: [],
    });
    expect(parameters.map(({ offset }) => offset)).toEqual([0, 20_000_064, 40_000_064]);
    expect(segments).toEqual([
      { offset: 0, length: 20_000_064 },
      { offset: 20_000_064, length: 20_000_008 },
    ]);
    expect(parameterLength).toBe(40_000_072);
  });

  it("a tensor as large as a segment fills one", () => {
    const { segments } = createLayout({ parameters: [trained("a", 2 ** 25), trained("b", 1)], buffers: [] });
    expect(segments).toEqual([
      { offset: 0, length: 2 ** 25 },
      { offset: 2 ** 25, length: 4 },
    ]);
  });

  it("a larger tensor is cut between rows, so that parts begin at multiples of 64 floats", () => {
    // Rows of 1,000 floats: 33,554 fit; a multiple of 8 of them, 33,552, makes a multiple of 64 floats.
    const { parameters, segments } = createLayout({
      parameters: [trained("first", 10), trained("table", 100_000, 1000), trained("last", 10)],
      buffers: [],
    });
    expect(parameters.map(({ offset }) => offset)).toEqual([0, 64, 100_000_064]);
    expect(segments).toEqual([
      { offset: 0, length: 64 },
      { offset: 64, length: 33_552_000 },
      { offset: 33_552_064, length: 33_552_000 },
      // The rest of the table, 32,896 rows, and `last`.
      { offset: 67_104_064, length: 32_896_012 },
    ]);
  });

  it("a row larger than a segment is refused", () => {
    expect(codeOf(() => createLayout({ parameters: [trained("a", 1, 2 ** 25 + 1)], buffers: [] }))).toBe(
      "LAYOUT_ROW_TOO_LARGE",
    );
  });

  it("a vector that int32 cannot index is refused", () => {
    expect(codeOf(() => createLayout({ parameters: [trained("a", 2 ** 20, 2 ** 11)], buffers: [] }))).toBe(
      "LAYOUT_INVALID",
    );
  });

  it("cover the vector, are aligned, and no tensor that fits into one straddles two", () => {
    const tensor = fc.record({
      rows: fc.integer({ min: 0, max: 60_000 }),
      columns: fc.integer({ min: 1, max: 2_000 }),
    });
    fc.assert(
      fc.property(fc.array(tensor, { maxLength: 12 }), (tensors) => {
        const { parameters, segments, parameterLength } = createLayout({
          parameters: tensors.map(({ rows, columns }, place) => trained(`p${place}`, rows, columns)),
          buffers: [],
        });
        let end = 0;
        for (const { offset, length } of segments) {
          expect(offset).toBe(end);
          expect(offset % 64).toBe(0);
          expect(length).toBeLessThanOrEqual(SEGMENT_FLOATS_MAX);
          end = offset + length;
        }
        expect(end).toBe(parameterLength);
        for (const entry of parameters) {
          const touched = segments.filter(
            ({ offset, length }) => offset < entry.offset + entry.length && entry.offset < offset + length,
          );
          if (entry.length > 0 && entry.length <= SEGMENT_FLOATS_MAX) expect(touched).toHaveLength(1);
          const rowLength = entry.shape[1] ?? 1;
          for (const cut of touched.slice(1)) expect((cut.offset - entry.offset) % rowLength).toBe(0);
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe("ranges", () => {
  it("are contiguous, balanced, and multiples of 4 floats", () => {
    const layout = createLayout({ parameters: [trained("a", 42)], buffers: [] });
    // 44 floats are 11 groups of 4: 3 + 4 + 4.
    expect(layout.ranges(3)).toEqual([
      { offset: 0, length: 12 },
      { offset: 12, length: 16 },
      { offset: 28, length: 16 },
    ]);
    expect(layout.ranges(1)).toEqual([{ offset: 0, length: 44 }]);
  });

  it("are empty where there are more of them than groups", () => {
    const layout = createLayout({ parameters: [trained("a", 8)], buffers: [] });
    expect(layout.ranges(4).map(({ length }) => length)).toEqual([0, 4, 0, 4]);
    expect(codeOf(() => layout.ranges(0))).toBe("LAYOUT_INVALID");
    expect(codeOf(() => layout.ranges(1.5))).toBe("LAYOUT_INVALID");
  });
});

describe("hash", () => {
  const base = { parameters: [trained("a", 2, 3), trained("b", 3)], buffers: [{ name: "c", shape: [1] }] };

  it("is the SHA-256 of names, shapes and which are trainable (a compatibility pin)", () => {
    // sha256sum of ["tributary-layout-1",[["a",[2,3],true],["b",[3],true]],[["c",[1]]]], worked once outside this project.
    expect(createLayout(base).hash).toBe("3456f68106e8f5683efc7b4a84828afbc8609a6c5e87cef943745942e4c91cd9");
  });

  it("changes with a name, a shape, an order, and what is trainable", () => {
    const hashes = [
      base,
      { ...base, parameters: [trained("A", 2, 3), trained("b", 3)] },
      { ...base, parameters: [trained("a", 3, 2), trained("b", 3)] },
      { ...base, parameters: [trained("b", 3), trained("a", 2, 3)] },
      { ...base, parameters: [trained("a", 2, 3), frozen("b", 3)] },
      { ...base, buffers: [] },
    ].map((description) => createLayout(description).hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe("JSON", () => {
  const layout = createLayout({
    parameters: [frozen("f", 2), trained("w", 2, 3)],
    buffers: [{ name: "m", shape: [1] }],
  });
  const json = () => JSON.parse(JSON.stringify(layout));

  it("gives the layout back", () => {
    expect(parseLayout(json())).toEqual(layout);
  });

  it("is refused when it is not of the documented form", () => {
    for (const broken of [
      null,
      3,
      [],
      {},
      { ...json(), parameters: {} },
      { ...json(), parameters: [null] },
      { ...json(), buffers: [{ name: 1, shape: [] }] },
    ]) {
      expect(codeOf(() => parseLayout(broken))).toBe("LAYOUT_INVALID");
    }
    expect(codeOf(() => parseLayout({ ...json(), parameters: [{ name: "w", shape: ["2"], trainable: true }] }))).toBe(
      "LAYOUT_INVALID",
    );
    expect(codeOf(() => parseLayout({ ...json(), parameters: [{ name: "w", shape: [2], trainable: 1 }] }))).toBe(
      "LAYOUT_INVALID",
    );
  });

  it("is refused when its hash is not that of its contents", () => {
    expect(codeOf(() => parseLayout({ ...json(), hash: "00" }))).toBe("LAYOUT_INVALID");
    const changed = json();
    changed.parameters[0].shape = [3, 2];
    expect(codeOf(() => parseLayout(changed))).toBe("LAYOUT_INVALID");
  });

  it("is refused with bad names and shapes", () => {
    const named = (name: string) => codeOf(() => createLayout({ parameters: [trained(name, 1)], buffers: [] }));
    for (const name of ["", ".a", "a b", "__proto__", "constructor", "x".repeat(257)])
      expect(named(name)).toBe("NAME_INVALID");
    expect(named("layers.0.conv-1_a.weight")).toBe("none");
    expect(codeOf(() => createLayout({ parameters: [trained("a", 1)], buffers: [{ name: "a", shape: [1] }] }))).toBe(
      "NAME_REPEATED",
    );
    expect(codeOf(() => createLayout({ parameters: [trained("a", -1)], buffers: [] }))).toBe("SHAPE_INVALID");
  });
});
