import { describe, expect, it } from "vitest";
import { compute, floats, ints, value } from "./interpreter-harness.ts";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe("elementwise operations", () => {
  it("compute floats in the precision asked for", () => {
    expect(compute("exp", {}, [floats([1], [1])])).toEqual([[Math.E]]);
    expect(compute("exp", {}, [value("float32", [1], [1], "float32")], "float32")).toEqual([[2.7182817459106445]]);
  });

  it("give sign(NaN) = 0 and hand a NaN on in maximum and minimum, as PyTorch does", () => {
    expect(compute("sign", {}, [floats([4], [-3, 0, 2, nan])])).toEqual([[-1, 0, 1, 0]]);
    const [a, b] = [floats([3], [1, nan, 2]), floats([3], [3, 1, nan])];
    expect(compute("maximum", {}, [a, b])).toEqual([[3, nan, nan]]);
    expect(compute("minimum", {}, [a, b])).toEqual([[1, nan, nan]]);
  });

  it("give the powers of IEEE 754", () => {
    const bases = floats([10], [2, -2, -2, nan, 1, 0, 0, -1, infinity, 4]);
    const exponents = floats([10], [3, 3, 0.5, 0, nan, 0, -1, infinity, -1, -0.5]);
    expect(compute("pow", {}, [bases, exponents])).toEqual([[8, -8, nan, 1, 1, 1, infinity, 1, 0, 0.5]]);
  });

  it("wrap int32, truncate quotients and give 0 for x / 0", () => {
    const smallest = -(2 ** 31);
    const a = ints([4], [2 ** 31 - 1, smallest, -7, 5]);
    const b = ints([4], [1, -1, 2, 0]);
    expect(compute("add", {}, [a, b])).toEqual([[smallest, 2 ** 31 - 1, -5, 5]]);
    expect(compute("mul", {}, [a, b])).toEqual([[2 ** 31 - 1, smallest, -14, 0]]);
    expect(compute("div", {}, [a, b])).toEqual([[2 ** 31 - 1, smallest, -3, 0]]);
    expect(compute("neg", {}, [a])).toEqual([[-(2 ** 31 - 1), smallest, 7, -5]]);
    expect(compute("abs", {}, [a])).toEqual([[2 ** 31 - 1, smallest, 7, 5]]);
  });

  it("wrap uint32, whose largest numbers are positive", () => {
    const a = value("uint32", [3], [2 ** 32 - 1, 0, 2 ** 31]);
    const b = value("uint32", [3], [2, 1, 3]);
    expect(compute("add", {}, [a, b])).toEqual([[1, 1, 2 ** 31 + 3]]);
    expect(compute("sub", {}, [a, b])).toEqual([[2 ** 32 - 3, 2 ** 32 - 1, 2 ** 31 - 3]]);
    expect(compute("mul", {}, [a, b])).toEqual([[2 ** 32 - 2, 0, 2 ** 31]]);
    expect(compute("div", {}, [a, b])).toEqual([[2 ** 31 - 1, 0, 715827882]]);
    expect(compute("maximum", {}, [a, b])).toEqual([[2 ** 32 - 1, 1, 2 ** 31]]);
  });

  it("raise integers to powers modulo 2 ** 32", () => {
    // 3 ** 21 = 10460353203 = 2 * 2 ** 32 + 1870418611; 7 ** 40 has too many bits for a float64.
    expect(compute("pow", {}, [ints([4], [3, -2, 2, 0]), ints([4], [21, 3, 31, 0])])).toEqual([
      [1870418611, -8, -(2 ** 31), 1],
    ]);
    expect(compute("pow", {}, [value("uint32", [1], [7]), value("uint32", [1], [40])])).toEqual([
      [Number(7n ** 40n % 2n ** 32n)],
    ]);
  });

  it("compare: any comparison with NaN is false, except notEqual", () => {
    const [a, b] = [floats([4], [1, 2, nan, -0]), floats([4], [1, 1, nan, 0])];
    expect(compute("compare", { comparator: "equal" }, [a, b])).toEqual([[1, 0, 0, 1]]);
    expect(compute("compare", { comparator: "notEqual" }, [a, b])).toEqual([[0, 1, 1, 0]]);
    expect(compute("compare", { comparator: "lessEqual" }, [a, b])).toEqual([[1, 0, 0, 1]]);
    expect(compute("compare", { comparator: "greater" }, [a, b])).toEqual([[0, 1, 0, 0]]);
  });

  it("where takes from the first where the condition holds", () => {
    expect(
      compute("where", {}, [value("bool", [3], [1, 0, 1]), floats([3], [1, 2, 3]), floats([3], [4, 5, 6])]),
    ).toEqual([[1, 5, 3]]);
  });

  it("cast truncates and saturates floats, wraps integers, and rounds to float16", () => {
    const x = floats([6], [-1.9, 2.9, 3e9, -3e9, nan, infinity]);
    expect(compute("cast", { dtype: "int32" }, [x])).toEqual([[-1, 2, 2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 1]]);
    expect(compute("cast", { dtype: "uint32" }, [x])).toEqual([[0, 2, 3e9, 0, 0, 2 ** 32 - 1]]);
    expect(compute("cast", { dtype: "uint8" }, [x])).toEqual([[0, 2, 255, 0, 0, 255]]);
    expect(compute("cast", { dtype: "bool" }, [x])).toEqual([[1, 1, 1, 1, 1, 1]]);
    expect(compute("cast", { dtype: "float16" }, [floats([2], [0.1, 1e6])])).toEqual([[0x2e66, 0x7c00]]);
    expect(compute("cast", { dtype: "float32" }, [value("float16", [1], [0x3555])])).toEqual([[0.333251953125]]);
    expect(compute("cast", { dtype: "uint8" }, [ints([2], [257, -1])])).toEqual([[1, 255]]);
    expect(compute("cast", { dtype: "uint32" }, [ints([1], [-1])])).toEqual([[2 ** 32 - 1]]);
  });
});
