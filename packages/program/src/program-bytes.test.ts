import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createProgram,
  decodeProgram,
  encodeProgram,
  GraphBuilder,
  OPERATION_NAMES,
  PROGRAM_LIMITS,
  type Program,
  type ProgramErrorCode,
  programHash,
} from "./index.ts";
import { codeOf } from "./testing/code-of.ts";
import { everyOperation } from "./testing/every-operation.ts";

function doubling(name = "double"): Program {
  const builder = new GraphBuilder();
  const x = builder.input({ dtype: "float32", shape: [3] });
  const graph = builder.build([builder.add("add", {}, [x, x])]);
  return createProgram({ name, graph, inputs: ["x"], outputs: [{ name: "y", replaces: "x" }] });
}

const ascii = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

// Written by hand after the grammar in program-format.ts.
const DOUBLING_BYTES = [
  ...[0x54, 0x42, 0x50, 0x47], // "TBPG"
  ...[1, 0], // version 1
  ...ascii("double"),
  ...[1, ...ascii("add")], // one operation
  ...[1, 0, 1, 3], // one graph input: float32, rank 1, 3
  ...[1, 0, 2, 1, 1], // one node: operation 0, two inputs, each one value back
  ...[1, 0, 1, 3], // its one output
  ...[1, 1], // one graph output: value 1
  ...ascii("x"),
  ...[...ascii("y"), 1], // replaces input 0
];

describe("canonical bytes", () => {
  it("are those of the grammar, byte by byte", () => {
    expect([...encodeProgram(doubling())]).toEqual(DOUBLING_BYTES);
  });

  it("decode to an equal program", () => {
    expect(decodeProgram(Uint8Array.from(DOUBLING_BYTES))).toEqual(doubling());
  });

  it("round-trip every operation, scan bodies, NaN, -0 and infinities", () => {
    const program = everyOperation();
    const used = new Set<string>();
    for (const node of program.graph.nodes) used.add(node.operation);
    expect([...used].sort()).toEqual([...OPERATION_NAMES].sort());
    const bytes = encodeProgram(program);
    const decoded = decodeProgram(bytes);
    expect(decoded).toEqual(program);
    expect(encodeProgram(decoded)).toEqual(bytes);
  });

  it("do not depend on the order of attribute keys", () => {
    const build = (attributes: { transposeA: boolean; transposeB: boolean }): Program => {
      const builder = new GraphBuilder();
      const x = builder.input({ dtype: "float32", shape: [2, 2] });
      const graph = builder.build([builder.add("matmul", attributes, [x, x])]);
      return createProgram({ name: "square", graph, inputs: ["x"], outputs: [{ name: "y" }] });
    };
    expect(encodeProgram(build({ transposeB: true, transposeA: false }))).toEqual(
      encodeProgram(build({ transposeA: false, transposeB: true })),
    );
  });

  it("are read from a view into a larger buffer", () => {
    const padded = Uint8Array.from([9, 9, 9, ...DOUBLING_BYTES, 9]);
    expect(decodeProgram(padded.subarray(3, 3 + DOUBLING_BYTES.length)).name).toBe("double");
  });
});

describe("hash", () => {
  it("is the SHA-256 of the bytes (a compatibility pin: if this changes, old runs and new workers no longer agree)", () => {
    // sha256sum of DOUBLING_BYTES, worked once outside this project.
    expect(programHash(doubling())).toBe("5217f52265ca1ee265cedfba911820cf7c95e82ca5198ad1fe373d179463c21e");
  });

  it("tells programs apart by name, shape and constants", () => {
    expect(programHash(doubling("twice"))).not.toBe(programHash(doubling()));
  });
});

describe("bytes from a stranger", () => {
  const good = Uint8Array.from(DOUBLING_BYTES);
  const decodeWith = (change: (bytes: number[]) => void): ProgramErrorCode | "none" => {
    const bytes = [...DOUBLING_BYTES];
    change(bytes);
    return codeOf(() => decodeProgram(Uint8Array.from(bytes)));
  };

  it("of another kind or version are refused", () => {
    expect(codeOf(() => decodeProgram(new Uint8Array(0)))).toBe("BYTES_TRUNCATED");
    expect(decodeWith((bytes) => bytes.splice(0, 1, 0x55))).toBe("BYTES_MAGIC");
    expect(decodeWith((bytes) => bytes.splice(4, 1, 2))).toBe("BYTES_VERSION");
  });

  it("cut off anywhere are refused", () => {
    for (let length = 0; length < good.length; length += 1) {
      expect(codeOf(() => decodeProgram(good.subarray(0, length)))).toMatch(/^BYTES_/);
    }
  });

  it("with something after the end are refused", () => {
    expect(decodeWith((bytes) => bytes.push(0))).toBe("BYTES_TRAILING");
  });

  it("with an unknown operation are refused", () => {
    expect(decodeWith((bytes) => bytes.splice(15, 3, ...new TextEncoder().encode("adx")))).toBe("OPERATION_UNKNOWN");
  });

  it("whose node uses itself, or a value before the first, are refused: no cycle can be written", () => {
    const distance = DOUBLING_BYTES.length - 14 + 1;
    expect(DOUBLING_BYTES.slice(distance - 3, distance + 2)).toEqual([1, 0, 2, 1, 1]);
    expect(decodeWith((bytes) => bytes.splice(distance, 1, 0))).toBe("BYTES_INVALID");
    expect(decodeWith((bytes) => bytes.splice(distance, 1, 2))).toBe("BYTES_INVALID");
  });

  it("with a forged output shape are refused", () => {
    const shape = DOUBLING_BYTES.length - 14 + 6;
    expect(DOUBLING_BYTES.slice(shape - 3, shape + 1)).toEqual([1, 0, 1, 3]);
    expect(decodeWith((bytes) => bytes.splice(shape, 1, 4))).toBe("TYPE_FORGED");
  });

  it("that encode the same program in another way are refused", () => {
    // 3 as a varint of two bytes: 0x83 0x00.
    expect(decodeWith((bytes) => bytes.splice(21, 1, 0x83, 0x00))).toBe("BYTES_NOT_CANONICAL");
    // A second operation in the list, which no node uses.
    expect(
      decodeWith((bytes) => {
        bytes.splice(18, 0, ...ascii("sub"));
        bytes.splice(13, 1, 2);
      }),
    ).toBe("BYTES_NOT_CANONICAL");
  });

  it("longer than the limit are refused before they are read", () => {
    expect(codeOf(() => decodeProgram(good, { ...PROGRAM_LIMITS, programBytes: good.length - 1 }))).toBe(
      "LIMIT_PROGRAM_BYTES",
    );
    expect(codeOf(() => decodeProgram(good, { ...PROGRAM_LIMITS, programBytes: good.length }))).toBe("none");
  });

  it.each([
    ["nodes", "LIMIT_NODES"],
    ["values", "LIMIT_NODES"],
    ["depth", "LIMIT_DEPTH"],
  ] as const)("with more %s than the limit are refused while they are read", (limit, code) => {
    const bytes = encodeProgram(everyOperation());
    expect(codeOf(() => decodeProgram(bytes, { ...PROGRAM_LIMITS, [limit]: 0 }))).toBe(code);
  });
});

/** Bytes that a decode may add to the heap for each byte of input: small objects in place of small encodings. */
const HEAP_BYTES_PER_BYTE_MAX = 2_000;
const HEAP_BYTES_SLACK = 64 * 1024 * 1024;

describe("malformed bytes", () => {
  const base = encodeProgram(everyOperation());

  it("of any kind are refused with a ProgramError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => decodeProgram(bytes))).not.toBe("none");
      }),
      { seed: 20_26, numRuns: 2_000 },
    );
  });

  it("after a good header are refused with a ProgramError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        expect(codeOf(() => decodeProgram(Uint8Array.from([...DOUBLING_BYTES.slice(0, 18), ...tail])))).not.toBe(
          "none",
        );
      }),
      { seed: 7, numRuns: 3_000 },
    );
  });

  it("made by changing good ones decode to a program that encodes to them, or are refused", () => {
    const change = fc.record({
      at: fc.nat(base.length - 1),
      remove: fc.nat(3),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.constant(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)),
        fc.constant(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
      ),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = [...base];
        for (const { at, remove, insert } of changes) bytes.splice(at, remove, ...insert);
        const changed = Uint8Array.from(bytes);
        let program: Program | undefined;
        const code = codeOf(() => {
          program = decodeProgram(changed);
        });
        if (code === "none" && program !== undefined) expect(encodeProgram(program)).toEqual(changed);
      }),
      { seed: 42, numRuns: 5_000 },
    );
  });

  it("that declare huge lists allocate no more than their own length allows", () => {
    const HUGE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    const before = process.memoryUsage().heapUsed;
    for (let at = 6; at < DOUBLING_BYTES.length; at += 1) {
      const bytes = Uint8Array.from([
        ...DOUBLING_BYTES.slice(0, at),
        ...HUGE,
        ...DOUBLING_BYTES.slice(at + 1),
        ...new Array(1000).fill(0),
      ]);
      expect(codeOf(() => decodeProgram(bytes))).not.toBe("none");
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(
        HEAP_BYTES_SLACK + HEAP_BYTES_PER_BYTE_MAX * bytes.length,
      );
    }
  });

  it("that declare tensors of 2^62 elements are refused before anything is multiplied out", () => {
    const builder = new GraphBuilder();
    const x = builder.input({ dtype: "float32", shape: [1] });
    const graph = builder.build([builder.add("broadcast", { shape: [2 ** 31 - 1, 2 ** 31 - 1] }, [x])]);
    expect(codeOf(() => createProgram({ name: "huge", graph, inputs: ["x"], outputs: [{ name: "y" }] }))).toBe(
      "LIMIT_ELEMENTS",
    );
  });
});
