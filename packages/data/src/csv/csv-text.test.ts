import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCsv } from "./csv-text.ts";

const values = (text: string, separator?: string) => parseCsv(text, separator).map((record) => record.values);

describe("CSV after RFC 4180", () => {
  it("has a record a line, with or without a line break at the end of the file", () => {
    expect(values("a,b\n1,2\n")).toEqual(values("a,b\n1,2"));
    expect(values("a,b\r\n1,2\r\n")).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });

  it("takes separators, line breaks and doubled quotes inside of quotes", () => {
    expect(values('"a,b","say ""hi""","two\r\nlines"\n,,\n')).toEqual([
      ["a,b", 'say "hi"', "two\r\nlines"],
      ["", "", ""],
    ]);
  });

  it("counts lines as an editor does, also those inside of quotes", () => {
    expect(parseCsv('a\n"1\n2"\n\n3').map(({ line }) => line)).toEqual([1, 2, 4, 5]);
  });

  it("may be separated by another character", () => {
    expect(values("1;2,5\n", ";")).toEqual([["1", "2,5"]]);
    expect(() => parseCsv("1", "||")).toThrow('The separator is "||": use one character');
  });

  it("keeps spaces, and drops blank lines only at the end", () => {
    expect(values(" a , b \n\n1\n\n\n")).toEqual([[" a ", " b "], [""], ["1"]]);
    expect(values("")).toEqual([]);
  });

  it("gives back any table that was written after the RFC", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "7", " ", ",", '"', "\r", "\n", "é") });
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.constantFrom("\n", "\r\n"), fc.boolean(), (table, end, quoteAll) => {
        const write = (value: string) =>
          quoteAll || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
        expect(values(table.map((row) => row.map(write).join(",") + end).join(""))).toEqual(table);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a\nb"c\n', "Line 2: a quote stands inside a value"],
    ['a\n"b"c\n', 'Line 2: "c" follows a closing quote'],
    ['a\n"b\nc\n', "Line 2: a quote is opened and never closed"],
  ])("refuses %j, naming the line", (text, message) => {
    expect(() => parseCsv(text)).toThrow(message);
  });
});
