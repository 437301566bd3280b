import fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { type PlainValue, packMessage, unpackMessage } from "./message-pack.ts";

// Another implementation of the format, set to write as the protocol does.
const OPTIONS = { useRecords: false, variableMapSize: true, int64AsType: "number", mapsAsObjects: true } as const;
const packr = new Packr(OPTIONS);
const unpackr = new Unpackr(OPTIONS);

const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const NEGATIVE_EDGES = [-1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, -(2 ** 31), -(2 ** 31) - 1, 0.5, 1e300];

const plain: fc.Arbitrary<PlainValue> = fc.letrec<{ value: PlainValue; leaf: PlainValue }>((tie) => ({
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true }).map((number) => number + 0),
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
  ),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,40}$/), tie("value"), { maxKeys: 20 }),
  ),
})).value;

describe("MessagePack", () => {
  it.each([...EDGES, ...NEGATIVE_EDGES])("[C1] writes %d as msgpackr does, and reads it again", (number) => {
    const packed = packMessage({ a: number });
    expect([...packed]).toEqual([...packr.pack({ a: number })]);
    expect(unpackMessage(packed)).toEqual({ a: number });
  });

  it("[C1] writes any plain value as msgpackr does, and each reads what the other wrote", () => {
    fc.assert(
      fc.property(plain, (value) => {
        const whole = { value };
        const packed = packMessage(whole);
        expect(Buffer.from(packed).equals(packr.pack(whole))).toBe(true);
        expect(unpackMessage(packed)).toEqual(whole);
        expect(unpackMessage(Uint8Array.from(packr.pack(whole)))).toEqual(whole);
        expect(Buffer.from(packr.pack(unpackr.unpack(packed))).equals(packed)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("reads float 32, which it never writes", () => {
    // {"a": 1.5}: float 32 from the specification, 0xca and IEEE 754 single precision.
    expect(unpackMessage(Uint8Array.of(0x81, 0xa1, 0x61, 0xca, 0x3f, 0xc0, 0, 0))).toEqual({ a: 1.5 });
  });

  it("refuses text that is no UTF-8", () => {
    expect(() => unpackMessage(Uint8Array.of(0x81, 0xa1, 0x61, 0xa1, 0xff))).toThrow(TypeError);
  });
});
