import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Body, Kernel, KernelProgram, Storage } from "./ir.ts";
import { packBanks, packBlocks, planMemory } from "./memory-plan.ts";

const arena = (length: number): Storage => ({ dtype: "float32", length, place: { kind: "arena" } });

/** Copies one storage to another. */
function copy(from: number, to: number, length: number): Kernel {
  const window = { offset: 0, strides: [1] };
  const body: Body = {
    shape: [length],
    steps: [{ kind: "load", dtype: "float32", storage: from, window }],
    stores: [{ step: 0, storage: to, window }],
  };
  return { kind: "map", body };
}

describe("packing of blocks", () => {
  it("blocks that are never needed together share memory", () => {
    const blocks = [
      { bytes: 100, first: 0, last: 1 },
      { bytes: 200, first: 1, last: 2 },
      { bytes: 64, first: 2, last: 3 },
    ];
    // The largest lies at 0; the two others, which never meet, both lie behind it, at the next cache line.
    expect(packBlocks(blocks)).toEqual({ offsets: [256, 0, 256], bytes: 384 });
  });

  it("a block goes into the lowest gap that is large enough", () => {
    const blocks = [
      { bytes: 256, first: 0, last: 3 },
      { bytes: 192, first: 0, last: 1 },
      { bytes: 128, first: 1, last: 3 },
      { bytes: 64, first: 2, last: 3 },
    ];
    // 256 at 0, 192 behind it, 128 behind both; the last fits where the 192 were.
    expect(packBlocks(blocks)).toEqual({ offsets: [0, 256, 448, 256], bytes: 576 });
  });

  it("with a capacity, what does not fit begins another bank, and a larger block has one from its beginning", () => {
    const blocks = [
      { bytes: 256, first: 0, last: 3 },
      { bytes: 128, first: 0, last: 1 },
      { bytes: 1000, first: 2, last: 3 },
      { bytes: 64, first: 0, last: 3 },
      { bytes: 300, first: 0, last: 1 },
    ];
    // 1000 in bank 0; 300, earlier than that, in the same place; 256 there would begin behind 1000, so in bank 1; 128 behind those 300, which end with the
    // line at 320; 64 behind the 256.
    expect(packBanks(blocks, 512)).toEqual({
      places: [
        { bank: 1, offset: 0 },
        { bank: 0, offset: 320 },
        { bank: 0, offset: 0 },
        { bank: 1, offset: 256 },
        { bank: 0, offset: 0 },
      ],
      banks: [1024, 320],
    });
  });

  it("no two blocks overlap in time and in memory, and all are aligned", () => {
    const block = fc
      .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(20), span: fc.nat(8) })
      .map(({ bytes, first, span }) => ({ bytes, first, last: first + span }));
    fc.assert(
      fc.property(fc.array(block, { maxLength: 40 }), (blocks) => {
        const { offsets, bytes } = packBlocks(blocks);
        for (const [a, one] of blocks.entries()) {
          expect(offsets[a] % 64).toBe(0);
          expect(offsets[a] + one.bytes).toBeLessThanOrEqual(bytes);
          for (const [b, two] of blocks.slice(0, a).entries()) {
            if (one.last < two.first || two.last < one.first) continue;
            const apart = offsets[a] + one.bytes <= offsets[b] || offsets[b] + two.bytes <= offsets[a];
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });
});

describe("planning of a program", () => {
  it("a chain needs two storages at a time", () => {
    // input -> 1 -> 2 -> 3 -> output, each of 16 floats: 3 may lie where 1 was.
    const storages: Storage[] = [
      { dtype: "float32", length: 16, place: { kind: "input", index: 0 } },
      ...[1, 2, 3].map(() => arena(16)),
      { dtype: "float32", length: 16, place: { kind: "output", index: 0 } },
    ];
    const kernels = [0, 1, 2, 3].map((from) => copy(from, from + 1, 16));
    const program: KernelProgram = { storages, kernels, outputs: [4] };
    const plan = planMemory(program, () => 0);
    expect(plan.bytes).toBe(128);
    expect(plan.storages.get(3)).toBe(plan.storages.get(1));
    expect(plan.storages.get(2)).not.toBe(plan.storages.get(1));
  });

  it("a kernel's own memory is apart from what the kernel reads and writes", () => {
    const kernels = [copy(0, 1, 16), copy(1, 2, 16)];
    const storages: Storage[] = [
      { dtype: "float32", length: 16, place: { kind: "input", index: 0 } },
      arena(16),
      { dtype: "float32", length: 16, place: { kind: "output", index: 0 } },
    ];
    const plan = planMemory({ storages, kernels, outputs: [2] }, (kernel) => (kernel === kernels[1] ? 1000 : 0));
    expect(plan.scratch.get(kernels[1])).toBe(0);
    expect(plan.storages.get(1)).toBe(1024);
    expect(plan.bytes).toBe(1088);
  });

  it("what only a scan's body uses is planned inside the scan; what its turns hand on is not", () => {
    // Carry 0 goes from input 0 through storages 3 (last) and 4 (other); 5 is a value of the body.
    const storages: Storage[] = [
      { dtype: "float32", length: 16, place: { kind: "input", index: 0 } },
      { dtype: "float32", length: 16, place: { kind: "carry", carry: 0, side: "read" } },
      { dtype: "float32", length: 16, place: { kind: "carry", carry: 0, side: "write" } },
      arena(16),
      arena(16),
      arena(16),
      { dtype: "float32", length: 16, place: { kind: "output", index: 0 } },
    ];
    const scan: Kernel = {
      kind: "scan",
      loop: 0,
      length: 3,
      reverse: false,
      carries: [{ carry: 0, initial: 0, last: 3, other: 4 }],
      kernels: [copy(1, 5, 16), copy(5, 2, 16)],
    };
    const plan = planMemory({ storages, kernels: [scan, copy(3, 6, 16)], outputs: [6] }, () => 0);
    const addresses = [3, 4, 5].map((storage) => plan.storages.get(storage));
    expect(new Set(addresses).size).toBe(3);
    expect(plan.bytes).toBe(192);
  });
});
