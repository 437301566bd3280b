import { describe, expect, it } from "vitest";
import type { Kernel, ScanKernel } from "../../ir.ts";
import type { KernelCode } from "../kernel-code.ts";
import { emitChain } from "./chain-code.ts";
import { KernelBench } from "./testing/kernels.ts";

/** The lines of a chain's code, and what it declared. */
function chainLines(
  bench: KernelBench,
  chain: { digits?: { loop: number; size: number }[]; kernels: readonly Kernel[] },
  emitInner: (kernel: Kernel) => KernelCode = () => ({ workgroups: 1, statements: "work();" }),
): { lines: string[]; routines: string[] } {
  const routines: string[] = [];
  const context = {
    storages: bench.table.all,
    routine: (_: string, text: string): void => void routines.push(text),
  };
  const { digits = [], kernels } = chain;
  const groups = digits.reduce((product, { size }) => product * size, 1);
  const code = emitChain(context, { kind: "chain", groups, digits, kernels, whole: kernels }, emitInner);
  expect(code.workgroups).toBe(groups);
  return { lines: code.statements.split("\n"), routines };
}

const fence = ["storageBarrier();", "workgroupBarrier();"];
const once = ["{", "let wg = 0u;", "work();", "}"];

describe("the code of a chain", () => {
  it("takes the part's number apart: 3 batches of 4 heads of 5 blocks", () => {
    const digits = [
      { loop: 7, size: 3 },
      { loop: 8, size: 4 },
      { loop: 9, size: 5 },
    ];
    const { lines, routines } = chainLines(new KernelBench(), { digits, kernels: [] });
    expect(lines.filter((line) => line !== "")).toEqual([
      "time9 = (wg) % 5u;",
      "time8 = ((wg) / 5u) % 4u;",
      "time7 = ((wg) / 5u) / 4u;",
    ]);
    expect(routines).toEqual(["var<private> time9: u32;", "var<private> time8: u32;", "var<private> time7: u32;"]);
  });

  it("a fence stands between kernels, but for maps that share nothing", () => {
    const bench = new KernelBench();
    const [x, y, z, w] = [bench.tensor(4), bench.tensor(4), bench.tensor(4), bench.tensor(4)];
    const dependent = chainLines(bench, { kernels: [bench.map(y, x), bench.map(z, y)] });
    expect(dependent.lines).toEqual([...once, ...fence, ...once]);
    const apart = chainLines(bench, { kernels: [bench.map(y, x), bench.map(z, w)] });
    expect(apart.lines).toEqual([...once, ...once]);
    const overwritten = chainLines(bench, { kernels: [bench.map(y, x), bench.map(x, w)] });
    expect(overwritten.lines).toEqual([...once, ...fence, ...once]);
  });

  it("a scan counts its turns; its time runs backwards if it is reversed, and each turn ends with a fence", () => {
    const bench = new KernelBench();
    const scan: ScanKernel = {
      kind: "scan",
      loop: 2,
      length: 50,
      reverse: true,
      carries: [],
      kernels: [bench.map(bench.tensor(4), bench.tensor(4))],
    };
    expect(chainLines(bench, { kernels: [scan] }).lines).toEqual([
      "for (var visit = 0u; visit < 50u; visit++) {",
      "turn2 = visit;",
      "time2 = 49u - visit;",
      ...once,
      ...fence,
      "}",
    ]);
  });

  it("one workgroup runs all numbers of a kernel; what may use workgroup memory waits before the next", () => {
    const bench = new KernelBench();
    const [x, y] = [bench.tensor(4, 4), bench.tensor(4)];
    const three = (): KernelCode => ({ workgroups: 3, statements: "work();" });
    const head = ["for (var visit = 0u; visit < 3u; visit++) {", "let wg = visit;", "work();"];
    expect(chainLines(bench, { kernels: [bench.map(x, x)] }, three).lines).toEqual([...head, "}"]);
    expect(chainLines(bench, { kernels: [bench.sum(y, x, 1)] }, three).lines).toEqual([
      ...head,
      "workgroupBarrier();",
      "}",
    ]);
  });

  it("maps of a turn that read one side of a carry and write the other share nothing", () => {
    const bench = new KernelBench();
    const { storages } = bench.table;
    const [even, odd, stack, x] = [bench.tensor(4), bench.tensor(4), bench.tensor(4), bench.tensor(4)];
    const side = (which: "read" | "write"): { storage: number; shape: number[] } => ({
      storage: storages.add("float32", 4, { kind: "carry", carry: 0, side: which }),
      shape: [4],
    });
    const scan: ScanKernel = {
      kind: "scan",
      loop: 2,
      length: 3,
      reverse: false,
      carries: [{ carry: 0, initial: even.storage, last: odd.storage, other: even.storage }],
      kernels: [bench.map(side("write"), x), bench.map(stack, side("read"))],
    };
    const { lines } = chainLines(bench, { kernels: [scan] });
    expect(lines.filter((line) => line === "workgroupBarrier();")).toHaveLength(1);
  });
});
